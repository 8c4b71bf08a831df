//! The site: who can sign in, what was changed and by whom. One stream for the whole server.

pub mod accounts;

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
    /// A policy's decision, to be kept.
    Policy(policy::Decided),
    /// Something the operator must be able to prove later.
    Audit(Audit),
    /// The server started.
    Start {
        /// Its version.
        version: String,
    },
}

/// A fact of the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Who can sign in.
    Accounts(accounts::Event),
    /// A policy's decision.
    Policy(policy::Decided),
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
    /// Entries that the witness vouched for.
    pub expected: u64,
    /// Entries that were there.
    pub found: u64,
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
}

impl Site {
    /// The facts that a wish would become, or why it is refused.
    ///
    /// # Errors
    /// The `Refusal` that the person is told.
    pub fn decide(&self, proposal: &Proposal<Command>) -> Result<Vec<Event>, Refusal> {
        match &proposal.command {
            Command::Accounts(command) => self.accounts.decide(command),
            Command::Policy(decided) => Ok(vec![Event::Policy(decided.clone())]),
            Command::Audit(audit) => Ok(vec![Event::Audit(audit.clone())]),
            Command::Start { version } => Ok(vec![Event::Started { version: version.clone() }]),
        }
    }

    /// Takes in a fact.
    pub fn apply(&mut self, record: &Record<Event>) {
        match &record.event {
            Event::Accounts(event) => self.accounts.apply(event),
            Event::Policy(_)
            | Event::Audit(_)
            | Event::Started { .. }
            | Event::Lost(_)
            | Event::Erased(_) => {}
        }
    }
}
