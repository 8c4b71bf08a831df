//! The lock: while it is on, only hosts come in.

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, to_everyone};

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Nobody else may come in.
    Lock {},
    /// People may come in again.
    Unlock {},
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Nobody else may come in.
    Locked {},
    /// People may come in again.
    Unlocked {},
}

/// Whether the session is locked.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// Whether it is.
    pub locked: bool,
}

impl Lock {
    /// Locking twice is granted without a second fact.
    pub(super) fn decide(&self, command: &Command) -> Facts {
        match command {
            Command::Lock {} if !self.locked => to_everyone(SessionEvent::Lock(Event::Locked {})),
            Command::Unlock {} if self.locked => {
                to_everyone(SessionEvent::Lock(Event::Unlocked {}))
            }
            Command::Lock {} | Command::Unlock {} => Facts::new(),
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        self.locked = match event {
            Event::Locked {} => true,
            Event::Unlocked {} => false,
        };
    }
}
