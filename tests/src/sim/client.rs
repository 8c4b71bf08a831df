//! A client: the real half of the protocol, the real fold, and a doubtful eye on everything it is
//! told.

use std::collections::BTreeMap;

use convoke_model::grant::Role;
use convoke_model::meeting::{Command, Event};
use convoke_model::view::session::{SessionView, Viewer};
use convoke_model::{ClientId, MeetingId, ParticipantId, SessionNumber, StreamId};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::message::{self, ReplyResult, ServerMessage};

use super::Check;
use super::oracle::Oracle;
use super::process::Key;

/// A request and what was said about it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) command: Command,
    pub(crate) replies: Vec<ReplyResult>,
}

/// What reading a message came to.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Nothing to do.
    Nothing,
    /// The door opened: what was not answered is sent again.
    Welcomed,
    /// The server hangs up, with this code.
    Bye(u16),
}

/// One person with a program.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) index: usize,
    pub(crate) role: Role,
    pub(crate) half: ClientHalf,
    pub(crate) link: Option<u64>,
    /// Whether the door opened on this link.
    pub(crate) welcomed: bool,
    pub(crate) view: Option<SessionView>,
    pub(crate) id: Option<(Key, ClientId, ParticipantId)>,
    /// It will not come back.
    pub(crate) over: bool,
    /// Reads rarely and little.
    pub(crate) slow: bool,
    pub(crate) asked: BTreeMap<u64, Asked>,
    /// Things said, frames sent: so that each is unlike the others.
    pub(crate) counted: u32,
    /// Seq of the last fact that was handed out.
    held: u64,
}

impl Client {
    pub(crate) fn new(index: usize, role: Role, ticket: String, slow: bool) -> Self {
        Self {
            index,
            role,
            half: ClientHalf::new(ticket, format!("simulation {index}")),
            link: None,
            welcomed: false,
            view: None,
            id: None,
            over: false,
            slow,
            asked: BTreeMap::new(),
            counted: 0,
            held: 0,
        }
    }

    pub(crate) fn viewer(&self) -> Option<Viewer> {
        self.id.map(|(_, _, who)| Viewer::Participant(who, self.role))
    }

    pub(crate) fn stream(&self) -> Option<StreamId> {
        self.id.map(|((meeting, session), ..)| StreamId::session(meeting, session))
    }

    pub(crate) fn request(&mut self, command: Command) -> (u64, Vec<u8>) {
        let (n, bytes) = self.half.request(command.clone());
        self.asked.insert(n, Asked { command, replies: Vec::new() });
        (n, bytes)
    }

    /// Takes in one message and doubts it.
    pub(crate) fn receive(&mut self, bytes: &[u8], oracle: &Oracle) -> Check<Heard> {
        if let Some(ServerMessage::Welcome(welcome)) = message::from_bytes(bytes) {
            let meeting = MeetingId::new(welcome.meeting).ok_or("a welcome to no meeting")?;
            let id = ((meeting, SessionNumber(welcome.session)), welcome.client, welcome.who);
            if self.id.is_some_and(|before| before != id) {
                return Err(self.finding("is welcomed as somebody else"));
            }
            self.id = Some(id);
        }
        let output = self.half.handle(bytes);
        let output = output.map_err(|broken| format!("client {}: {broken:?}", self.index))?;
        match output {
            None => Ok(Heard::Nothing),
            Some(Output::Welcomed) => Ok(Heard::Welcomed),
            Some(Output::Snapshot(view)) => {
                self.held = self.half.position().seq;
                self.view = Some(*view);
                self.chained(oracle).map(|()| Heard::Nothing)
            }
            Some(Output::Fact(bytes)) => {
                self.fact(&bytes, oracle)?;
                self.chained(oracle).map(|()| Heard::Nothing)
            }
            Some(Output::Withheld(seq)) => {
                self.next(seq)?;
                let kept = self.stream().and_then(|stream| oracle.at(stream, seq));
                let kept =
                    kept.ok_or_else(|| self.finding("hears of a fact that is not durable"))?;
                let mine = |viewer: Viewer| viewer.sees(kept.header.audience, kept.header.actor);
                if self.viewer().is_none_or(mine) {
                    return Err(self.finding(&format!("may see fact {seq} and does not get it")));
                }
                self.chained(oracle).map(|()| Heard::Nothing)
            }
            Some(Output::Reply(n, result)) => {
                let Some(asked) = self.asked.get_mut(&n) else {
                    return Err(self.finding(&format!("never asked {n}")));
                };
                asked.replies.push(result);
                Ok(Heard::Nothing)
            }
            Some(Output::Bye(code, ..)) => Ok(Heard::Bye(code)),
            Some(
                Output::Waiting
                | Output::Resumed
                | Output::Media(..)
                | Output::KeyFrameWanted(_)
                | Output::CodecWanted(..)
                | Output::Slower(..),
            ) => Ok(Heard::Nothing),
        }
    }

    fn next(&mut self, seq: u64) -> Check<()> {
        if seq != self.held + 1 {
            return Err(self.finding(&format!("gets fact {seq} after {}", self.held)));
        }
        self.held = seq;
        Ok(())
    }

    fn fact(&mut self, bytes: &[u8], oracle: &Oracle) -> Check<()> {
        let found = EntryRef::read(bytes).map_err(|e| format!("client {}: {e:?}", self.index))?;
        let seq = found.header.seq;
        self.next(seq)?;
        let kept = self.stream().and_then(|stream| oracle.at(stream, seq));
        if kept.is_none_or(|kept| kept.bytes != bytes) {
            return Err(self.finding(&format!("gets fact {seq}, which is not in the journal so")));
        }
        let mine = |viewer: Viewer| viewer.sees(found.header.audience, found.header.actor);
        if !self.viewer().is_some_and(mine) {
            return Err(self.finding(&format!("gets fact {seq}, which it may not see")));
        }
        let record =
            codec::decode::<Event>(&found).map_err(|e| format!("client {}: {e:?}", self.index))?;
        match &mut self.view {
            Some(view) => view.apply(&record),
            None => return Err(self.finding("gets facts before a snapshot")),
        }
        Ok(())
    }

    /// Its chain is that of the journal.
    fn chained(&self, oracle: &Oracle) -> Check<()> {
        let position = self.half.position();
        let hash = self.stream().and_then(|stream| oracle.hash(stream, position.seq));
        if hash == Some(self.half.hash()) {
            return Ok(());
        }
        Err(self.finding(&format!("holds another hash at {}", position.seq)))
    }

    /// Its fold is what the live view shows to somebody like it.
    pub(crate) fn agrees(&self, live: &SessionView) -> Check<()> {
        let (Some(view), Some(viewer), Some((_, _, who))) = (&self.view, self.viewer(), self.id)
        else {
            return Ok(());
        };
        let mut told = live.for_viewer(viewer);
        let here = told.people.contains_key(&who);
        if here {
            // It may remember more of the chat than the live view does, but nothing else.
            let more = view.chat.len().saturating_sub(told.chat.len());
            if !view.chat.iter().skip(more).eq(told.chat.iter()) {
                return Err(self.finding("has read another chat than the live view holds"));
            }
        }
        told.chat.clone_from(&view.chat);
        if told.canonical() != view.canonical() || told != *view {
            let (told, view) = (told.canonical(), view.canonical());
            return Err(self.finding(&format!("sees\n{view}where the live view shows\n{told}")));
        }
        Ok(())
    }

    pub(crate) fn finding(&self, what: &str) -> String {
        format!("client {} {what}", self.index)
    }
}
