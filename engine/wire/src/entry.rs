//! The entry: one fact as bytes. Exactly these bytes are stored, hashed, sent, replayed and
//! audited.
//!
//! Layout (little endian), 96 bytes of header, then the payload (16 bytes of salt and the body):
//!
//! ```text
//!  0 u8  kind = 1        1 u8  format = 1      2 u16 event type     4 u32 payload bytes
//!  8 u32 meeting        12 u32 session        16 u32 epoch         20 u8  audience, 3 x 0
//! 24 u64 seq            32 u64 time, ms       40 u32 actor         44 u32 audience person
//! 48 u64 client id      56 u64 client seq     64 [32] SHA-256(salt, body)
//! ```

use convoke_model::{Actor, Audience, ClientId, Millis, ParticipantId, Position, StreamId};

use crate::digest;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// First byte of every entry.
pub const KIND: u8 = 0x01;
/// The format this code writes.
pub const FORMAT: u8 = 1;
/// Bytes of a header.
pub const HEADER_BYTES: usize = 96;
/// Bytes of the salt in front of every body.
pub const SALT_BYTES: usize = 16;
/// No payload is larger than this.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// The chain hash before the first entry of a stream.
pub const CHAIN_START: Hash = [0; 32];

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// Fewer bytes than the header or the payload needs.
    Short,
    /// The first byte is not that of an entry.
    Kind(u8),
    /// A format this code does not know; newer than `FORMAT`.
    Format(u8),
    /// A field holds a value that the format does not allow.
    Field(&'static str),
}

/// The fixed part of an entry: all that routing, filtering, dedupe and verification need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of the event, from the table in `codec`.
    pub event_type: u16,
    /// Bytes after the header, salt included.
    pub payload_len: u32,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Writer of the log that wrote it.
    pub epoch: u32,
    /// Who may see it.
    pub audience: Audience,
    /// Who did it.
    pub actor: Actor,
    /// The client whose request it answers; 0 when there was none.
    pub client: ClientId,
    /// That request's number; 0 when there was none.
    pub client_seq: u64,
    /// Place in the stream, from 1.
    pub seq: u64,
    /// When it became a fact.
    pub time: Millis,
    /// SHA-256 of the payload (salt and body).
    pub digest: Hash,
}

impl Header {
    /// The header at the start of `bytes`. Checks every field; does not look at the payload.
    ///
    /// # Errors
    /// `EntryError` says what is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, EntryError> {
        let Some(b) = bytes.first_chunk::<HEADER_BYTES>() else { return Err(EntryError::Short) };
        if b[0] != KIND {
            return Err(EntryError::Kind(b[0]));
        }
        if b[1] != FORMAT {
            return Err(EntryError::Format(b[1]));
        }
        if b[21..24] != [0; 3] {
            return Err(EntryError::Field("reserved"));
        }
        let payload_len = u32_at(b, 4);
        let bounds = SALT_BYTES..=PAYLOAD_BYTES_MAX;
        if !usize::try_from(payload_len).is_ok_and(|len| bounds.contains(&len)) {
            return Err(EntryError::Field("payload_len"));
        }
        let person = u32_at(b, 44);
        let audience = match (b[20], person) {
            (0, 0) => Audience::Everyone,
            (1, 0) => Audience::Hosts,
            (2, person) if person != 0 => Audience::One(ParticipantId(person)),
            (3, 0) => Audience::Nobody,
            _ => return Err(EntryError::Field("audience")),
        };
        let mut digest = [0; 32];
        digest.copy_from_slice(&b[64..96]);
        Ok(Self {
            event_type: u16::from_le_bytes([b[2], b[3]]),
            payload_len,
            stream: StreamId { meeting: u32_at(b, 8), session: u32_at(b, 12) },
            epoch: u32_at(b, 16),
            audience,
            actor: Actor::from_number(u32_at(b, 40)),
            client: ClientId(u64_at(b, 48)),
            client_seq: u64_at(b, 56),
            seq: u64_at(b, 24),
            time: Millis(u64_at(b, 32)),
            digest,
        })
    }

    /// The header as it is stored and sent.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let (audience, person) = match self.audience {
            Audience::Everyone => (0, 0),
            Audience::Hosts => (1, 0),
            Audience::One(person) => (2, person.0),
            Audience::Nobody => (3, 0),
        };
        let mut b = [0; HEADER_BYTES];
        b[0] = KIND;
        b[1] = FORMAT;
        b[2..4].copy_from_slice(&self.event_type.to_le_bytes());
        b[4..8].copy_from_slice(&self.payload_len.to_le_bytes());
        b[8..12].copy_from_slice(&self.stream.meeting.to_le_bytes());
        b[12..16].copy_from_slice(&self.stream.session.to_le_bytes());
        b[16..20].copy_from_slice(&self.epoch.to_le_bytes());
        b[20] = audience;
        b[24..32].copy_from_slice(&self.seq.to_le_bytes());
        b[32..40].copy_from_slice(&self.time.0.to_le_bytes());
        b[40..44].copy_from_slice(&self.actor.number().to_le_bytes());
        b[44..48].copy_from_slice(&person.to_le_bytes());
        b[48..56].copy_from_slice(&self.client.0.to_le_bytes());
        b[56..64].copy_from_slice(&self.client_seq.to_le_bytes());
        b[64..96].copy_from_slice(&self.digest);
        b
    }

    /// Its place.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, seq: self.seq }
    }

    /// Bytes of the whole entry.
    #[must_use]
    pub fn entry_len(&self) -> usize {
        HEADER_BYTES + self.payload_len as usize
    }
}

