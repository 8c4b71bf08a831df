//! A session of a meeting: its wishes, its facts and its state, put together from one file per
//! topic.

pub mod access;
pub mod chat;
pub mod control;
pub mod dedupe;
pub mod delivery;
pub mod dial_in;
pub mod floor;
pub mod hand;
pub mod life;
pub mod lifecycle;
pub mod lock;
pub mod plan;
pub mod recording;
pub mod roster;
pub mod track;

use serde::{Deserialize, Serialize};

use crate::policy;
use crate::record::{Actor, Audience, Proposal, Record};
use crate::refusal::Refusal;

/// A wish about a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Opening and ending.
    Lifecycle(lifecycle::Command),
    /// Who is here.
    Roster(roster::Command),
    /// Who presents.
    Floor(floor::Command),
    /// Who controls the presenter's screen.
    Control(control::Command),
    /// What is said in writing.
    Chat(chat::Command),
    /// What is shown and heard.
    Track(track::Command),
    /// Who asks for attention.
    Hand(hand::Command),
    /// Whether more people may come in.
    Lock(lock::Command),
    /// Whether media is recorded.
    Recording(recording::Command),
    /// What somebody got.
    Delivery(delivery::Command),
    /// Who takes part by telephone.
    DialIn(dial_in::Command),
    /// A policy's decision, to be kept.
    Policy(Box<policy::Decided>),
}

/// A fact of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Opening and ending.
    Lifecycle(lifecycle::Event),
    /// Who is here.
    Roster(roster::Event),
    /// Who presents.
    Floor(floor::Event),
    /// Who controls the presenter's screen, and how much came of it.
    Control(control::Event),
    /// What was said in writing.
    Chat(chat::Event),
    /// What is shown and heard.
    Track(track::Event),
    /// Who asks for attention.
    Hand(hand::Event),
    /// Whether more people may come in.
    Lock(lock::Event),
    /// Whether media is recorded, and what was.
    Recording(recording::Event),
    /// What somebody got.
    Delivery(delivery::Event),
    /// Who takes part by telephone.
    DialIn(dial_in::Event),
    /// A policy's decision.
    Policy(Box<policy::Decided>),
}

/// New facts, each with who may see it.
pub type Facts = Vec<(Audience, Event)>;

/// What the rules of a session need to know of its past.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Opening and ending.
    pub lifecycle: lifecycle::Lifecycle,
    /// Who is here, who waits, who was removed.
    pub roster: roster::Roster,
    /// Who presents.
    pub floor: floor::Floor,
    /// Who controls the presenter's screen.
    pub control: control::Control,
    /// Who may not write.
    pub chat: chat::Chat,
    /// What is shown and heard.
    pub tracks: track::Tracks,
    /// Raised hands.
    pub hands: hand::Hands,
    /// Whether more people may come in.
    pub lock: lock::Lock,
    /// Whether media is recorded.
    pub recording: recording::Recording,
    /// Who came by telephone.
    pub dial_in: dial_in::DialIn,
    /// Requests that were answered.
    pub dedupe: dedupe::Dedupe,
}

impl Session {
    /// The facts that a wish would become, or why it is refused. Changes nothing.
    ///
    /// # Errors
    /// The `Refusal` that the person is told.
    pub fn decide(&self, proposal: &Proposal<Command>) -> Result<Facts, Refusal> {
        if let Command::Lifecycle(lifecycle::Command::Open(opening)) = &proposal.command {
            return self.lifecycle.open(proposal.by, opening);
        }
        if self.lifecycle.opening().is_none() {
            return Err(Refusal::NotStarted);
        }
        // Some is only known after the end: what was recorded, and what arrived.
        let trails = proposal.by == Actor::Server && access::trails(&proposal.command);
        if !self.lifecycle.is_open() && !trails {
            return Err(Refusal::Ended);
        }
        access::check(self, proposal.by, &proposal.command)?;
        let by = proposal.by;
        match &proposal.command {
            Command::Lifecycle(command) => lifecycle::decide(self, command),
            Command::Roster(command) => roster::decide(self, by, command),
            Command::Floor(command) => floor::decide(self, by, command),
            Command::Control(command) => control::decide(self, by, command),
            Command::Chat(command) => chat::decide(self, by, command),
            Command::Track(command) => track::decide(self, by, command),
            Command::Hand(command) => hand::decide(self, by, command),
            Command::Lock(command) => Ok(self.lock.decide(command)),
            Command::Recording(command) => self.recording.decide(&self.lifecycle, command),
            Command::Delivery(command) => delivery::decide(self, command),
            Command::DialIn(command) => dial_in::decide(self, command),
            Command::Policy(decided) => {
                Ok(vec![(Audience::Nobody, Event::Policy(decided.clone()))])
            }
        }
    }

    /// Takes in a fact. What happened, happened.
    pub fn apply(&mut self, record: &Record<Event>) {
        self.dedupe.apply(record.request, record.position);
        match &record.event {
            Event::Lifecycle(event) => self.lifecycle.apply(event),
            Event::Roster(event) => self.roster.apply(record.position.seq, event),
            Event::Floor(event) => self.floor.apply(event),
            Event::Control(event) => self.control.apply(event),
            Event::Chat(event) => self.chat.apply(event),
            Event::Track(event) => self.tracks.apply(record.actor, event),
            Event::Hand(event) => self.hands.apply(event),
            Event::Lock(event) => self.lock.apply(event),
            Event::Recording(event) => self.recording.apply(event),
            Event::DialIn(event) => self.dial_in.apply(event),
            Event::Delivery(_) | Event::Policy(_) => {}
        }
    }
}

/// One fact for everybody.
fn to_everyone(event: Event) -> Facts {
    vec![(Audience::Everyone, event)]
}

#[cfg(test)]
mod tests;
