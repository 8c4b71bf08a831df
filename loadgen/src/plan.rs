//! What everybody in a run goes by: the roles, the length, and how this run's messages are known.

use std::time::Duration;

use convoke_model::meeting::{self, chat};
use convoke_model::text::ChatText;
use convoke_model::{Actor, Audience, Millis, Position, StreamId};
use convoke_wire::codec::{self, Fact as _};
use convoke_wire::entry::EntryRef;

use crate::CannotRun;
use crate::clock::{Micros, micros};
use crate::scenario::role::Role;
use crate::scenario::{Model, Scenario};

/// What everybody in the run does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) roles: Vec<Role>,
    pub(crate) model: Model,
    pub(crate) seed: u64,
    /// Tells this run's messages from those of others.
    pub(crate) run: u32,
    /// How long publishers publish.
    pub(crate) length: Micros,
    /// A delivery that takes longer is late.
    pub(crate) late: Micros,
    /// Whether each role's times are kept apart.
    pub(crate) by_role: bool,
    /// Number in the header of an entry that holds chat.
    pub(crate) said_type: u16,
    /// Where the text of chat to everyone begins in an entry: its length comes first.
    pub(crate) text_at: usize,
}

impl Plan {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, CannotRun> {
        let mut run = [0; 4];
        getrandom::fill(&mut run)
            .map_err(|error| format!("the system gives no random numbers: {error}"))?;
        let (said_type, text_at) = said()?;
        Ok(Self {
            roles: scenario.roles.clone(),
            model: scenario.model,
            seed: scenario.seed,
            run: u32::from_le_bytes(run) & 0xFF_FFFF,
            length: micros(Duration::from_secs_f64(scenario.seconds)),
            late: scenario.late.unwrap_or(Micros::MAX),
            by_role: scenario.name.is_some(),
            said_type,
            text_at,
        })
    }

    /// The text of chat to everyone, from the body of an entry that holds it.
    pub(crate) fn text<'a>(&self, body: &'a [u8]) -> Option<&'a [u8]> {
        // MessagePack: a short string's length is in its first byte, a longer one's behind it.
        let start = match *body.get(self.text_at)? {
            0xa0..=0xbf => self.text_at + 1,
            0xd9 => self.text_at + 2,
            0xda => self.text_at + 3,
            0xdb => self.text_at + 5,
            _ => return None,
        };
        body.get(start..)
    }
}

/// The type of an entry that holds chat, and where in its body the text begins when it is to
/// everyone.
fn said() -> Result<(u16, usize), CannotRun> {
    const LETTER: u8 = b'\x7f';
    let said = |text| {
        let said = chat::Event::Said { to: chat::To::Everyone, text };
        meeting::Event::Chat(said)
    };
    let sample = "~".repeat(31);
    let text = ChatText::new(&sample).map_err(|_| "tildes are not a chat text")?;
    let event = said(text);
    let place = codec::Place {
        stream: StreamId { meeting: 1, session: 1 },
        position: Position { epoch: 1, seq: 1 },
        time: Millis(1),
        actor: Actor::from_number(1),
        audience: Audience::Everyone,
        request: None,
    };
    let bytes = codec::encode(&place, &[LETTER; 16], &event)
        .map_err(|_| "a chat fact cannot be encoded")?;
    let found = EntryRef::read(&bytes).map_err(|_| "a chat fact is no entry")?;
    let found = found.body().windows(sample.len()).position(|part| part == sample.as_bytes());
    // The length of 31 bytes is in one byte in front of them.
    let at = found.and_then(|at| at.checked_sub(1)).ok_or("a chat fact does not hold its text")?;
    Ok((event.event_type(), at))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::RunArgs;
    use clap::Parser as _;

    pub(crate) fn args(more: &[&str]) -> RunArgs {
        let base = ["loadgen", "run", "--server", "http://localhost:1", "--tickets", "t"];
        let cli = crate::cli::Cli::parse_from(base.iter().chain(more));
        let crate::cli::Command::Run(args) = cli.command else { panic!("it was `run`") };
        args
    }

    pub(crate) fn plan(more: &[&str]) -> Result<Plan, CannotRun> {
        Plan::new(&Scenario::of(&args(more))?)
    }

    /// Chat to everyone, as a server stores it.
    pub(crate) fn chat_entry(stream: StreamId, epoch: u32, seq: u64, text: &str) -> Vec<u8> {
        let said = chat::Event::Said {
            to: chat::To::Everyone,
            text: ChatText::new(text).expect("a text"),
        };
        let place = codec::Place {
            stream,
            position: Position { epoch, seq },
            time: Millis(1),
            actor: Actor::from_number(1),
            audience: Audience::Everyone,
            request: None,
        };
        codec::encode(&place, &[9; 16], &meeting::Event::Chat(said)).expect("encodes")
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
            let CannotRun(sentence) = plan(&more).expect_err("impossible");
            assert!(sentence.contains(word), "{sentence}");
        }
        assert!(plan(&["--kind", "media", "--size", "16344"]).is_ok());
    }

    #[test]
    fn the_text_of_a_fact_is_found_whatever_its_length() {
        let plan = plan(&[]).expect("sound");
        for length in [1, 31, 32, 255, 256, 4000] {
            let text = "a".repeat(length);
            let bytes = chat_entry(StreamId { meeting: 1, session: 1 }, 1, 1, &text);
            let entry = EntryRef::read(&bytes).expect("just written");
            let found = plan.text(entry.body()).expect("found");
            assert_eq!(found, text.as_bytes(), "{length}");
        }
    }
}
