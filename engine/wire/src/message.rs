//! Messages: what is said over a connection, one WebSocket binary message each.
//!
//! ```text
//! message  = entry | control | withheld | short | media  (told apart by the first byte)
//! entry    = 0x01 ...                                    (module entry)
//! control  = 0x02 MessagePack                            (ClientMessage or ServerMessage)
//! withheld = 0x03 7*0x00 seq:u64 leaf:32                 (in place of an entry one may not see)
//! short    = 0x04 ...                                    (module short: an entry for everyone)
//! media    = 0x10 ...                                    (module media)
//!
//! client:  hello  (request | confirm | key_frame | undecodable | media)*
//! server:  (welcome (waiting snapshot | snapshot | resumed) | bye)
//!          (entry | short | withheld | reply | media | key_frame_wanted | codec_wanted | slower)*
//!          [bye]
//! ```

use convoke_model::meeting::Command;
use convoke_model::meeting::chat::To;
use convoke_model::text::{ChatText, TextError};
use convoke_model::view::session::SessionView;
use convoke_model::{ClientId, Millis, ParticipantId, Position, Refusal, TrackId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::entry::Hash;
use crate::pack;

/// First byte of a control message.
pub const KIND: u8 = 0x02;
/// First byte of a withheld message.
pub const KIND_WITHHELD: u8 = 0x03;
/// Bytes of a withheld message.
pub const WITHHELD_BYTES: usize = 48;
/// No control message from a client is larger than this.
pub const CONTROL_BYTES_MAX: usize = 32 * 1024;
/// No more codecs are named in one message.
pub const DECODES_MAX: usize = 16;
/// No name of a codec is longer than this many bytes.
pub const DECODES_NAME_BYTES_MAX: usize = 16;
/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "convoke.1";
/// Protocol versions this code speaks, best first.
pub const VERSIONS: &[u32] = &[1];

/// Said by a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message: who am I, or who was I.
    Hello(Hello),
    /// A wish; `n` rises by one with each. Unanswered ones are sent again after a resume.
    Request {
        /// Its number.
        n: u64,
        /// The wish.
        command: Command,
    },
    /// What arrived.
    Confirm {
        /// Everything up to this fact.
        seq: u64,
        /// Bytes of media frames on this connection, WebSocket headers included.
        #[serde(default)]
        media: u64,
    },
    /// A decoder needs a key frame.
    KeyFrame {
        /// Of which track.
        track: TrackId,
    },
    /// There is no decoder here for a track's codec.
    Undecodable {
        /// Of which track.
        track: TrackId,
        /// The codecs there are decoders for, by the first part of their codec strings.
        decodes: Vec<String>,
    },
}

/// The first message of a client: a ticket, or what it needs to resume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Versions the client speaks.
    pub versions: Vec<u32>,
    /// The way in, used up by this.
    #[serde(default)]
    pub ticket: Option<String>,
    /// Or the way back.
    #[serde(default)]
    pub resume: Option<Resume>,
    /// Name and version of the client program, for the operator.
    #[serde(default)]
    pub agent: String,
}

/// The way back for a client that was here before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The meeting.
    pub meeting: u32,
    /// The session.
    pub session: u32,
    /// The client.
    pub client: ClientId,
    /// What `welcome` gave with it.
    #[serde(with = "serde_bytes")]
    pub secret: Vec<u8>,
    /// The last fact it holds; without it a snapshot is sent.
    #[serde(default)]
    pub position: Option<Position>,
    /// The stream's hash there: its receipt, which the log must contain.
    #[serde(default, with = "serde_bytes")]
    pub hash: Option<Vec<u8>>,
}

/// Said by the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMessage {
    /// The door opened.
    Welcome(Welcome),
    /// A host has to let the person in first.
    Waiting {},
    /// The session as it is.
    Snapshot(Snapshot),
    /// What was missed follows from this fact on.
    Resumed {
        /// Seq of the first fact that follows.
        from: u64,
    },
    /// The answer to a request.
    Reply {
        /// The request's number.
        n: u64,
        /// What became of it.
        result: ReplyResult,
    },
    /// A receiver needs a key frame of a track that this client publishes.
    KeyFrameWanted {
        /// Which.
        track: TrackId,
    },
    /// A receiver of a track that this client publishes has no decoder for its codec.
    CodecWanted {
        /// Which.
        track: TrackId,
        /// The codecs it has decoders for.
        decodes: Vec<String>,
    },
    /// The readers of a track cannot follow: send less.
    Slower {
        /// Which.
        track: TrackId,
        /// What they can follow.
        bits_per_second: u64,
    },
    /// The last message before the close frame.
    Bye {
        /// The close code.
        code: u16,
        /// Refusal code or close word.
        reason: String,
        /// What the person can do.
        sentence: String,
    },
}

