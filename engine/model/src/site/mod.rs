//! The site: who can sign in, what was changed and by whom. One stream for the whole server.

pub mod accounts;
pub mod alarm;
pub mod connections;
pub mod deed;
pub mod groups;
pub mod keys;
pub mod published;
pub mod rooms;
pub mod scripts;
pub mod settings;
pub mod webhooks;

use serde::{Deserialize, Serialize};

use crate::id::Millis;
use crate::policy;
use crate::record::{Proposal, Record};
use crate::refusal::Refusal;

/// A wish about the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Who can sign in.
    Accounts(accounts::Command),
    /// What accounts have in common.
    Groups(groups::Command),
    /// Something an operator should hear of at once.
    Alarm(alarm::Alarm),
    /// A policy's decision, to be kept.
    Policy(Box<policy::Decided>),
    /// Which scripts answer.
    Scripts(scripts::Command),
    /// What administrators set.
    Settings(settings::Command),
    /// Meetings that are held at once.
    Rooms(rooms::Command),
    /// Who else is told of events.
    Webhooks(webhooks::Command),
    /// By which keys programs act for accounts.
    Keys(keys::Command),
    /// Whom this server asks and is asked by.
    Connections(connections::Command),
    /// Something the operator must be able to prove later.
    Audit(Audit),
    /// The server started.
    Start {
        /// Its version.
        version: String,
    },
    /// An administrator does something; both become facts, or neither does.
    Do {
        /// What is done, for those who look over it later.
        deed: Box<deed::Deed>,
        /// The wish about the site that does it; nothing when it is done elsewhere.
        then: Option<Box<Command>>,
    },
}

/// A fact of the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Who can sign in.
    Accounts(accounts::Event),
    /// What accounts have in common.
    Groups(groups::Event),
    /// Something an operator should hear of at once.
    Alarm(alarm::Alarm),
    /// A policy's decision.
    Policy(Box<policy::Decided>),
    /// Which scripts answer.
    Scripts(scripts::Event),
    /// What administrators set.
    Settings(settings::Event),
    /// Meetings that are held at once.
    Rooms(rooms::Event),
    /// Who else is told of events.
    Webhooks(webhooks::Event),
    /// By which keys programs act for accounts.
    Keys(keys::Event),
    /// Whom this server asks and is asked by.
    Connections(connections::Event),
    /// Something the operator must be able to prove later.
    Audit(Audit),
    /// The server started.
    Started {
        /// Its version.
        version: String,
    },
    /// The log was shorter than its witness, and an operator accepted that.
    Lost(Loss),
    /// Payloads were overwritten.
    Erased(Erasure),
    /// An administrator did something.
    Deed(Box<deed::Deed>),
}

/// Things to be able to prove later. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audit {
    /// A password came in an address or over plain HTTP.
    CredentialExposed {
        /// By which route.
        route: String,
        /// In the address, or in a body without TLS.
        in_address: bool,
    },
    /// A backup was made.
    BackedUp {
        /// How many entries it holds.
        entries: u64,
    },
}

/// What an operator accepted as lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Entries that were there once, as far as anything remembers; `found` when nothing does.
    pub expected: u64,
    /// Entries that could be read, and with which the log goes on.
    pub found: u64,
    /// What was wrong with the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<LossReason>,
    /// What is lost of which stream, as far as anything remembers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<LostStretch>,
    /// How many more stretches are lost than are named: [`Loss::STREAMS_MAX`] are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

impl Loss {
    /// Stretches named by one fact.
    pub const STREAMS_MAX: usize = 1000;
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Why a log had to be given up in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// It ended too early.
    Missing {
        /// What knew of more: `head witness`, `last checkpoint` or `index`.
        by: String,
    },
    /// Something before its end was not what had been written.
    Damaged {
        /// The file, relative to the data folder.
        file: String,
        /// The byte in it.
        offset: u64,
        /// What was wrong there.
        what: String,
    },
    /// Nothing could say how far it had reached.
    WitnessLost {},
}

/// Facts of one stream that are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostStretch {
    /// The stream.
    pub stream: crate::id::StreamId,
    /// First seq.
    pub from: u64,
    /// Last seq that is known to be lost.
    pub to: u64,
}

