//! `sim SEED`: runs one simulated world and tells what happened in it.

use std::io::Write;
use std::process::ExitCode;

use convoke_tests::sim;

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let told = match std::env::args().nth(1).and_then(|seed| seed.parse().ok()) {
        None => writeln!(out, "Say `sim SEED`, where SEED is a number.").map(|()| false),
        Some(seed) => match sim::run(seed, None) {
            Ok(ran) => {
                let (steps, facts, crashes) = (ran.steps, ran.facts, ran.crashes);
                write!(out, "{}", ran.trace)
                    .and_then(|()| writeln!(out, "{:?}", ran.counts))
                    .and_then(|()| {
                        writeln!(
                            out,
                            "seed {seed}: {steps} steps, {facts} facts, {crashes} crashes"
                        )
                    })
                    .map(|()| true)
            }
            Err(finding) => writeln!(out, "{}\n{finding}", finding.trace).map(|()| false),
        },
    };
    // Whoever reads may have seen enough.
    if told.unwrap_or(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