/// What a client needs to speak and to come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version both speak.
    pub version: u32,
    /// The client.
    pub client: ClientId,
    /// What it needs to come back.
    #[serde(with = "serde_bytes")]
    pub secret: Vec<u8>,
    /// The participant it speaks for.
    pub who: ParticipantId,
    /// The meeting.
    pub meeting: u32,
    /// The session.
    pub session: u32,
    /// The server's clock.
    pub now: Millis,
    /// How long one may be away, milliseconds.
    pub resume_ms: u64,
    /// Highest request number that was carried out for this client; number on from here.
    pub requests: u64,
}

/// The session as it is at a position, as far as the receiver may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where.
    pub position: Position,
    /// The stream's hash there.
    #[serde(with = "serde_bytes")]
    pub hash: Vec<u8>,
    /// What.
    pub view: SessionView,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyResult {
    /// Its facts are durable up to here: the client's receipt.
    Accepted(Receipt),
    /// It was not granted.
    Refused {
        /// The stable code.
        code: String,
        /// What the person can do.
        sentence: String,
    },
}

/// What the server vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Writer of the log.
    pub epoch: u32,
    /// Last fact.
    pub seq: u64,
    /// The stream's hash there.
    #[serde(with = "serde_bytes")]
    pub hash: Hash,
    /// Whether the log was synced before this was said.
    pub durable: bool,
}

impl From<Refusal> for ReplyResult {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { code: refusal.code().into(), sentence: refusal.sentence().into() }
    }
}

/// A control message as bytes, kind first.
///
/// # Panics
/// Never: writing to memory does not fail and every type here is serializable.
#[must_use]
pub fn to_bytes<M: Serialize>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(message, &mut bytes);
    bytes
}

/// Adds a control message to bytes, kind first.
///
/// # Panics
/// Never, as above.
pub fn write<M: Serialize>(message: &M, bytes: &mut Vec<u8>) {
    bytes.push(KIND);
    let mut to = rmp_serde::Serializer::new(bytes).with_struct_map();
    message.serialize(&mut to).expect("control messages serialize into memory");
}

/// The control message in `bytes`; `None` when it is not one.
#[must_use]
pub fn from_bytes<M: DeserializeOwned>(bytes: &[u8]) -> Option<M> {
    let (&kind, body) = bytes.split_first()?;
    if kind != KIND {
        return None;
    }
    pack::read(body).ok()
}

/// The number of a request that is well formed but for a chat text that the model does not take,
/// and the refusal that its author is told: a long message is no reason to hang up.
#[must_use]
pub fn refused_text(bytes: &[u8]) -> Option<(u64, Refusal)> {
    /// A `ClientMessage` that wishes to say any text whatever.
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Said {
        Request { n: u64, command: Wish },
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Wish {
        Chat(Writing),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Writing {
        Say {
            #[serde(rename = "to")]
            _to: To,
            text: String,
        },
    }
    let Said::Request { n, command: Wish::Chat(Writing::Say { _to, text }) } = from_bytes(bytes)?;
    let refusal = match ChatText::new(&text).err()? {
        TextError::Empty => Refusal::Empty,
        TextError::TooLong => Refusal::TooLong,
    };
    Some((n, refusal))
}

/// What stands in the facts lane for an entry that not everybody may see.
#[must_use]
pub fn withheld(seq: u64, leaf: &Hash) -> [u8; WITHHELD_BYTES] {
    let mut bytes = [0; WITHHELD_BYTES];
    bytes[0] = KIND_WITHHELD;
    bytes[8..16].copy_from_slice(&seq.to_le_bytes());
    bytes[16..].copy_from_slice(leaf);
    bytes
}

/// Seq and leaf of a withheld message; `None` when it is not one.
#[must_use]
pub fn read_withheld(bytes: &[u8]) -> Option<(u64, Hash)> {
    let bytes: &[u8; WITHHELD_BYTES] = bytes.try_into().ok()?;
    if bytes[..8] != [KIND_WITHHELD, 0, 0, 0, 0, 0, 0, 0] {
        return None;
    }
    let seq = u64::from_le_bytes(bytes[8..16].try_into().ok()?);
    Some((seq, bytes[16..].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_survive_their_bytes() {
        let hello = ClientMessage::Hello(Hello {
            versions: vec![1],
            ticket: None,
            resume: Some(Resume {
                meeting: 88_137_455,
                session: 1,
                client: ClientId(u64::MAX),
                secret: vec![1, 2, 3],
                position: Some(Position { epoch: 1, seq: 2 }),
                hash: Some(vec![4; 32]),
            }),
            agent: "test".into(),
        });
        assert_eq!(from_bytes(&to_bytes(&hello)), Some(hello));
        let reply = ServerMessage::Reply { n: 3, result: Refusal::Locked.into() };
        assert_eq!(from_bytes(&to_bytes(&reply)), Some(reply));
        assert_eq!(from_bytes::<ClientMessage>(b""), None);
        assert_eq!(from_bytes::<ClientMessage>(&[KIND, 0xc1]), None);
    }

    #[test]
    fn withheld_survives_its_bytes() {
        assert_eq!(read_withheld(&withheld(7, &[9; 32])), Some((7, [9; 32])));
        assert_eq!(read_withheld(&[3; 48]), None);
    }
}
