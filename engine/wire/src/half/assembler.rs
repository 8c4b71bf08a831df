//! Messages from frames: puts fragments together within bounds.

use crate::close::Close;
use crate::frame::{FRAGMENTS_MAX, Frame, Opcode};

/// What a frame meant.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// The frame's payload is a whole message.
    Whole,
    /// A message is complete: take it with `Assembler::take`.
    Complete,
    /// More fragments follow.
    More,
    /// The peer asks whether we are there: answer with the same payload.
    Ping,
    /// The peer is there.
    Pong,
    /// The peer goes.
    Close,
}

/// Keeps the fragments of a message that has not ended.
#[derive(Debug, Default)]
pub struct Assembler {
    parts: Vec<u8>,
    fragments: u32,
}

impl Assembler {
    /// Takes in one frame.
    ///
    /// # Errors
    /// `Framing` when fragments come out of order or in too many pieces, `TooBig` above
    /// `bytes_max`.
    pub fn push(&mut self, frame: Frame, payload: &[u8], bytes_max: usize) -> Result<Piece, Close> {
        match frame.opcode {
            Opcode::Ping => Ok(Piece::Ping),
            Opcode::Pong => Ok(Piece::Pong),
            Opcode::Close => Ok(Piece::Close),
            Opcode::Binary if self.fragments > 0 => Err(Close::Framing),
            Opcode::Continuation if self.fragments == 0 => Err(Close::Framing),
            Opcode::Binary if frame.fin => Ok(Piece::Whole),
            Opcode::Binary | Opcode::Continuation => {
                self.fragments += 1;
                if self.fragments > FRAGMENTS_MAX {
                    return Err(Close::Framing);
                }
                if self.parts.len() + payload.len() > bytes_max {
                    return Err(Close::TooBig);
                }
                self.parts.extend_from_slice(payload);
                Ok(if frame.fin { Piece::Complete } else { Piece::More })
            }
        }
    }

    /// The completed message; the assembler is empty afterwards.
    pub fn take(&mut self) -> Vec<u8> {
        self.fragments = 0;
        std::mem::take(&mut self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: Opcode, fin: bool) -> Frame {
        Frame { fin, opcode, payload: 0, end: 0 }
    }

    #[test]
    fn fragments_become_a_message_with_a_ping_in_between() {
        let mut assembler = Assembler::default();
        let mut push =
            |opcode, fin, payload: &[u8]| assembler.push(frame(opcode, fin), payload, 10);
        assert_eq!(push(Opcode::Binary, false, b"ab"), Ok(Piece::More));
        assert_eq!(push(Opcode::Ping, true, b""), Ok(Piece::Ping));
        assert_eq!(push(Opcode::Continuation, true, b"c"), Ok(Piece::Complete));
        assert_eq!(assembler.take(), b"abc");
    }

    #[test]
    fn endless_and_disordered_fragments_are_refused() {
        let mut assembler = Assembler::default();
        let stray = assembler.push(frame(Opcode::Continuation, true), b"", 10);
        assert_eq!(stray, Err(Close::Framing));
        assert_eq!(assembler.push(frame(Opcode::Binary, false), b"", 10), Ok(Piece::More));
        assert_eq!(assembler.push(frame(Opcode::Binary, true), b"", 10), Err(Close::Framing));
        let big = assembler.push(frame(Opcode::Continuation, false), &[0; 11], 10);
        assert_eq!(big, Err(Close::TooBig));
        let mut last = Ok(Piece::More);
        for _ in 0..FRAGMENTS_MAX {
            last = assembler.push(frame(Opcode::Continuation, false), b"", 10);
        }
        assert_eq!(last, Err(Close::Framing));
    }
}
