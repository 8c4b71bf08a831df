//! Recording: whether media is kept, and the seals and gaps of what was.

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, lifecycle, to_everyone};
use crate::id::Millis;
use crate::record::Audience;
use crate::refusal::Refusal;

/// A stretch of the session's media file, bound by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Name of the file within the media folder.
    pub file: String,
    /// First byte.
    pub from: u64,
    /// First byte after it.
    pub to: u64,
    /// SHA-256 of these bytes.
    #[serde(with = "crate::record::bytes32")]
    pub sha256: [u8; 32],
    /// Arrival of the first message in it.
    pub first: Millis,
    /// Arrival of the last message in it.
    pub last: Millis,
}

/// Media that was heard or seen and is not in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// From when.
    pub from: Millis,
    /// Until when.
    pub to: Millis,
    /// Why.
    pub reason: GapReason,
}

/// Why media is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The server stopped before it was synced.
    Crash,
    /// The recorder fell behind.
    Behind,
    /// The disk was nearly full.
    DiskFull,
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A host turns it on.
    Start {},
    /// A host turns it off.
    Stop {},
    /// The recorder binds what it wrote.
    Seal(Seal),
    /// The recorder tells what is missing.
    Gap(Gap),
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Media is recorded from here.
    Started {},
    /// Media is not recorded from here.
    Stopped {},
    /// A stretch of media is bound.
    MediaSealed(Seal),
    /// Media is missing.
    Missing(Gap),
}

/// Whether media is recorded.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Whether it is; `None` until a host changed it: then the opening says.
    changed: Option<bool>,
    /// First byte of the session's media file that is not sealed yet; 0 when nothing is.
    pub sealed: u64,
}

impl Recording {
    /// Whether media is recorded, given how the session was opened.
    #[must_use]
    pub fn is_on(&self, lifecycle: &lifecycle::Lifecycle) -> bool {
        self.changed.unwrap_or_else(|| lifecycle.opening().is_some_and(|opening| opening.recording))
    }

    /// Starting or stopping twice is a fact twice: it does no harm.
    pub(super) fn decide(
        &self,
        lifecycle: &lifecycle::Lifecycle,
        command: &Command,
    ) -> Result<Facts, Refusal> {
        let may = lifecycle.opening().is_none_or(|opening| opening.may_record);
        Ok(match command {
            Command::Start {} if !may => return Err(Refusal::PrivilegeMissing),
            Command::Start {} => to_everyone(SessionEvent::Recording(Event::Started {})),
            Command::Stop {} => to_everyone(SessionEvent::Recording(Event::Stopped {})),
            Command::Seal(seal) => {
                let sealed = SessionEvent::Recording(Event::MediaSealed(seal.clone()));
                vec![(Audience::Nobody, sealed)]
            }
            Command::Gap(gap) => {
                vec![(Audience::Hosts, SessionEvent::Recording(Event::Missing(gap.clone())))]
            }
        })
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Started {} => self.changed = Some(true),
            Event::Stopped {} => self.changed = Some(false),
            Event::MediaSealed(seal) => self.sealed = seal.to,
            Event::Missing(_) => {}
        }
    }
}
