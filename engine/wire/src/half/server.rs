//! The server's half: what a client may say and when. Hostile input ends this connection and no
//! other.

use convoke_model::meeting::{Command, access};
use convoke_model::{Millis, Refusal, TrackId};

use crate::close::Close;
use crate::media::{self, MediaHeader};
use crate::message::{
    self, CONTROL_BYTES_MAX, ClientMessage, DECODES_MAX, DECODES_NAME_BYTES_MAX, Hello, VERSIONS,
};

/// How many requests a client may have unanswered.
pub const UNANSWERED_MAX: u32 = 64;

/// Bounds of one connection, from the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second that a client may make for long.
    pub requests_per_second: u32,
    /// Requests that it may make at once after a rest.
    pub requests_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // All that may be unanswered fits a burst: what is sent again after a resume is not
        // refused.
        Self { requests_per_second: 10, requests_burst: UNANSWERED_MAX + 16 }
    }
}

/// What a message means to the engine.
#[derive(Debug)]
pub enum Input<'a> {
    /// The first message.
    Hello(u32, Hello),
    /// A wish to propose.
    Request {
        /// Its number.
        n: u64,
        /// The wish.
        command: Command,
    },
    /// A wish above the rate: to be refused with `too_fast`.
    TooFast {
        /// Its number.
        n: u64,
    },
    /// A wish that only the server itself may have: to be refused with `not_allowed`.
    NotAllowed {
        /// Its number.
        n: u64,
    },
    /// A wish whose text the model does not take: to be refused with this.
    Refused {
        /// Its number.
        n: u64,
        /// Why.
        refusal: Refusal,
    },
    /// What arrived: everything up to this fact, and so many bytes of media frames.
    Confirm {
        /// The fact's seq.
        seq: u64,
        /// The bytes, of this connection.
        media: u64,
    },
    /// A decoder needs a key frame.
    KeyFrame(TrackId),
    /// There is no decoder for a track's codec, only for these.
    Undecodable(TrackId, Vec<String>),
    /// A media message for its lane.
    Media(MediaHeader, &'a mut [u8]),
}

/// One client's side of the protocol as the server sees it.
#[derive(Debug)]
pub struct ServerHalf {
    greeted: bool,
    unanswered: u32,
    tokens_milli: u64,
    filled: Millis,
}

impl ServerHalf {
    /// A connection that said nothing yet.
    #[must_use]
    pub fn new(now: Millis, limits: &Limits) -> Self {
        let tokens_milli = u64::from(limits.requests_burst) * 1000;
        Self { greeted: false, unanswered: 0, tokens_milli, filled: now }
    }

    /// Takes in one message.
    ///
    /// # Errors
    /// The close code for a message that is malformed, too large, out of order or one too many.
    pub fn handle<'a>(
        &mut self,
        bytes: &'a mut [u8],
        now: Millis,
        limits: &Limits,
    ) -> Result<Input<'a>, Close> {
        match bytes.first() {
            Some(&media::KIND) => {
                if !self.greeted {
                    return Err(Close::OutOfOrder);
                }
                if bytes.len() > media::MESSAGE_BYTES_MAX {
                    return Err(Close::TooBig);
                }
                let header = MediaHeader::read(bytes).ok_or(Close::Malformed)?;
                Ok(Input::Media(header, bytes))
            }
            Some(&message::KIND) => {
                if bytes.len() > CONTROL_BYTES_MAX {
                    return Err(Close::TooBig);
                }
                match message::from_bytes(bytes) {
                    Some(said) => self.control(said, now, limits),
                    None => self.unreadable(bytes, now, limits),
                }
            }
            Some(_) | None => Err(Close::Malformed),
        }
    }

    /// A request was answered: another one may come.
    pub fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    fn control<'a>(
        &mut self,
        said: ClientMessage,
        now: Millis,
        limits: &Limits,
    ) -> Result<Input<'a>, Close> {
        match said {
            ClientMessage::Hello(_) if self.greeted => Err(Close::OutOfOrder),
            ClientMessage::Hello(hello) => {
                let common = VERSIONS.iter().find(|version| hello.versions.contains(version));
                let version = *common.ok_or(Close::Version)?;
                if hello.ticket.is_some() == hello.resume.is_some() {
                    return Err(Close::Malformed);
                }
                self.greeted = true;
                Ok(Input::Hello(version, hello))
            }
            _ if !self.greeted => Err(Close::OutOfOrder),
            ClientMessage::Request { n, command } => {
                self.count()?;
                if access::needs(&command) == access::Needs::Server {
                    return Ok(Input::NotAllowed { n });
                }
                if !self.take_token(now, limits) {
                    return Ok(Input::TooFast { n });
                }
                Ok(Input::Request { n, command })
            }
            ClientMessage::Confirm { seq, media } => Ok(Input::Confirm { seq, media }),
            ClientMessage::KeyFrame { track } => Ok(Input::KeyFrame(track)),
            ClientMessage::Undecodable { decodes, .. } if !are_codecs(&decodes) => {
                Err(Close::Malformed)
            }
            ClientMessage::Undecodable { track, decodes } => Ok(Input::Undecodable(track, decodes)),
        }
    }

    /// A message that is not in the protocol, unless only the text of it is not.
    fn unreadable<'a>(
        &mut self,
        bytes: &[u8],
        now: Millis,
        limits: &Limits,
    ) -> Result<Input<'a>, Close> {
        let (n, refusal) = message::refused_text(bytes).ok_or(Close::Malformed)?;
        if !self.greeted {
            return Err(Close::OutOfOrder);
        }
        self.count()?;
        Ok(match self.take_token(now, limits) {
            true => Input::Refused { n, refusal },
            false => Input::TooFast { n },
        })
    }

    /// One more request waits for its answer.
    fn count(&mut self) -> Result<(), Close> {
        self.unanswered += 1;
        if self.unanswered > UNANSWERED_MAX { Err(Close::TooFast) } else { Ok(()) }
    }

    fn take_token(&mut self, now: Millis, limits: &Limits) -> bool {
        let full = u64::from(limits.requests_burst) * 1000;
        let gained = now.since(self.filled).saturating_mul(u64::from(limits.requests_per_second));
        self.tokens_milli = self.tokens_milli.saturating_add(gained).min(full);
        self.filled = self.filled.max(now);
        if self.tokens_milli < 1000 {
            return false;
        }
        self.tokens_milli -= 1000;
        true
    }
}

