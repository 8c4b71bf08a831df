//! The short form of an entry: as what an entry for everyone is sent. Of its 96 bytes of header it
//! leaves out what the reader knows (its stream) or works out (length, and the digest from the
//! payload). [`whole`] gives the entry's own bytes back, so that nothing is hashed, stored or
//! audited in any other form.
//!
//! Layout (little endian), 32 bytes of header, then the payload as in the entry:
//!
//! ```text
//!  0 u8  kind = 4         1 u8  format of the entry     2 u16 event type      4 u32 actor
//!  8 u32 seq             12 u32 client seq             16 u64 client id
//! 24 u16 epoch           26 u48 time, ms               32 payload (salt and body)
//! ```

use std::ops::Range;

use convoke_model::StreamId;

use crate::entry::{self, EntryError, PAYLOAD_BYTES_MAX, SALT_BYTES};

/// First byte of every entry in its short form.
pub const KIND: u8 = 0x04;
/// Bytes of its header.
pub const HEADER_BYTES: usize = 32;
/// Where each field that is sent lies in the short form, and where its low bytes do in the entry:
/// format, type, actor, seq, client seq, client id, epoch, time.
const FIELDS: [(Range<usize>, Range<usize>); 8] = [
    (1..2, 1..2),
    (2..4, 2..4),
    (4..8, 40..44),
    (8..12, 24..28),
    (12..16, 56..60),
    (16..24, 48..56),
    (24..26, 16..18),
    (26..32, 32..38),
];

/// The short form of `entry`: its header, and the payload that follows. `None` when it is not for
/// everyone or one of its numbers needs more room than there is; it is sent as it is, then.
///
/// An entry whose payload was erased must not be sent in this form: its digest is that of what was
/// there.
#[must_use]
pub fn split(entry: &[u8]) -> Option<([u8; HEADER_BYTES], &[u8])> {
    let (whole, payload) = entry.split_first_chunk::<{ entry::HEADER_BYTES }>()?;
    // Audience and its person; the high halves of epoch, seq, time and client seq.
    let zeros = [18..24, 28..32, 38..40, 44..48, 60..64];
    if whole[0] != entry::KIND || zeros.into_iter().any(|at| whole[at].iter().any(|&b| b != 0)) {
        return None;
    }
    let mut header = [0; HEADER_BYTES];
    header[0] = KIND;
    for (short, entry) in FIELDS {
        header[short].copy_from_slice(&whole[entry]);
    }
    Some((header, payload))
}

/// The entry of `stream` whose short form `message` is. Its payload is what the digest is worked
/// out from, so whether it is the one that the log holds is told by the chain.
///
/// # Errors
/// `EntryError` says what is wrong with the bytes.
pub fn whole(stream: StreamId, message: &[u8]) -> Result<Vec<u8>, EntryError> {
    let (header, payload) = message.split_first_chunk::<HEADER_BYTES>().ok_or(EntryError::Short)?;
    if header[0] != KIND {
        return Err(EntryError::Kind(header[0]));
    }
    if header[1] != entry::FORMAT {
        return Err(EntryError::Format(header[1]));
    }
    if !(SALT_BYTES..=PAYLOAD_BYTES_MAX).contains(&payload.len()) {
        return Err(EntryError::Field("payload_len"));
    }
    let mut bytes = Vec::with_capacity(entry::HEADER_BYTES + payload.len());
    bytes.resize(entry::HEADER_BYTES, 0);
    bytes[0] = entry::KIND;
    for (short, entry) in FIELDS {
        bytes[entry].copy_from_slice(&header[short]);
    }
    bytes[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes[8..12].copy_from_slice(&stream.meeting.to_le_bytes());
    bytes[12..16].copy_from_slice(&stream.session.to_le_bytes());
    bytes[64..96].copy_from_slice(&entry::payload_digest(payload));
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Seq of an entry in its short form, as its header says.
#[must_use]
pub fn seq(header: &[u8; HEADER_BYTES]) -> u64 {
    u64::from(u32::from_le_bytes([header[8], header[9], header[10], header[11]]))
}

/// Number of the event of an entry in its short form, as its header says.
#[must_use]
pub fn event_type(header: &[u8; HEADER_BYTES]) -> u16 {
    u16::from_le_bytes([header[2], header[3]])
}

#[cfg(test)]
mod tests {
    use convoke_model::{Actor, Audience, ClientId, Millis, ParticipantId};

    use super::*;
    use crate::entry::Header;

    const STREAM: StreamId = StreamId { meeting: 88_137_455, session: 2 };

    fn header() -> Header {
        Header {
            event_type: 0x0401,
            payload_len: 0,
            stream: STREAM,
            epoch: u32::from(u16::MAX),
            audience: Audience::Everyone,
            actor: Actor::Number(u32::MAX),
            client: ClientId(u64::MAX),
            client_seq: u64::from(u32::MAX),
            seq: u64::from(u32::MAX),
            time: Millis((1 << 48) - 1),
            digest: [0; 32],
        }
    }

    fn sent(header: Header) -> Option<Vec<u8>> {
        let entry = entry::write(header, &[5; 16], b"body");
        let (short, payload) = split(&entry)?;
        assert_eq!(u64::from(u32::MAX), seq(&short));
        assert_eq!(0x0401, event_type(&short));
        Some([short.as_slice(), payload].concat())
    }

    #[test]
    fn the_short_form_gives_every_byte_of_the_entry_back() {
        let entry = entry::write(header(), &[5; 16], b"body");
        let message = sent(header()).expect("everything fits");
        assert_eq!(message.len() + 64, entry.len());
        assert_eq!(whole(STREAM, &message), Ok(entry));
    }

    #[test]
    fn what_does_not_fit_or_is_not_for_everyone_is_sent_as_it_is() {
        let big = u64::from(u32::MAX) + 1;
        for not in [
            Header { seq: big, ..header() },
            Header { client_seq: big, ..header() },
            Header { epoch: 1 << 16, ..header() },
            Header { time: Millis(1 << 48), ..header() },
            Header { audience: Audience::Hosts, ..header() },
            Header { audience: Audience::One(ParticipantId(1)), ..header() },
            Header { audience: Audience::Nobody, ..header() },
        ] {
            assert_eq!(sent(not), None, "{not:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_short_form_are_refused() {
        let message = sent(header()).expect("everything fits");
        let changed = |at: usize, to: u8| {
            let mut bytes = message.clone();
            bytes[at] = to;
            whole(STREAM, &bytes)
        };
        assert_eq!(changed(0, 1), Err(EntryError::Kind(1)));
        assert_eq!(changed(1, 2), Err(EntryError::Format(2)));
        assert_eq!(whole(STREAM, &message[..31]), Err(EntryError::Short));
        assert_eq!(whole(STREAM, &message[..47]), Err(EntryError::Field("payload_len")));
        let long = [&message[..32], &vec![1; PAYLOAD_BYTES_MAX + 1]].concat();
        assert_eq!(whole(STREAM, &long), Err(EntryError::Field("payload_len")));
    }

    #[test]
    fn every_flipped_bit_changes_the_leaf() {
        let message = sent(header()).expect("everything fits");
        let leaf = |message: &[u8]| {
            whole(STREAM, message).map(|bytes| entry::leaf(&bytes[..entry::HEADER_BYTES]))
        };
        let before = leaf(&message);
        for bit in 0..message.len() * 8 {
            let mut flipped = message.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(leaf(&flipped), before, "bit {bit}");
        }
    }
}
