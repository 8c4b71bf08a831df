//! The load as numbers that fit together: who publishes, how often, how large, how long.

use std::time::Duration;

use convoke_model::meeting::{self, chat};
use convoke_model::text::ChatText;
use convoke_wire::codec::Fact as _;
use convoke_wire::media;

use crate::CannotRun;
use crate::cli::{Kind, RunArgs};
use crate::clock::{Micros, micros};
use crate::stamp::STAMP_BYTES;

/// Messages a second of one publisher, at most: one a microsecond.
const RATE_MAX: f64 = 1e6;

/// What everybody in the run does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    pub(crate) seed: u64,
    /// Tells this run's messages from those of others.
    pub(crate) run: u32,
    /// How long publishers publish.
    pub(crate) length: Micros,
    /// Time between two messages of a publisher, nanoseconds.
    period_ns: f64,
    /// Number in the header of an entry that holds chat.
    pub(crate) said_type: u16,
}

impl Plan {
    pub(crate) fn new(args: &RunArgs) -> Result<Self, CannotRun> {
        let (rate, size) = (args.rate, args.size);
        if !(rate > 0.0 && rate <= RATE_MAX) {
            return Err(format!("--rate {rate} must be above 0 and at most {RATE_MAX}").into());
        }
        if !(args.seconds > 0.0 && args.seconds <= 86_400.0) {
            return Err(
                format!("--seconds {} must be above 0 and at most 86400", args.seconds).into()
            );
        }
        if args.publishers > args.attendees {
            return Err(format!(
                "--publishers {} cannot be more than --attendees {}",
                args.publishers, args.attendees
            )
            .into());
        }
        let size_max = match args.kind {
            Kind::Chat => ChatText::CHARS_MAX,
            Kind::Media => media::MESSAGE_BYTES_MAX - media::HEADER_BYTES,
        };
        if !(STAMP_BYTES..=size_max).contains(&size) {
            return Err(format!(
                "--size {size} must be from {STAMP_BYTES} (the stamp that is checked) to {size_max}"
            )
            .into());
        }
        let mut run = [0; 4];
        getrandom::fill(&mut run)
            .map_err(|error| format!("the system gives no random numbers: {error}"))?;
        Ok(Self {
            kind: args.kind,
            size,
            seed: args.seed,
            run: u32::from_le_bytes(run) & 0xFF_FFFF,
            length: micros(Duration::from_secs_f64(args.seconds)),
            period_ns: 1e9 / rate,
            said_type: said_type()?,
        })
    }

    /// When message `counter` of a publisher is meant to go, from the start of the run. Each
    /// publisher has its own place within the period, so that they do not speak at once.
    pub(crate) fn due(&self, publisher: u32, counter: u64) -> Micros {
        ((self.place(publisher) + counter as f64) * self.period_ns / 1e3) as Micros
    }

    /// How many messages of a publisher are due before a time from the start of the run.
    pub(crate) fn due_before(&self, publisher: u32, time: Micros) -> u64 {
        let periods = time as f64 * 1e3 / self.period_ns;
        let mut count = (periods - self.place(publisher)).max(0.0) as u64;
        while self.due(publisher, count) < time {
            count += 1;
        }
        count
    }

    /// A publisher's place within the period, from 0 to 1.
    fn place(&self, publisher: u32) -> f64 {
        let mut state = self.seed ^ (u64::from(publisher) << 20);
        (spread(&mut state) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn said_type() -> Result<u16, CannotRun> {
    let text = ChatText::new("x").map_err(|_| "one letter is not a chat text")?;
    let said = chat::Event::Said { to: chat::To::Everyone, text };
    Ok(meeting::Event::Chat(said).event_type())
}

/// The next of a row of evenly spread numbers (SplitMix64).
pub(crate) fn spread(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use clap::Parser as _;

    pub(crate) fn args(more: &[&str]) -> RunArgs {
        let base = ["loadgen", "run", "--server", "http://localhost:1", "--tickets", "t"];
        let cli = crate::cli::Cli::parse_from(base.iter().chain(more));
        let crate::cli::Command::Run(args) = cli.command else { panic!("it was `run`") };
        args
    }

    #[test]
    fn messages_are_due_evenly_and_publishers_apart() {
        let plan = Plan::new(&args(&["--rate", "100"])).expect("sound");
        let first = plan.due(0, 0);
        assert!(first < 10_000);
        assert_eq!(plan.due(0, 100) - first, 1_000_000);
        assert_ne!(plan.due(1, 0), first);
        assert_eq!(plan.due(0, 7), Plan::new(&args(&["--rate", "100"])).expect("sound").due(0, 7));
    }

    #[test]
    fn messages_due_are_counted_as_they_are_sent() {
        for rate in ["0.3", "7", "100", "33333"] {
            let plan = Plan::new(&args(&["--rate", rate])).expect("sound");
            for time in [0, 1, 999, 10_000, 123_456, 3_000_000] {
                let want = (0..).take_while(|counter| plan.due(3, *counter) < time).count();
                assert_eq!(plan.due_before(3, time), want as u64, "{rate} a second, {time} us");
            }
        }
    }

    #[test]
    fn impossible_loads_are_named() {
        for (more, word) in [
            (["--rate", "0"], "--rate"),
            (["--rate", "nan"], "--rate"),
            (["--seconds", "0"], "--seconds"),
            (["--size", "23"], "--size"),
            (["--size", "4001"], "--size"),
        ] {
            let CannotRun(sentence) = Plan::new(&args(&more)).expect_err("impossible");
            assert!(sentence.contains(word), "{sentence}");
        }
        assert!(Plan::new(&args(&["--kind", "media", "--size", "16344"])).is_ok());
    }
}
