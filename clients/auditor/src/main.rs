//! `convoke-audit`: reads and verifies the log of a Convoke server, with no server and no lock.

mod archive;
mod cli;
mod finding;
mod json;
mod list;
mod log;
mod names;
mod out;
mod pick;
mod play;
mod problem;
mod session;
mod show;
mod source;
mod state;
mod times;
mod verify;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::out::Out;
use crate::problem::{Outcome, Problem};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Out::new();
    let done = match &cli.command {
        Command::List(args) => list::run(&cli, args, &mut out),
        Command::Show(args) => show::run(&cli, args, &mut out),
        Command::Play(args) => play::run(&cli, args, &mut out),
        Command::State(args) => state::run(&cli, args, &mut out),
        Command::Verify(args) => verify::run(&cli, args, &mut out),
        Command::Archive(args) => archive::run(&cli, args, &mut out),
    };
    out.flush();
    match done {
        Ok(Outcome::Sound) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(Problem::Findings(sentence)) => {
            out::problem(&sentence);
            ExitCode::from(1)
        }
        Err(Problem::CannotRun(sentence)) => {
            out::problem(&sentence);
            ExitCode::from(2)
        }
    }
}
