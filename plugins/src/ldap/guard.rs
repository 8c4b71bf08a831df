//! What a directory sends, cut into messages and looked at before anybody parses it.
//!
//! The parser behind goes as deep as the bytes say and trusts their shape. A directory is somebody
//! else's program, so only messages of a plain shape get there: one SEQUENCE of an id and an
//! answer, of definite length, bounded in size and depth (RFC 4511, 4.1.1 and 5.1).

/// Most bytes of one message.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes that come back for one question.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Elements within elements.
const DEPTH_MAX: usize = 12;
/// The answers there are: `[APPLICATION n]`.
const ANSWERS: [u8; 11] = [1, 4, 5, 7, 9, 11, 13, 15, 19, 24, 25];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const CONSTRUCTED: u8 = 0x20;

/// It is no message of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotLdap;

/// Bytes on their way in.
#[derive(Default)]
pub(super) struct Guard {
    buffer: Vec<u8>,
    seen: usize,
}

impl Guard {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), NotLdap> {
        self.seen += bytes.len();
        if self.seen > ANSWER_BYTES_MAX {
            return Err(NotLdap);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Another question was asked.
    pub(super) fn count_anew(&mut self) {
        self.seen = 0;
    }

    /// The next whole message, when it has arrived.
    pub(super) fn take(&mut self) -> Result<Option<Vec<u8>>, NotLdap> {
        let Some(header) = header(&self.buffer)? else { return Ok(None) };
        if header.tag != SEQUENCE || header.length > MESSAGE_BYTES_MAX {
            return Err(NotLdap);
        }
        let end = header.size + header.length;
        if self.buffer.len() < end {
            return Ok(None);
        }
        check_message(&self.buffer[header.size..end])?;
        let rest = self.buffer.split_off(end);
        Ok(Some(std::mem::replace(&mut self.buffer, rest)))
    }

    /// Whether bytes are left that make no message yet.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

#[derive(Clone, Copy)]
struct Header {
    tag: u8,
    /// Bytes of the header itself.
    size: usize,
    length: usize,
}

/// Tag and length; `None` when more bytes are needed.
fn header(bytes: &[u8]) -> Result<Option<Header>, NotLdap> {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    // Tags above 30 take several bytes; nothing here has one.
    if tag & 0x1f == 0x1f {
        return Err(NotLdap);
    }
    if first < 0x80 {
        return Ok(Some(Header { tag, size: 2, length: first.into() }));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(NotLdap);
    }
    let Some(bytes) = bytes.get(2..2 + count) else { return Ok(None) };
    let length = bytes.iter().fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
    Ok(Some(Header { tag, size: 2 + count, length }))
}

/// One element off the front: its header, its content, the rest.
fn element(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), NotLdap> {
    let header = header(bytes)?.ok_or(NotLdap)?;
    let rest = bytes.get(header.size..).ok_or(NotLdap)?;
    if rest.len() < header.length {
        return Err(NotLdap);
    }
    let (content, rest) = rest.split_at(header.length);
    Ok((header, content, rest))
}

fn check_message(bytes: &[u8]) -> Result<(), NotLdap> {
    let (id, number, rest) = element(bytes)?;
    if id.tag != INTEGER || !(1..=4).contains(&number.len()) {
        return Err(NotLdap);
    }
    let (answer, _, _) = element(rest)?;
    let is_answer = answer.tag & 0xc0 == 0x40 && ANSWERS.contains(&(answer.tag & 0x1f));
    if !is_answer || answer.tag & CONSTRUCTED == 0 {
        return Err(NotLdap);
    }
    check_depth(rest)
}

/// Walks all elements, without calling itself.
fn check_depth(bytes: &[u8]) -> Result<(), NotLdap> {
    let mut open: Vec<&[u8]> = vec![bytes];
    while let Some(bytes) = open.pop() {
        if bytes.is_empty() {
            continue;
        }
        let (header, content, rest) = element(bytes)?;
        open.push(rest);
        if header.tag & CONSTRUCTED != 0 {
            open.push(content);
        }
        if open.len() > DEPTH_MAX {
            return Err(NotLdap);
        }
    }
    Ok(())
}

/// The question for TLS: an extended request of RFC 4511, 4.14, with message id 1.
pub(super) const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Whether a message says yes to it: extended response, message id 1, result code 0.
pub(super) fn says_yes(message: &[u8]) -> bool {
    let parts = || {
        let (_, content, _) = element(message).ok()?;
        let (_, id, rest) = element(content).ok()?;
        let (answer, content, _) = element(rest).ok()?;
        let (code, value, _) = element(content).ok()?;
        Some((id, answer.tag, code.tag, value))
    };
    parts().is_some_and(|found| found == (&[1][..], 0x78, 0x0a, &[0][..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bind response: success.
    const GOOD: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

    fn one(bytes: &[u8]) -> Result<Option<Vec<u8>>, NotLdap> {
        let mut guard = Guard::default();
        guard.push(bytes)?;
        guard.take()
    }

    #[test]
    fn messages_are_cut_wherever_the_bytes_are_cut() {
        let mut guard = Guard::default();
        let mut found = 0;
        for byte in GOOD.repeat(3) {
            guard.push(&[byte]).expect("few bytes");
            if let Some(message) = guard.take().expect("a message") {
                assert_eq!(message, GOOD);
                found += 1;
            }
        }
        assert_eq!(found, 3);
        assert!(guard.is_empty());
    }

    #[test]
    fn an_answer_has_an_end() {
        let mut guard = Guard::default();
        let many = GOOD.repeat(1000);
        let rounds = ANSWER_BYTES_MAX / many.len();
        let answer = |guard: &mut Guard| {
            for _ in 0..rounds {
                guard.push(&many).expect("within the bound");
                while guard.take().expect("messages").is_some() {}
            }
        };
        answer(&mut guard);
        guard.count_anew();
        answer(&mut guard);
        assert_eq!(guard.push(&many), Err(NotLdap));
    }

    #[test]
    fn what_is_no_plain_message_goes_no_further() {
        let mut deep = vec![0x61, 0x00];
        for _ in 0..40 {
            let mut outer = vec![0x61, u8::try_from(deep.len()).expect("short")];
            outer.extend(deep);
            deep = outer;
        }
        let mut message = vec![0x30, u8::try_from(deep.len() + 3).expect("short"), 2, 1, 1];
        message.extend(deep);
        let hostile: [&[u8]; 12] = [
            &message,
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\x30\x80\x02\x01\x01\x00\x00",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x85\x01\x00\x00\x00\x00",
            b"\x30\x00",
            b"\x30\x03\x02\x01\x01",
            b"\x30\x05\x02\x01\x01\x61\x00\x00"[..7].as_ref(),
            b"\x30\x07\x02\x01\x01\x61\x05\x0a\x01",
            b"\x30\x07\x02\x00\x61\x03\x0a\x01\x00",
            b"\x30\x05\x02\x01\x01\x60\x00",
            b"\x3f\x81\x01\x00",
        ];
        for bytes in hostile {
            let found = one(bytes);
            let waits = found == Ok(None) && bytes.len() < 10;
            let empty_answer = bytes == b"\x30\x05\x02\x01\x01\x61\x00";
            assert!(found == Err(NotLdap) || waits || empty_answer, "{bytes:02x?}: {found:?}");
        }
        assert_eq!(one(&message), Err(NotLdap));
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(says_yes(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"));
        for no in [
            GOOD,
            b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00",
            b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"",
        ] {
            assert!(!says_yes(no));
        }
        assert_eq!(START_TLS.len(), 0x1d + 2);
    }
}
