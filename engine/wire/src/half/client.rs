//! A client's half: keeps its place, its receipts and its unanswered requests over reconnects, and
//! hands out facts strictly in order, once.

use std::collections::BTreeMap;

use convoke_model::meeting::Command;
use convoke_model::view::session::SessionView;
use convoke_model::{ClientId, Position, StreamId, TrackId};

use crate::entry::{self, CHAIN_START, EntryRef, Hash};
use crate::media::{self, MediaHeader};
use crate::message::{self, ClientMessage, Hello, ReplyResult, Resume, ServerMessage, VERSIONS};
use crate::short;

/// What a message means to the client program.
#[derive(Debug)]
pub enum Output<'a> {
    /// The door opened; the welcome's own fields are kept by the half.
    Welcomed,
    /// A host has to let us in first.
    Waiting,
    /// The session as it is.
    Snapshot(Box<SessionView>),
    /// What was missed follows.
    Resumed,
    /// The next fact, in order.
    Fact(EntryBytes<'a>),
    /// A fact that is not for us.
    Withheld(u64),
    /// A media message.
    Media(MediaHeader, &'a [u8]),
    /// A request was answered.
    Reply(u64, ReplyResult),
    /// A receiver needs a key frame of our track.
    KeyFrameWanted(TrackId),
    /// A receiver of our track can decode only these codecs.
    CodecWanted(TrackId, Vec<String>),
    /// Our track's readers cannot follow.
    Slower(TrackId, u64),
    /// The server hangs up: code, reason, sentence.
    Bye(u16, String, String),
}

/// An entry's own bytes: as they came, kept from earlier, or made whole again.
pub type EntryBytes<'a> = std::borrow::Cow<'a, [u8]>;

/// Why the client must hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The server said something that is not in the protocol.
    Malformed,
    /// A fact is missing: the server skipped a seq.
    Hole,
}

/// One client, over all its connections.
#[derive(Debug, Default)]
pub struct ClientHalf {
    ticket: Option<String>,
    agent: String,
    way_back: Option<(u32, u32, ClientId, Vec<u8>)>,
    position: Position,
    hash: Hash,
    next_n: u64,
    unanswered: BTreeMap<u64, Command>,
    ahead: BTreeMap<u64, Vec<u8>>,
}

impl ClientHalf {
    /// A client with a ticket.
    #[must_use]
    pub fn new(ticket: String, agent: String) -> Self {
        Self { ticket: Some(ticket), agent, hash: CHAIN_START, next_n: 1, ..Self::default() }
    }

    /// The last fact it holds.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The stream's hash there.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Requests that were not answered yet.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// The first message of a connection: with the ticket the first time, to resume from then on.
    #[must_use]
    pub fn hello(&self) -> Vec<u8> {
        let resume = self.way_back.as_ref().map(|(meeting, session, client, secret)| Resume {
            meeting: *meeting,
            session: *session,
            client: *client,
            secret: secret.clone(),
            position: (self.position.seq > 0).then_some(self.position),
            hash: (self.position.seq > 0).then(|| self.hash.to_vec()),
        });
        let ticket = if resume.is_none() { self.ticket.clone() } else { None };
        message::to_bytes(&ClientMessage::Hello(Hello {
            versions: VERSIONS.to_vec(),
            ticket,
            resume,
            agent: self.agent.clone(),
        }))
    }

    /// A new request, kept until it is answered: its number and the message to send.
    pub fn request(&mut self, command: Command) -> (u64, Vec<u8>) {
        let n = self.next_n;
        self.next_n += 1;
        let bytes = message::to_bytes(&ClientMessage::Request { n, command: command.clone() });
        self.unanswered.insert(n, command);
        (n, bytes)
    }

    /// The messages to send again after a resume: every request that was not answered.
    #[must_use]
    pub fn repeat(&self) -> Vec<Vec<u8>> {
        let again = self.unanswered.iter();
        again
            .map(|(&n, command)| {
                message::to_bytes(&ClientMessage::Request { n, command: command.clone() })
            })
            .collect()
    }

    /// What to tell the server every few seconds; `media` counts the bytes of media frames that
    /// came over this connection, WebSocket headers included.
    #[must_use]
    pub fn confirm(&self, media: u64) -> Vec<u8> {
        message::to_bytes(&ClientMessage::Confirm { seq: self.position.seq, media })
    }

