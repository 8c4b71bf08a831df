//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  Sign in, open 100 meetings of 10 people, two of them with cameras at 50 messages a second each:
    printf %s \"$PASSWORD\" | loadgen run --server https://meet.example.org \\
        --account host@example.org --password-stdin --sessions 100 --attendees 10 --publishers 2 \\
        --kind media --rate 50 --size 1000 --seconds 60 --ca server.pem --json report.json

  Use tickets that something else got, one a line: `ROLE TICKET [SESSION]`, with the role `host`,
  `publisher` or `attendee`, and people of the same SESSION word in the same session:
    loadgen run --server http://localhost:8889 --tickets tickets.txt \\
        --kind chat --rate 5 --size 100 --seconds 30 --json report.json

Exit codes: 0 everything that was sent arrived, once and in order; 1 it did not, or there were
errors; 2 the run could not take place.

The server limits joins and connections of one address, and the rate of chat: raise `join`,
`connections` and `chat` in its settings for a test. Against a server on 127.0.0.1, several source
addresses (127.0.0.1, 127.0.0.2 ...) are used by themselves when the load is large.")]
pub(crate) struct RunArgs {
    /// The server, such as http://localhost:8889 or https://meet.example.org
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,

    /// The account that hosts the meetings; its password is read from standard input
    #[arg(long, value_name = "EMAIL", requires = "password_stdin")]
    #[arg(required_unless_present = "tickets", conflicts_with = "tickets")]
    pub(crate) account: Option<String>,

    /// Read the account's password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// People with tickets, one a line: ROLE TICKET [SESSION]
    #[arg(long, value_name = "FILE")]
    pub(crate) tickets: Option<PathBuf>,

    /// Meetings that run at the same time
    #[arg(long, value_name = "S", default_value_t = 1, conflicts_with = "tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) sessions: u32,

    /// People in each session, besides its host
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) attendees: u32,

    /// How many of them publish
    #[arg(long, value_name = "P", default_value_t = 1, conflicts_with = "tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) publishers: u32,

    /// What they publish
    #[arg(long, value_enum, default_value_t = Kind::Chat)]
    pub(crate) kind: Kind,

    /// Messages a second of each publisher
    #[arg(long, value_name = "PER_SECOND", default_value_t = 1.0)]
    pub(crate) rate: f64,

    /// Bytes of each message: of the text in chat, of the payload in media
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub(crate) size: usize,

    /// How long they publish
    #[arg(long, value_name = "T", default_value_t = 10.0)]
    pub(crate) seconds: f64,

    /// Certificates to trust for https, PEM; otherwise those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Spreads publishers within a period and masks frames the same way each time
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
}

/// Where the report goes besides the table.
#[derive(Debug, Args)]
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent_and_has_examples() {
        let mut cli = super::Cli::command();
        cli.clone().debug_assert();
        assert!(cli.render_long_help().to_string().contains("Example"));
        let run = cli.find_subcommand_mut("run").expect("there is a run command");
        assert!(run.render_long_help().to_string().contains("Examples"));
    }
}
