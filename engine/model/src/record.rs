//! A wish with author and time, and a fact with its place.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ClientId, Millis, ParticipantId, Position};

/// Who did something: the server itself, or somebody known in the stream by a number (a participant
/// in a session's stream, an account in the others).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Actor {
    /// The server: a clock ran out, a connection was lost, the door opened.
    Server,
    /// A participant's or an account's number.
    Number(u32),
}

impl Actor {
    /// From the number in an entry's header, where 0 is the server.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        if number == 0 { Self::Server } else { Self::Number(number) }
    }

    /// The number in an entry's header.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Server => 0,
            Self::Number(number) => number,
        }
    }

    /// The participant, in a session's stream.
    #[must_use]
    pub fn participant(self) -> Option<ParticipantId> {
        match self {
            Self::Server => None,
            Self::Number(number) => Some(ParticipantId(number)),
        }
    }
}

impl From<ParticipantId> for Actor {
    fn from(who: ParticipantId) -> Self {
        Self::from_number(who.0)
    }
}

impl From<AccountId> for Actor {
    fn from(who: AccountId) -> Self {
        Self::from_number(who.0)
    }
}

/// Who may see a record. The author of a record always may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody in the session.
    #[default]
    Everyone,
    /// Hosts.
    Hosts,
    /// One participant.
    One(ParticipantId),
    /// Only the log: for auditors.
    Nobody,
}

/// A wish with its author and time: what `decide` is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<C> {
    /// Who wishes it.
    pub by: Actor,
    /// The time of the turn.
    pub at: Millis,
    /// The client whose request it is and the request's number, if it came from one.
    pub request: Option<(ClientId, u64)>,
    /// The wish.
    pub command: C,
}

/// A fact with its place in a stream: what `apply` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<E> {
    /// Where it stands.
    pub position: Position,
    /// When it became a fact.
    pub time: Millis,
    /// Who did it.
    pub actor: Actor,
    /// The request it answers, if there was one.
    pub request: Option<(ClientId, u64)>,
    /// The fact.
    pub event: E,
}

/// A 32-byte digest as MessagePack bytes.
pub(crate) mod bytes32 {
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = [u8; 32];
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("32 bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<[u8; 32], E> {
                bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<[u8; 32], A::Error> {
                let mut bytes = [0; 32];
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte =
                        seq.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
                }
                Ok(bytes)
            }
        }
        from.deserialize_bytes(Bytes)
    }
}