    /// Takes in one message. `None` when there is nothing to tell: a fact that came before its turn
    /// or a second time.
    ///
    /// # Errors
    /// `Broken` when the server breaks the protocol: hang up and resume.
    pub fn handle<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<Output<'a>>, Broken> {
        match bytes.first() {
            Some(&media::KIND) => {
                let header = MediaHeader::read(bytes).ok_or(Broken::Malformed)?;
                Ok(Some(Output::Media(header, &bytes[media::HEADER_BYTES..])))
            }
            Some(&entry::KIND) => self.entry(bytes.into()),
            Some(&short::KIND) => {
                let stream = self.stream().ok_or(Broken::Malformed)?;
                let whole = short::whole(stream, bytes).map_err(|_| Broken::Malformed)?;
                self.entry(whole.into())
            }
            Some(&message::KIND_WITHHELD) => {
                let (seq, leaf) = message::read_withheld(bytes).ok_or(Broken::Malformed)?;
                self.withheld(seq, &leaf)
            }
            Some(&message::KIND) => {
                let said = message::from_bytes(bytes).ok_or(Broken::Malformed)?;
                Ok(Some(self.control(said)?))
            }
            Some(_) | None => Err(Broken::Malformed),
        }
    }

    /// The stream that a welcome has named.
    fn stream(&self) -> Option<StreamId> {
        let &(meeting, session, ..) = self.way_back.as_ref()?;
        Some(StreamId { meeting, session })
    }

    fn entry<'a>(&mut self, bytes: EntryBytes<'a>) -> Result<Option<Output<'a>>, Broken> {
        let found = EntryRef::read(&bytes).map_err(|_| Broken::Malformed)?;
        let seq = found.header.seq;
        if seq <= self.position.seq {
            return Ok(None);
        }
        // What is addressed to us alone comes in a lane of its own, before its place in the facts
        // lane.
        let addressed = found.header.audience != convoke_model::Audience::Everyone;
        if addressed {
            self.ahead.insert(seq, bytes.into_owned());
            return Ok(None);
        }
        let (leaf, epoch) = (found.leaf(), found.header.epoch);
        self.step(seq, &leaf, epoch)?;
        Ok(Some(Output::Fact(bytes)))
    }

    fn withheld<'a>(&mut self, seq: u64, leaf: &Hash) -> Result<Option<Output<'a>>, Broken> {
        if seq <= self.position.seq {
            return Ok(None);
        }
        let kept = self.ahead.remove(&seq);
        let found = kept.as_deref().and_then(|bytes| EntryRef::read(bytes).ok());
        // The facts lane vouches for what came beside it.
        if found.is_some_and(|found| found.leaf() != *leaf) {
            return Err(Broken::Malformed);
        }
        let epoch = found.map_or(self.position.epoch, |found| found.header.epoch);
        self.step(seq, leaf, epoch)?;
        Ok(Some(match kept {
            Some(bytes) => Output::Fact(bytes.into()),
            None => Output::Withheld(seq),
        }))
    }

    fn step(&mut self, seq: u64, leaf: &Hash, epoch: u32) -> Result<(), Broken> {
        if seq != self.position.seq + 1 {
            return Err(Broken::Hole);
        }
        self.hash = entry::chain(&self.hash, leaf);
        self.position = Position { epoch, seq };
        Ok(())
    }

    fn control<'a>(&mut self, said: ServerMessage) -> Result<Output<'a>, Broken> {
        Ok(match said {
            ServerMessage::Welcome(w) => {
                self.way_back = Some((w.meeting, w.session, w.client, w.secret));
                self.next_n = self.next_n.max(w.requests + 1);
                Output::Welcomed
            }
            ServerMessage::Waiting {} => Output::Waiting,
            ServerMessage::Snapshot(snapshot) => {
                self.position = snapshot.position;
                self.hash = snapshot.hash.try_into().map_err(|_| Broken::Malformed)?;
                self.ahead.retain(|&seq, _| seq > snapshot.position.seq);
                Output::Snapshot(Box::new(snapshot.view))
            }
            ServerMessage::Resumed { from } if from != self.position.seq + 1 => {
                return Err(Broken::Hole);
            }
            ServerMessage::Resumed { .. } => Output::Resumed,
            ServerMessage::Reply { n, result } => {
                self.unanswered.remove(&n);
                Output::Reply(n, result)
            }
            ServerMessage::KeyFrameWanted { track } => Output::KeyFrameWanted(track),
            ServerMessage::CodecWanted { track, decodes } => Output::CodecWanted(track, decodes),
            ServerMessage::Slower { track, bits_per_second } => {
                Output::Slower(track, bits_per_second)
            }
            ServerMessage::Bye { code, reason, sentence } => Output::Bye(code, reason, sentence),
        })
    }
}
