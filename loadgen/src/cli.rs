//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scenario::Join;

/// Fills meetings of a Convoke server with people, publishes at a fixed rate, and tells what
/// arrived and when.
#[derive(Debug, Parser)]
#[command(
    name = "loadgen",
    version,
    after_help = "Example:
  printf %s \"$PASSWORD\" | loadgen run --server http://localhost:8889 \\
      --account host@example.org --password-stdin --sessions 1 --attendees 100 --publishers 1 \\
      --kind chat --rate 5 --size 100 --seconds 30 --json report.json
`loadgen run --help` explains each of them."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs one load and reports it.
    Run(RunArgs),
    /// Plays a recorded session as load.
    Replay(ReplayArgs),
    /// Searches for the highest rate that keeps a bound of latency.
    FindLimit(FindArgs),
    /// Compares two reports of the same load and names what got worse.
    Compare(CompareArgs),
}

#[derive(Debug, Args)]
#[command(mut_arg("rate", |arg| arg.hide(true)), mut_arg("seconds", |arg| arg.hide(true)))]
#[command(after_help = "Example:
  printf %s \"$PASSWORD\" | loadgen find-limit --server http://localhost:8889 \\
      --account host@example.org --password-stdin --sessions 1 --attendees 100 --publishers 1 \\
      --kind media --size 100 --p99-ms 10 --from 100 --to 50000 --json limit.json

  How many times the sessions of a scenario the server carries:
    printf %s \"$PASSWORD\" | loadgen find-limit --scenario hundred-meetings.toml \\
        --server http://localhost:8889 --account host@example.org --password-stdin --p99-ms 50

Each rate is a run of its own: people come in, publish for a while, everything must arrive in time.
The rate is doubled until it does not hold, which is tried twice, then halved in between until 5 %
are left. With --scenario its rates stay, and its sessions are multiplied; its thresholds must hold
too. --json is the search; --html and --hlog are of the highest rate that held.

Exit codes: 0 a rate held; 1 none did; 2 the search could not take place or be brought to its
end.")]
pub(crate) struct FindArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// What the 99th percentile of latency may be at most, milliseconds
    #[arg(long, value_name = "BOUND", conflicts_with_all = ["rate", "seconds"])]
    pub(crate) p99_ms: f64,

    /// What to begin with: messages a second of each publisher, or times the scenario's sessions
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) from: f64,

    /// The most to try [default: 100000, with a scenario 1000]
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<f64>,

    /// How long each rate is tried
    #[arg(long, value_name = "T", default_value_t = 10.0)]
    pub(crate) step_seconds: f64,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  loadgen compare before.json after.json --tolerance 15

A fault (lost, doubled, out of order, refused ...) has no tolerance. Two runs on one machine differ
by themselves: run each several times before you believe a few percent.

Exit codes: 0 B is not worse; 1 it is, and the table names in what; 2 the reports cannot be read or
are not about the same load.")]
pub(crate) struct CompareArgs {
    /// The report to compare with, as `--json` writes it
    #[arg(value_name = "A.json")]
    pub(crate) before: PathBuf,

    /// The report that must not be worse
    #[arg(value_name = "B.json")]
    pub(crate) after: PathBuf,

    /// How much worse is let pass
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    pub(crate) tolerance: f64,
}

/// What the publishers publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Chat to everyone: durable facts.
    Chat,
    /// Media messages on a camera track.
    Media,
}

/// How people get their tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JoinWay {
    /// By the server's own interface.
    Api,
    /// By the address that integrations call: /as/wapi/goto_downloader
    Legacy,
}

impl From<JoinWay> for Join {
    fn from(way: JoinWay) -> Self {
        match way {
            JoinWay::Api => Self::Api,
            JoinWay::Legacy => Self::Legacy,
        }
    }
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  Sign in, open 100 meetings of 10 people, two of them with cameras at 50 messages a second each:
    printf %s \"$PASSWORD\" | loadgen run --server https://meet.example.org \\
        --account host@example.org --password-stdin --sessions 100 --attendees 10 --publishers 2 \\
        --kind media --rate 50 --size 1000 --seconds 60 --ca server.pem --json report.json

  Run a scenario: who comes, what they do and what must hold are in the file:
    printf %s \"$PASSWORD\" | loadgen run --scenario webinar-1000.toml \\
        --server http://localhost:8889 --account host@example.org --password-stdin

