//! `loadgen`: fills meetings with people, publishes at a fixed rate, tells what arrived and when.

mod acting;
mod cli;
mod clock;
mod compare;
mod connection;
mod control;
mod door;
mod find_limit;
mod follower;
mod guests;
mod logged;
mod machine;
mod measure;
mod metrics;
mod plan;
mod progress;
mod prometheus;
mod publisher;
mod receipts;
mod recorded;
mod replay;
mod report;
mod run;
mod scenario;
mod schedule;
mod series;
mod server;
mod slow;
mod socket;
mod source;
mod stamp;
mod tally;
mod tickets;
mod verdict;
mod websocket;
mod worker;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// Why a run did not take place: one sentence that the person can act on.
#[derive(Debug)]
pub(crate) struct CannotRun(pub(crate) String);

impl<T: std::fmt::Display> From<T> for CannotRun {
    fn from(sentence: T) -> Self {
        Self(sentence.to_string())
    }
}

fn main() -> ExitCode {
    let done = match cli::Cli::parse().command {
        cli::Command::Run(args) => run::run(&args).map(|report| ended(&report, &args.files)),
        cli::Command::Replay(args) => run::replay(&args).map(|report| ended(&report, &args.files)),
        cli::Command::FindLimit(args) => find_limit(&args),
        cli::Command::Compare(args) => compare(&args),
    };
    done.unwrap_or_else(|CannotRun(sentence)| cannot_run(&sentence))
}

fn ended(report: &report::Report, files: &cli::FileArgs) -> ExitCode {
    if let Some(sentence) = report.never_began() {
        return cannot_run(sentence);
    }
    say(&report.table(), files.has_output());
    ExitCode::from(if report.passed() { 0 } else { 1 })
}

fn find_limit(args: &cli::FindArgs) -> Result<ExitCode, CannotRun> {
    let limit = find_limit::find(args)?;
    say(&limit.table(), args.run.files.has_output());
    Ok(ExitCode::from(limit.exit_code()))
}

fn compare(args: &cli::CompareArgs) -> Result<ExitCode, CannotRun> {
    let compared = compare::compare(args)?;
    say(&compared.table(), false);
    Ok(ExitCode::from(u8::from(compared.is_worse())))
}

/// Shows a table; on standard error when something else is on standard output.
fn say(table: &str, is_aside: bool) {
    // A closed pipe is not the run's failure: the exit code still tells.
    let _ = match is_aside {
        true => std::io::stderr().write_all(table.as_bytes()),
        false => std::io::stdout().write_all(table.as_bytes()),
    };
}

fn cannot_run(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "loadgen: {sentence}");
    ExitCode::from(2)
}