/// A whole entry: its header, its header's bytes and its payload.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    /// The parsed header.
    pub header: Header,
    /// All of the entry's bytes, header first.
    pub bytes: &'a [u8],
}

/// How many entries `bytes` hold, which were found to be whole entries one after the other.
#[must_use]
pub fn count(mut bytes: &[u8]) -> u64 {
    let mut count = 0;
    while let Some(header) = bytes.first_chunk::<HEADER_BYTES>() {
        let Some(rest) = bytes.get(HEADER_BYTES + u32_at(header, 4) as usize..) else { break };
        bytes = rest;
        count += 1;
    }
    count
}

impl<'a> EntryRef<'a> {
    /// The entry at the start of `bytes`; what follows it is left alone.
    ///
    /// # Errors
    /// `EntryError` says what is wrong with the bytes.
    pub fn read(bytes: &'a [u8]) -> Result<Self, EntryError> {
        let header = Header::read(bytes)?;
        let bytes = bytes.get(..header.entry_len()).ok_or(EntryError::Short)?;
        Ok(Self { header, bytes })
    }

    /// Salt and body.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// The event as MessagePack.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES + SALT_BYTES..]
    }

    /// What the chain and the tree hold of this entry.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        leaf(&self.bytes[..HEADER_BYTES])
    }

    /// Whether the payload is what the header promises.
    #[must_use]
    pub fn payload_is_sound(&self) -> bool {
        payload_digest(self.payload()) == self.header.digest
    }

    /// Whether the payload was overwritten with zeros.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.payload().iter().all(|&byte| byte == 0)
    }
}

/// A new entry: `header` with its payload's length and digest filled in, then salt and body.
#[must_use]
pub fn write(mut header: Header, salt: &[u8; SALT_BYTES], body: &[u8]) -> Vec<u8> {
    let payload_len = SALT_BYTES + body.len();
    debug_assert!(payload_len <= PAYLOAD_BYTES_MAX, "the codec bounds every body");
    header.payload_len = payload_len as u32;
    header.digest = digest::of(&[salt, body]);
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload_len);
    bytes.extend_from_slice(&header.to_bytes());
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(body);
    bytes
}

/// SHA-256(0x00, header): what the chain and the tree hold of an entry.
#[must_use]
pub fn leaf(header: &[u8]) -> Hash {
    digest::of(&[&[0], header])
}

/// The stream's hash after an entry: SHA-256(hash before it, its leaf).
#[must_use]
pub fn chain(before: &Hash, leaf: &Hash) -> Hash {
    digest::of(&[before, leaf])
}

/// SHA-256 of a payload, salt included.
#[must_use]
pub fn payload_digest(payload: &[u8]) -> Hash {
    digest::of(&[payload])
}

fn u32_at(b: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

fn u64_at(b: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | (u64::from(u32_at(b, at + 4)) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            event_type: 0x0301,
            payload_len: 0,
            stream: StreamId { meeting: 88_137_455, session: 2 },
            epoch: 7,
            audience: Audience::One(ParticipantId(9)),
            actor: Actor::Number(4),
            client: ClientId(u64::MAX - 1),
            client_seq: 12,
            seq: 345,
            time: Millis(1_700_000_000_123),
            digest: [0; 32],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = write(header(), &[5; 16], b"body");
        let entry = EntryRef::read(&bytes).expect("just written");
        assert_eq!(entry.body(), b"body");
        assert_eq!(entry.header.to_bytes()[..], bytes[..HEADER_BYTES]);
        assert_eq!((entry.header.seq, entry.header.actor), (345, Actor::Number(4)));
        assert!(entry.payload_is_sound() && !entry.is_erased());
    }

    #[test]
    fn every_flipped_bit_is_noticed_or_changes_the_leaf() {
        let bytes = write(header(), &[5; 16], b"body");
        let before = EntryRef::read(&bytes).expect("just written").leaf();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(entry) = EntryRef::read(&flipped) {
                assert!(entry.leaf() != before || !entry.payload_is_sound(), "bit {bit}");
            }
        }
    }

    #[test]
    fn an_erased_payload_keeps_the_leaf() {
        let mut bytes = write(header(), &[5; 16], b"body");
        let before = EntryRef::read(&bytes).expect("just written").leaf();
        bytes[HEADER_BYTES..].fill(0);
        let erased = EntryRef::read(&bytes).expect("the header is whole");
        assert!(erased.is_erased() && !erased.payload_is_sound());
        assert_eq!(erased.leaf(), before);
    }
}
