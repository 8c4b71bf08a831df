//! `loadgen`: fills meetings with people, publishes at a fixed rate, tells what arrived and when.

mod cli;
mod clock;
mod connection;
mod control;
mod door;
mod follower;
mod guests;
mod machine;
mod measure;
mod plan;
mod progress;
mod publisher;
mod recorded;
mod report;
mod run;
mod series;
mod server;
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
    let cli::Cli { command: cli::Command::Run(args) } = cli::Cli::parse();
    match run::run(&args) {
        Ok(report) => {
            if let Some(sentence) = report.never_began() {
                return cannot_run(sentence);
            }
            let table = report.table();
            // A closed pipe is not the run's failure: the exit code still tells.
            let _ = if args.files.has_output() {
                std::io::stderr().write_all(table.as_bytes())
            } else {
                std::io::stdout().write_all(table.as_bytes())
            };
            ExitCode::from(if report.sound() { 0 } else { 1 })
        }
        Err(CannotRun(sentence)) => cannot_run(&sentence),
    }
}

fn cannot_run(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "loadgen: {sentence}");
    ExitCode::from(2)
}