/// What was overwritten, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Stream, first and last seq of each stretch.
    pub entries: Vec<(crate::id::StreamId, u64, u64)>,
    /// Why.
    pub reason: String,
    /// When it was asked for.
    pub asked: Millis,
}

/// What the rules of the site need to know of its past.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Who can sign in.
    pub accounts: accounts::Accounts,
    /// Which scripts answer, and did.
    pub scripts: scripts::Scripts,
    /// What administrators set.
    pub settings: settings::Settings,
    /// Meetings that have a room, where there are only so many.
    pub rooms: rooms::Rooms,
    /// Who else is told of events.
    pub webhooks: webhooks::Webhooks,
    /// What was last decided about telling the public of meetings.
    pub published: published::Published,
    /// By which keys programs act for accounts.
    pub keys: keys::Keys,
    /// Whom this server asks and is asked by, as administrators set it.
    pub connections: connections::Connections,
}

impl Site {
    /// The facts that a wish would become, or why it is refused.
    ///
    /// # Errors
    /// The `Refusal` that the person is told.
    pub fn decide(&self, proposal: &Proposal<Command>) -> Result<Vec<Event>, Refusal> {
        match &proposal.command {
            Command::Accounts(command) => self.accounts.decide(command),
            Command::Groups(command) => self.accounts.decide_group(command),
            Command::Alarm(alarm) => Ok(vec![Event::Alarm(alarm.clone())]),
            Command::Policy(decided) => Ok(vec![Event::Policy(decided.clone())]),
            Command::Scripts(command) => {
                Ok(self.scripts.decide(command).into_iter().map(Event::Scripts).collect())
            }
            Command::Settings(command) => {
                Ok(self.settings.decide(command)?.into_iter().map(Event::Settings).collect())
            }
            Command::Rooms(command) => {
                let facts = self.rooms.decide(self.settings.limits.rooms, proposal.at, command)?;
                Ok(facts.into_iter().map(Event::Rooms).collect())
            }
            Command::Webhooks(command) => {
                Ok(self.webhooks.decide(command)?.into_iter().map(Event::Webhooks).collect())
            }
            Command::Keys(command) => self.keys(proposal.at, command),
            Command::Connections(command) => {
                let fact = self.connections.decide(command)?;
                Ok(fact.into_iter().map(Event::Connections).collect())
            }
            Command::Audit(audit) => Ok(vec![Event::Audit(audit.clone())]),
            Command::Start { version } => Ok(vec![Event::Started { version: version.clone() }]),
            Command::Do { deed, then: None } => Ok(vec![Event::Deed(deed.clone())]),
            Command::Do { deed, then: Some(then) } => {
                let Proposal { by, at, request, command: _ } = *proposal;
                let command = Command::clone(then);
                let mut facts = self.decide(&Proposal { by, at, request, command })?;
                // What changes nothing was not done.
                if !facts.is_empty() {
                    facts.push(Event::Deed(deed.clone()));
                }
                Ok(facts)
            }
        }
    }

    fn keys(&self, at: Millis, command: &keys::Command) -> Result<Vec<Event>, Refusal> {
        if let keys::Command::Make { account, .. } = command {
            self.accounts.get(*account).ok_or(Refusal::NotFound)?;
        }
        Ok(vec![Event::Keys(self.keys.decide(at, command)?)])
    }

    /// Takes in a fact.
    pub fn apply(&mut self, record: &Record<Event>) {
        match &record.event {
            Event::Accounts(event) => self.accounts.apply(event),
            Event::Groups(event) => self.accounts.apply_group(event),
            Event::Scripts(event) => self.scripts.apply(event),
            Event::Settings(event) => self.settings.apply(event),
            Event::Rooms(event) => self.rooms.apply(record.time, event),
            Event::Webhooks(event) => self.webhooks.apply(event, record.position, record.time),
            Event::Policy(decided) => self.published.apply(decided),
            Event::Keys(event) => self.keys.apply(record.time, event),
            Event::Connections(event) => self.connections.apply(event),
            Event::Alarm(_)
            | Event::Audit(_)
            | Event::Started { .. }
            | Event::Lost(_)
            | Event::Erased(_)
            | Event::Deed(_) => {}
        }
    }
}
