//! The simulation: a seeded world of shards, a journal, a committer and clients, without clock,
//! socket or thread.
//!
//! The engine, the journal in memory, the lanes and both halves of the protocol are the real ones.
//! What
//! the server's threads do around them is done by hand, in an order that chance decides, with
//! crashes at
//! any point. Everything that leaves the simulated process is held against the journal.

mod audit;
mod calm;
mod chaos;
mod client;
mod door;
mod effects;
mod flush;
mod net;
mod oracle;
mod process;
mod rng;
mod tap;
mod wishes;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

/// Either it is as it should be, or a finding.
pub(crate) type Check<T> = Result<T, String>;

/// A bug that is put in on purpose, to see whether the checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// One entry is altered on its way into the journal.
    AlteredEntry,
    /// The journal forgets what it said was durable.
    LostAppend,
    /// Facts are published before they are in the journal.
    HeardTooEarly,
    /// What is for one or for hosts goes to everybody.
    WrongEar,
    /// A request's facts are written a second time, as if it had never been carried out.
    Twice,
}

/// A world that ran to its end.
#[derive(Debug)]
pub struct Ran {
    /// What happened, one line a step.
    pub trace: String,
    /// How many steps.
    pub steps: usize,
    /// How many facts are in the journal.
    pub facts: usize,
    /// How often the process crashed.
    pub crashes: usize,
    /// What happened how often, to see that the world is not a quiet one.
    pub counts: std::collections::BTreeMap<&'static str, usize>,
}

/// A world in which something was found.
#[derive(Debug)]
pub struct Finding {
    /// The seed that brings it back.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
    /// What happened until then.
    pub trace: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<&str> = self.trace.lines().collect();
        let last = lines.len().saturating_sub(30);
        writeln!(out, "{}", lines[last..].join("\n"))?;
        writeln!(out, "seed {}: {}", self.seed, self.what)?;
        write!(out, "bring it back with `cargo xtask sim {}`", self.seed)
    }
}

/// Runs the world of a seed.
///
/// # Errors
/// What was found wrong, a panic of the engine included.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<Ran, Box<Finding>> {
    let finding = |what, trace| Box::new(Finding { seed, what, trace });
    let mut world = match World::new(seed, sabotage) {
        Ok(world) => world,
        Err(what) => return Err(finding(what, String::new())),
    };
    let ended = catch_unwind(AssertUnwindSafe(|| world.live()));
    let what = match ended {
        Ok(Ok(())) => return Ok(world.ran()),
        Ok(Err(what)) => what,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&said| said.to_owned()));
            format!("panic: {}", text.unwrap_or_default())
        }
    };
    Err(finding(what, world.trace()))
}
