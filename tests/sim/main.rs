//! Seeded worlds: what the simulation finds, what it must find, and that a seed is a seed.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use convoke_tests::sim::{self, Sabotage};

/// Worlds in every test run.
const SEEDS: u64 = 300;
/// The number of worlds, when somebody wants another one.
const SEEDS_VARIABLE: &str = "CONVOKE_SIM_SEEDS";

#[test]
fn nothing_is_found_in_any_world() {
    let seeds = std::env::var(SEEDS_VARIABLE).ok().and_then(|seeds| seeds.parse().ok());
    let seeds: u64 = seeds.unwrap_or(SEEDS);
    let begun = Instant::now();
    let (mut steps, mut facts) = (0, 0);
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in 1..=seeds {
        let ran = sim::run(seed, None).unwrap_or_else(|finding| panic!("\n{finding}"));
        steps += ran.steps;
        facts += ran.facts;
        for (what, times) in ran.counts {
            *counts.entry(what).or_default() += times;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut out = std::io::stdout().lock();
    let rate = steps as f64 / seconds;
    let _ = writeln!(out, "{seeds} worlds, {steps} steps, {facts} facts: {rate:.0} steps/s");
    let _ = writeln!(out, "{counts:#?}");
    // A world in which nothing happens finds nothing.
    for what in [
        "crashes",
        "folds compared",
        "forgeries found",
        "links cut",
        "media sent",
        "readers overrun",
        "requests granted",
        "requests granted but never answered",
        "requests granted without a fact",
        "requests refused",
        "requests repeated",
        "stretches of the log read",
        "views compared with the journal",
    ] {
        let times = counts.get(what).copied().unwrap_or(0);
        assert!(seeds < SEEDS || times >= 20, "too little happens: {what} {times} times");
    }
}

#[test]
fn a_seed_brings_back_the_same_world() {
    for seed in [3, 77, 1_000_003] {
        let once = sim::run(seed, None).unwrap_or_else(|finding| panic!("\n{finding}"));
        let again = sim::run(seed, None).unwrap_or_else(|finding| panic!("\n{finding}"));
        assert!(once.trace == again.trace, "seed {seed} ran in two ways");
        assert!(once.trace.lines().count() > 200, "seed {seed} has next to no trace");
    }
}

#[test]
fn bugs_that_are_put_in_are_found() {
    for (sabotage, words) in [
        (Sabotage::AlteredEntry, ["another", "hash"]),
        (Sabotage::LostAppend, ["journal", "next"]),
        (Sabotage::HeardTooEarly, ["durable", "journal"]),
        (Sabotage::WrongEar, ["may not see", "may not see"]),
        (Sabotage::Twice, ["twice", "twice"]),
    ] {
        let found: Vec<String> = (1..=8)
            .filter_map(|seed| sim::run(seed, Some(sabotage)).err())
            .map(|finding| finding.to_string())
            .collect();
        assert!(found.len() >= 4, "{sabotage:?} was found only {} times", found.len());
        for finding in &found {
            assert!(finding.contains("cargo xtask sim "), "{finding}");
        }
        let named = found.iter().any(|finding| words.iter().any(|word| finding.contains(word)));
        assert!(named, "{sabotage:?} was found for another reason: {found:#?}");
    }
}
