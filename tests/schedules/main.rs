//! Schedules: the engine's shard and the committer on a journal in memory, with clients and a
//! listener around them, in orders of steps that shuttle chooses. `cargo xtask shuttle` runs many.
//!
//! A failure prints its schedule; `CONVOKE_SCHEDULE=... cargo test -p convoke-tests --test
//! schedules` plays just that one again.

mod bug;
mod core;
mod mailbox;
mod people;
mod scene;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bug::Bug;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

/// Schedules when nobody asks for more.
const SCHEDULES: usize = 1_000;
/// A planted bug must show itself within so many.
const PLANTED_MAX: usize = 300;
/// Forced switches between threads in the second half of the schedules.
const SWITCHES: usize = 3;

fn asked(name: &str, otherwise: usize) -> usize {
    match std::env::var(name) {
        Ok(word) => word.parse().unwrap_or_else(|_| panic!("{name}={word} is no number")),
        Err(_) => otherwise,
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Half of the schedules are random at each step, half switch rarely (probabilistic concurrency
/// testing): each finds what the other one seldom does.
fn explore(schedules: usize, config: &Config, scene: impl Fn() + Clone + Send + Sync + 'static) {
    let seed = asked("CONVOKE_SCHEDULES_SEED", 7) as u64;
    let rarely = schedules / 2;
    let random = RandomScheduler::new_from_seed(seed, schedules - rarely);
    Runner::new(random, config.clone()).run(scene.clone());
    let switching = PctScheduler::new_from_seed(seed, SWITCHES, rarely);
    Runner::new(switching, config.clone()).run(scene);
}

fn config() -> Config {
    let mut config = Config::new();
    // A turn's frames are larger than shuttle's own tests need.
    config.stack_size = 512 * 1024;
    config
}

#[test]
fn durable_before_visible_and_one_order_in_every_schedule() {
    if let Ok(schedule) = std::env::var("CONVOKE_SCHEDULE") {
        return shuttle::replay(|| scene::play(None), &schedule);
    }
    let schedules = asked("CONVOKE_SCHEDULES", SCHEDULES);
    let began = Instant::now();
    explore(schedules, &config(), || scene::play(None));
    say(&format!("{schedules} schedules in {:.1?}", began.elapsed()));
}

/// The scene with a bug in it must fail, for the reason that the bug is one.
fn is_found(bug: Bug, reason: &str) {
    let mut config = config();
    config.failure_persistence = FailurePersistence::None;
    let played = Arc::new(AtomicUsize::new(0));
    let count = played.clone();
    let scene = move || {
        count.fetch_add(1, Ordering::Relaxed);
        scene::play(Some(bug));
    };
    let run = catch_unwind(AssertUnwindSafe(|| explore(PLANTED_MAX, &config, scene)));
    let payload = run.expect_err("the planted bug was not found");
    let told = payload.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(told.contains(reason), "{bug:?} failed for another reason: {told}");
    say(&format!("{bug:?} is found by schedule {}", played.load(Ordering::Relaxed)));
}

#[test]
fn publishing_before_it_is_durable_is_found() {
    is_found(Bug::PublishBeforeDurable, "is the last durable one");
}

#[test]
fn a_journal_that_says_durable_too_early_is_found() {
    is_found(Bug::DurableTooEarly, "is the last durable one");
}

#[test]
fn a_bell_before_the_work_is_found() {
    is_found(Bug::BellBeforeWork, "deadlock");
}

#[test]
fn looking_before_taking_the_request_is_found() {
    is_found(Bug::LookBeforeTake, "deadlock");
}

#[test]
fn newest_first_is_found() {
    is_found(Bug::NewestFirst, "in the order of the requests");
}

#[test]
fn a_repeat_that_is_not_known_is_found() {
    is_found(Bug::RepeatUnknown, "is in the log twice");
}

#[test]
fn a_second_answer_is_found() {
    is_found(Bug::AnswerTwice, "answers");
}
