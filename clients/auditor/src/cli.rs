//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Reads and verifies the log of a Convoke server: a data folder, in use or not, or an archive.
///
/// Needs no server and takes no lock. Exit code: 0 sound, 1 findings, 2 could not run.
#[derive(Parser)]
#[command(name = "convoke-audit", version)]
#[command(after_help = "Examples:
  convoke-audit --data ./data list
  convoke-audit --data ./data verify")]
pub(crate) struct Cli {
    /// The data folder of a server, or an archive file.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Tell times in UTC (as without this).
    #[arg(long, global = true, conflicts_with = "local")]
    pub(crate) utc: bool,
    /// Tell times in this machine's time zone.
    #[arg(long, global = true)]
    pub(crate) local: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Every meeting and session.
    #[command(after_help = "Example:\n  convoke-audit --data ./data list --json")]
    List(List),
    /// Every fact of a session, one per line.
    #[command(after_help = "Examples:
  convoke-audit --data ./data show 8813-7455            the last session of the meeting
  convoke-audit --data ./data show 8813-7455/2 --from 100 --to 120
  convoke-audit --data ./data show 8813-7455/0          the meeting's own facts
  convoke-audit --data ./data show site                 accounts, sign-ins, starts")]
    Show(Show),
    /// A session as it went, in its own time.
    #[command(after_help = "Example:\n  convoke-audit --data ./data play 8813-7455/2 --speed 10")]
    Play(Play),
    /// Who was there, in which role, at one moment; with the state's hash.
    #[command(after_help = "Examples:
  convoke-audit --data ./data state 8813-7455 --at 120
  convoke-audit --data ./data state 8813-7455/2 --at 2026-03-01T09:30:00Z --json")]
    State(State),
    /// Whether everything is as it was written.
    #[command(after_help = "Examples:
  convoke-audit --data ./data verify
  convoke-audit --data ./data verify 8813-7455/2
  convoke-audit --data ./data verify --key node.vkey
  convoke-audit verify board.archive --key node.vkey")]
    Verify(Verify),
    /// One session as one self-contained file.
    #[command(
        after_help = "Example:\n  convoke-audit --data ./data archive 8813-7455/2 board.archive"
    )]
    Archive(Archive),
}

#[derive(Args)]
pub(crate) struct List {
    /// An archive file, in place of --data.
    #[arg(value_name = "ARCHIVE")]
    pub(crate) what: Option<String>,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Show {
    /// Which (NNNN-NNNN is its last session), or an archive file.
    #[arg(value_name = "MEETING[/SESSION]")]
    pub(crate) what: Option<String>,
    /// First seq to show.
    #[arg(long, value_name = "SEQ")]
    pub(crate) from: Option<u64>,
    /// Last seq to show.
    #[arg(long, value_name = "SEQ")]
    pub(crate) to: Option<u64>,
    /// One JSON object per line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Play {
    /// Which (NNNN-NNNN is its last session), or an archive file.
    #[arg(value_name = "MEETING[/SESSION]")]
    pub(crate) what: Option<String>,
    /// How many times faster than it went.
    #[arg(long, default_value_t = 1.0, value_name = "TIMES")]
    pub(crate) speed: f64,
    /// Print it at once (as when the output is not a terminal).
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Args)]
pub(crate) struct State {
    /// Which (NNNN-NNNN is its last session), or an archive file.
    #[arg(value_name = "MEETING[/SESSION]")]
    pub(crate) what: Option<String>,
    /// After which fact: a seq, or a time (RFC 3339); without it, after the last one.
    #[arg(long, value_name = "SEQ|TIME")]
    pub(crate) at: Option<String>,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// Tell only what concerns this one, or an archive file.
    #[arg(value_name = "MEETING[/SESSION]")]
    pub(crate) what: Option<String>,
    /// The public key (.vkey file) that must have signed the archive, or the folder's newest
    /// checkpoint.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Archive {
    /// Which session (NNNN-NNNN is its last one).
    #[arg(value_name = "MEETING/SESSION")]
    pub(crate) what: String,
    /// The file to write; it must not exist.
    pub(crate) file: PathBuf,
}
