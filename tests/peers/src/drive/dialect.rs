//! How each relay spells what it delivers and what is published to it, found and counted without
//! building anything for a message.

use convoke_model::TrackId;
use convoke_peers::frame;
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::short;

use crate::clock::Micros;
use crate::options::Options;
use crate::stamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// WebSocket messages that are the payload: `limit`, `axum-broadcast`.
    Raw,
    Redis,
    Nats,
    Convoke,
}

/// What is measured, and how it looks on the wire.
pub(crate) struct Shape {
    pub(crate) dialect: Dialect,
    /// Chat instead of media; Convoke only.
    pub(crate) facts: bool,
    /// Bytes of a message: of the payload; of media with its header; of a chat's text.
    pub(crate) size: usize,
    /// What stands before the payload of a delivery, where no WebSocket frame does.
    before: Vec<u8>,
}

/// One thing that came.
pub(crate) enum Seen<'a> {
    /// A published message, and where in it the stamp begins.
    Delivery(&'a [u8], usize),
    /// A Convoke entry other than what is measured.
    Entry(&'a [u8]),
    /// A Convoke control message.
    Control(&'a [u8]),
    Ping(&'a [u8]),
    /// The peer says goodbye, or what is wrong.
    Closed(&'a [u8]),
    /// A line of a text protocol.
    Line,
}

impl Shape {
    pub(crate) fn read(options: &Options) -> Result<Self, String> {
        let dialect = match options.text("dialect").unwrap_or("convoke") {
            "raw" => Dialect::Raw,
            "redis" => Dialect::Redis,
            "nats" => Dialect::Nats,
            "convoke" => Dialect::Convoke,
            other => return Err(format!("there is no dialect {other}")),
        };
        let facts = options.text("kind") == Some("facts");
        let size = options.number("size", 100)?;
        let before = match dialect {
            Dialect::Redis => format!("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n${size}\r\n"),
            Dialect::Nats => format!("MSG c 1 {size}\r\n"),
            Dialect::Raw | Dialect::Convoke => String::new(),
        };
        // A fact's size is that of its text.
        let least = if facts { stamp::TEXT_BYTES } else { media::HEADER_BYTES + 32 };
        if size < least {
            return Err(format!("a message has at least {least} bytes"));
        }
        if dialect == Dialect::Convoke && size > media::MESSAGE_BYTES_MAX {
            return Err(format!("a message has at most {} bytes", media::MESSAGE_BYTES_MAX));
        }
        Ok(Self { dialect, facts, size, before: before.into_bytes() })
    }

    /// Tells `each` what lies in `bytes`, and returns how much of them was whole.
    #[inline]
    pub(crate) fn walk(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(Seen<'_>) -> Result<(), String>,
    ) -> Result<usize, String> {
        let mut at = 0;
        match self.dialect {
            Dialect::Raw | Dialect::Convoke => {
                while let Some(found) = frame::find(bytes, at)? {
                    each(self.message(found.opcode, &bytes[found.payload..found.end]))?;
                    at = found.end;
                }
            }
            Dialect::Redis | Dialect::Nats => {
                let whole = self.before.len() + self.size + 2;
                loop {
                    let rest = &bytes[at..];
                    if rest.starts_with(&self.before) {
                        if rest.len() < whole {
                            break;
                        }
                        each(Seen::Delivery(&rest[self.before.len()..whole], 0))?;
                        at += whole;
                        continue;
                    }
                    let cut = self.before.starts_with(rest);
                    let end = rest.windows(2).position(|two| two == b"\r\n");
                    let Some(end) = end.filter(|_| !cut) else { break };
                    each(match &rest[..end] {
                        b"PING" => Seen::Ping(b""),
                        line if line.starts_with(b"-") => Seen::Closed(line),
                        _ => Seen::Line,
                    })?;
                    at += end + 2;
                }
            }
        }
        Ok(at)
    }

    #[inline]
    fn message<'a>(&self, opcode: u8, payload: &'a [u8]) -> Seen<'a> {
        match (opcode, payload.first()) {
            (2, _) if self.dialect == Dialect::Raw => Seen::Delivery(payload, 0),
            (2, Some(&media::KIND)) if !self.facts => Seen::Delivery(payload, media::HEADER_BYTES),
            (2, Some(&short::KIND)) if self.facts && payload.get(2..4) == Some(&[0x01, 0x04]) => {
                Seen::Delivery(payload, payload.len().saturating_sub(self.size))
            }
            (2, Some(&short::KIND)) => Seen::Entry(payload),
            (2, Some(2)) => Seen::Control(payload),
            (9, _) => Seen::Ping(payload),
            (8, _) => Seen::Closed(payload),
            _ => Seen::Line,
        }
    }

    /// The answer to a ping.
    pub(crate) fn pong(&self, payload: &[u8], into: &mut Vec<u8>) {
        match self.dialect {
            Dialect::Raw | Dialect::Convoke => frame::write_masked(10, payload, into),
            Dialect::Redis | Dialect::Nats => into.extend_from_slice(b"PONG\r\n"),
        }
    }

    /// A message ready to be published, but for its stamp and what changes in a media header.
    pub(crate) fn template(&self, track: TrackId) -> Template {
        let size = self.size;
        let mut bytes = Vec::new();
        match self.dialect {
            Dialect::Redis => {
                let before = format!("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n${size}\r\n");
                bytes.extend_from_slice(before.as_bytes());
            }
            Dialect::Nats => bytes.extend_from_slice(format!("PUB c {size}\r\n").as_bytes()),
            Dialect::Raw | Dialect::Convoke => {
                let (header, len) = frame::header(2, size, true);
                bytes.extend_from_slice(&header[..len]);
            }
        }
        let start = bytes.len();
        bytes.resize(start + size, b'x');
        let mut stamp_at = start;
        let mut header_at = None;
        match self.dialect {
            Dialect::Redis | Dialect::Nats => bytes.extend_from_slice(b"\r\n"),
            Dialect::Raw => {}
            // Facts are asked for, and have no message that could be made ready.
            Dialect::Convoke if self.facts => {}
            Dialect::Convoke => {
                let header = MediaHeader {
                    flags: media::FLAG_FIRST | media::FLAG_LAST,
                    part: 0,
                    track,
                    generation: 1,
                    frame: 0,
                    captured_us: 0,
                    arrived: convoke_model::Millis(0),
                    fact_seq: 0,
                };
                bytes[start..start + media::HEADER_BYTES].copy_from_slice(&header.to_bytes());
                stamp_at += media::HEADER_BYTES;
                header_at = Some(start);
            }
        }
        Template { bytes, stamp_at, header_at }
    }
}

/// Bytes of a message, and what in them changes from one to the next.
pub(crate) struct Template {
    bytes: Vec<u8>,
    stamp_at: usize,
    header_at: Option<usize>,
}

impl Template {
    /// Appends message `number`; a key frame if so told.
    pub(crate) fn write(&self, number: u64, due: Micros, key: bool, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&self.bytes);
        let written = &mut into[start..];
        stamp::write(&mut written[self.stamp_at..], false, number, due);
        if let Some(at) = self.header_at {
            written[at + 1] |= if key { media::FLAG_KEY } else { 0 };
            written[at + 12..at + 16].copy_from_slice(&(number as u32).to_le_bytes());
            written[at + 16..at + 24].copy_from_slice(&due.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(dialect: &str) -> Shape {
        let words = ["--dialect", dialect, "--size", "100"].map(str::to_owned);
        Shape::read(&Options::read(&words).expect("pairs")).expect("sound")
    }

    #[test]
    fn deliveries_are_counted_whole_whatever_stands_between() {
        for (dialect, before, between) in [
            ("redis", "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$100\r\n", ":1\r\n"),
            ("nats", "MSG c 1 100\r\n", "PING\r\n"),
        ] {
            let mut bytes = between.as_bytes().to_vec();
            for number in 0..3 {
                bytes.extend_from_slice(before.as_bytes());
                let mut payload = [b'x'; 100];
                stamp::write(&mut payload, false, number, 7);
                bytes.extend_from_slice(&payload);
                bytes.extend_from_slice(b"\r\n");
                bytes.extend_from_slice(between.as_bytes());
            }
            for cut in 0..bytes.len() {
                let mut numbers = Vec::new();
                let mut note = |seen: Seen<'_>| {
                    if let Seen::Delivery(payload, at) = seen {
                        numbers.push(stamp::read(&payload[at..], false).0);
                    }
                    Ok(())
                };
                let used = shape(dialect).walk(&bytes[..cut], &mut note).expect("sound");
                shape(dialect).walk(&bytes[used..], &mut note).expect("sound");
                assert_eq!(numbers, [0, 1, 2], "{dialect} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_published_to_convoke_is_media_that_it_reads() {
        let mut bytes = Vec::new();
        shape("convoke").template(TrackId(9)).write(5, 1234, true, &mut bytes);
        let found = frame::find(&bytes, 0).expect("sound").expect("whole");
        let header = MediaHeader::read(&bytes[found.payload..found.end]).expect("media");
        assert_eq!((header.track, header.frame, header.captured_us), (TrackId(9), 5, 1234));
        assert!(header.is_start() && found.end == bytes.len());
    }
}