/// Whether these can be the first parts of codec strings, few and short.
fn are_codecs(names: &[String]) -> bool {
    let is_codec = |name: &String| {
        (1..=DECODES_NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    names.len() <= DECODES_MAX && names.iter().all(is_codec)
}

#[cfg(test)]
mod tests {
    use convoke_model::meeting::hand;

    use super::*;

    const LIMITS: Limits = Limits { requests_per_second: 2, requests_burst: 3 };

    fn hello() -> ClientMessage {
        ClientMessage::Hello(Hello {
            versions: vec![9, 1],
            ticket: Some("t".into()),
            resume: None,
            agent: String::new(),
        })
    }

    fn raise(n: u64) -> ClientMessage {
        ClientMessage::Request { n, command: Command::Hand(hand::Command::Raise {}) }
    }

    fn say<'a>(
        half: &mut ServerHalf,
        bytes: &'a mut Vec<u8>,
        said: &ClientMessage,
        now: u64,
    ) -> Result<Input<'a>, Close> {
        *bytes = message::to_bytes(said);
        half.handle(bytes, Millis(now), &LIMITS)
    }

    #[test]
    fn hello_comes_first_and_once() {
        let mut half = ServerHalf::new(Millis(0), &LIMITS);
        let bytes = &mut Vec::new();
        assert!(matches!(say(&mut half, bytes, &raise(1), 0), Err(Close::OutOfOrder)));
        assert!(matches!(say(&mut half, bytes, &hello(), 0), Ok(Input::Hello(1, _))));
        assert!(matches!(say(&mut half, bytes, &hello(), 0), Err(Close::OutOfOrder)));
    }

    #[test]
    fn a_stranger_to_every_version_is_told_so() {
        let mut half = ServerHalf::new(Millis(0), &LIMITS);
        let ClientMessage::Hello(mut said) = hello() else { return };
        said.versions = vec![2, 3];
        let refused = say(&mut half, &mut Vec::new(), &ClientMessage::Hello(said), 0).map(|_| ());
        assert_eq!(refused, Err(Close::Version));
    }

    #[test]
    fn too_fast_is_refused_and_recovers() {
        let mut half = ServerHalf::new(Millis(0), &LIMITS);
        let bytes = &mut Vec::new();
        assert!(say(&mut half, bytes, &hello(), 0).is_ok());
        for n in 1..=3 {
            assert!(matches!(say(&mut half, bytes, &raise(n), 0), Ok(Input::Request { .. })));
        }
        assert!(matches!(say(&mut half, bytes, &raise(4), 0), Ok(Input::TooFast { n: 4 })));
        assert!(matches!(say(&mut half, bytes, &raise(5), 500), Ok(Input::Request { .. })));
    }

    #[test]
    fn garbage_ends_the_connection() {
        let mut half = ServerHalf::new(Millis(0), &LIMITS);
        for (mut bytes, close) in [
            (vec![], Close::Malformed),
            (vec![0x77, 1], Close::Malformed),
            (vec![message::KIND, 0xc1], Close::Malformed),
            (vec![message::KIND; CONTROL_BYTES_MAX + 1], Close::TooBig),
            (vec![media::KIND; 60], Close::OutOfOrder),
        ] {
            let refused = half.handle(&mut bytes, Millis(0), &LIMITS).map(|_| ());
            assert_eq!(refused, Err(close));
        }
    }
}
