//! Delivery: what one participant was handed over, what of it arrived, and what was skipped and
//! why. Told once per participant, when they go.

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session};
use crate::id::ParticipantId;
use crate::record::Audience;
use crate::refusal::Refusal;

/// The ledger of one participant, over all connections that spoke for them since the server's
/// start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Whose.
    pub who: ParticipantId,
    /// Last fact that was handed to the network.
    pub handed: u64,
    /// Last fact that the client confirmed.
    pub confirmed: u64,
    /// Media.
    pub media: Media,
    /// Connections that spoke for them.
    pub connections: u32,
    /// Times that they were too late for the facts lane and read the log instead.
    pub catch_ups: u32,
}

/// Media frames of one participant, in bytes as they are sent (WebSocket header included).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Handed to the network.
    pub handed: u64,
    /// That the client told to have received.
    pub confirmed: u64,
    /// Not sent, since the reader was too slow: it went on at a newer key frame or sound.
    pub skipped: u64,
    /// How often that was.
    pub skips: u32,
}

impl Ledger {
    /// Nothing yet.
    #[must_use]
    pub fn of(who: ParticipantId) -> Self {
        Self { who, handed: 0, confirmed: 0, media: Media::default(), connections: 0, catch_ups: 0 }
    }
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The server closes somebody's ledger.
    Close(Ledger),
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// This is what somebody got, up to when they went.
    Delivered(Ledger),
}

/// For hosts and auditors: others need not know how good somebody's line was.
pub(super) fn decide(session: &Session, command: &Command) -> Result<Facts, Refusal> {
    let Command::Close(ledger) = command;
    if session.roster.person(ledger.who).is_none() {
        return Err(Refusal::NotPresent);
    }
    let delivered = Event::Delivered(ledger.clone());
    Ok(vec![(Audience::Hosts, SessionEvent::Delivery(delivered))])
}