  Use tickets that something else got, one a line: `ROLE TICKET [SESSION]`, with the role `host`,
  `publisher` or `attendee`, and people of the same SESSION word in the same session:
    loadgen run --server http://localhost:8889 --tickets tickets.txt \\
        --kind chat --rate 5 --size 100 --seconds 30 --json report.json

Exit codes: 0 everything that was sent arrived, once and in order, and the scenario's thresholds
held; 1 it did not, or there were errors; 2 the run could not take place.

The server limits joins and connections of one address, and the rate of chat: raise `join`,
`connections` and `chat` in its settings for a test. Against a server on 127.0.0.1, several source
addresses (127.0.0.1, 127.0.0.2 ...) are used by themselves when the load is large.")]
pub(crate) struct RunArgs {
    /// Who comes, what they do and what must hold, as TOML; other options change it
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["sessions", "attendees", "publishers", "kind", "rate", "size"])]
    pub(crate) scenario: Option<PathBuf>,

    /// The server, such as http://localhost:8889 or https://meet.example.org
    #[arg(long, value_name = "URL", required_unless_present = "scenario")]
    pub(crate) server: Option<String>,

    /// The account that hosts the meetings; its password is read from standard input
    #[arg(long, value_name = "EMAIL", requires = "password_stdin")]
    #[arg(required_unless_present_any = ["tickets", "scenario"], conflicts_with = "tickets")]
    pub(crate) account: Option<String>,

    /// Read the account's password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// The password once it was read.
    #[arg(skip)]
    pub(crate) password: Option<String>,

    /// People with tickets, one a line: ROLE TICKET [SESSION]
    #[arg(long, value_name = "FILE")]
    pub(crate) tickets: Option<PathBuf>,

    /// Meetings that run at the same time [default: 1]
    #[arg(long, value_name = "S", conflicts_with = "tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) sessions: Option<u32>,

    /// People in each session, besides its host [default: 10]
    #[arg(long, value_name = "N", conflicts_with = "tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) attendees: Option<u32>,

    /// How many of them publish [default: 1]
    #[arg(long, value_name = "P", conflicts_with = "tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) publishers: Option<u32>,

    /// What they publish [default: chat]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,

    /// Messages a second of each publisher [default: 1]
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<f64>,

    /// Bytes of each message: of the text in chat, of the payload in media [default: 100]
    #[arg(long, value_name = "BYTES")]
    pub(crate) size: Option<usize>,

    /// How long they publish [default: 10]
    #[arg(long, value_name = "T")]
    pub(crate) seconds: Option<f64>,

    /// How people get their tickets [default: api]
    #[arg(long, value_enum, conflicts_with = "tickets")]
    pub(crate) join: Option<JoinWay>,

    /// The server's data folder, on this machine: its log is compared with what was delivered
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Certificates to trust for https, PEM; otherwise those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// How many times a scenario's sessions there are, in a search.
    #[arg(skip)]
    pub(crate) times: Option<u32>,

    /// Decides sizes and who speaks when: the same seed, the same traffic [default: 1]
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Threads that hold the connections [default: the cores, at most 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) threads: Option<u32>,

    /// Source addresses to use, from 127.0.0.1 up (a server on 127.0.0.1 only) [default: as needed]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=250))]
    pub(crate) sources: Option<u32>,

    #[command(flatten)]
    pub(crate) files: FileArgs,

    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,
}

/// Whether others may watch the run.
#[derive(Clone, Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Answers Prometheus here while the run goes, such as 127.0.0.1:9109; port 0 means any
    #[arg(long = "metrics", value_name = "ADDR:PORT")]
    pub(crate) address: Option<std::net::SocketAddr>,

    /// Lets that address be one that other machines reach
    #[arg(long = "metrics-anywhere", requires = "address")]
    pub(crate) anywhere: bool,
}

/// Where the report goes besides the table.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct FileArgs {
    /// Where the report goes as JSON; `-` is standard output, and the table goes to standard error
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Where the report goes as one page that any browser shows
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Where the latencies go as an HdrHistogram log, which standard tools read
    #[arg(long, value_name = "FILE")]
    pub(crate) hlog: Option<PathBuf>,
}

impl FileArgs {
    /// Whether standard output holds one of them, so that the table must go elsewhere.
    pub(crate) fn has_output(&self) -> bool {
        let all = [&self.json, &self.html, &self.hlog];
        all.into_iter().flatten().any(|path| path.as_os_str() == "-")
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  convoke-audit archive 8813-7455 board.archive --data /var/lib/convoke
  printf %s \"$PASSWORD\" | loadgen replay board.archive --server http://localhost:8889 \\
      --account host@example.org --password-stdin --speed 20x --fan 50

Everybody who said something to everyone or shared something is played by one person: the times
they did it at, scaled, with the sizes and key frames that were recorded, not the contents.")]
pub(crate) struct ReplayArgs {
    /// A session as `convoke-audit archive` wrote it
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,

    /// The server, such as http://localhost:8889 or https://meet.example.org
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,

    /// The account that hosts the meeting; its password is read from standard input
    #[arg(long, value_name = "EMAIL", requires = "password_stdin")]
    pub(crate) account: String,

    /// Read the account's password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// How many times as fast as it was, such as 20x
    #[arg(long, value_name = "TIMES", default_value = "1x", value_parser = crate::replay::speed)]
    pub(crate) speed: f64,

    /// People who only listen
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) fan: u32,

    /// The server's data folder, on this machine: its log is compared with what was delivered
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Certificates to trust for https, PEM; otherwise those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Masks frames the same way each time
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Threads that hold the connections [default: the cores, at most 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) threads: Option<u32>,

    /// Source addresses to use, from 127.0.0.1 up (a server on 127.0.0.1 only) [default: as needed]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=250))]
    pub(crate) sources: Option<u32>,

    #[command(flatten)]
    pub(crate) files: FileArgs,

    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent_and_has_examples() {
        let mut cli = super::Cli::command();
        cli.clone().debug_assert();
        assert!(cli.render_long_help().to_string().contains("Example"));
        for name in ["run", "find-limit", "compare"] {
            let command = cli.find_subcommand_mut(name).expect("there is such a command");
            assert!(command.render_long_help().to_string().contains("Example"), "{name}");
        }
    }
}
