//! The session as its participants see it: the snapshot a joiner gets, the fold every client keeps,
//! and the state that auditors print. The browser's fold is held equal to it by examples.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::grant::Role;
use crate::id::{Millis, ParticipantId, TrackId};
use crate::meeting::chat::{self, To};
use crate::meeting::lifecycle;
use crate::meeting::{Event, control, dial_in, floor, hand, lock, recording, roster, track};
use crate::record::{Actor, Audience, Record};
use crate::text::ChatText;

/// How many chat messages a view keeps.
pub const CHAT_MAX: usize = 200;

/// For whom a view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Sees everything: the log's reader.
    Auditor,
    /// Sees what a participant of this role sees.
    Participant(ParticipantId, Role),
}

impl Viewer {
    /// Whether a fact of this audience and author is for this viewer.
    #[must_use]
    pub fn sees(self, audience: Audience, actor: Actor) -> bool {
        match self {
            Self::Auditor => true,
            Self::Participant(who, role) => match audience {
                Audience::Everyone => true,
                Audience::Hosts => role == Role::Host || actor == who.into(),
                Audience::One(person) => person == who || actor == who.into(),
                Audience::Nobody => false,
            },
        }
    }
}

/// A session as somebody sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The meeting's number.
    pub meeting: u32,
    /// Which opening of it.
    pub session: u32,
    /// Legacy number of the meeting's type.
    pub kind: u8,
    /// What it is about.
    pub topic: String,
    /// When it began.
    pub started: Millis,
    /// When it ended; 0 while it is open.
    pub ended: Millis,
    /// Whether only hosts come in.
    pub locked: bool,
    /// Whether media is recorded.
    pub recording: bool,
    /// Who presents.
    pub presenter: Option<ParticipantId>,
    /// Who controls the presenter's screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<ParticipantId>,
    /// Who is in it.
    pub people: BTreeMap<ParticipantId, Person>,
    /// Who waits in the lobby; only hosts see them.
    pub lobby: BTreeMap<ParticipantId, Waiting>,
    /// What is shared.
    pub tracks: BTreeMap<TrackId, Track>,
    /// What was said, the last `CHAT_MAX` of it.
    pub chat: VecDeque<Line>,
    /// How many messages everybody could read.
    pub said: u64,
}

/// Somebody in the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they are called.
    pub name: String,
    /// Their part.
    pub role: Role,
    /// Seq of the fact by which they joined.
    pub joined: u64,
    /// When they joined.
    pub since: Millis,
    /// Whether the connection is lost.
    pub away: bool,
    /// Seq of the fact by which they raised the hand; 0 when it is down.
    pub hand: u64,
    /// Whether a host muted them.
    pub muted: bool,
    /// Whether a host paused chat for them.
    pub silenced: bool,
    /// Whether they are on the telephone.
    #[serde(default, skip_serializing_if = "is_not")]
    pub telephone: bool,
    /// On the telephone: whether their microphone is off.
    #[serde(default, skip_serializing_if = "is_not")]
    pub quiet: bool,
}

/// Somebody in the lobby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What they are called.
    pub name: String,
    /// Since when.
    pub since: Millis,
}

/// Something shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Who shares it.
    pub owner: ParticipantId,
    /// What it shows.
    pub kind: track::Kind,
    /// WebCodecs codec string, or the name of the input's format.
    pub codec: String,
    /// Pixels; 0 for sound and input.
    pub width: u32,
    /// Pixels; 0 for sound and input.
    pub height: u32,
    /// Counts pauses and resumptions, from 1.
    pub generation: u32,
    /// Whether nothing is sent on it.
    pub paused: bool,
    /// To whom alone it is sent; absent: to everyone else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ParticipantId>,
}

/// One chat message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Seq of the fact.
    pub seq: u64,
    /// When.
    pub time: Millis,
    /// Who said it; 0 for the server, in the name of who runs it.
    pub from: ParticipantId,
    /// What they were called then.
    pub name: String,
    /// To whom.
    pub to: To,
    /// What.
    pub text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_not(flag: &bool) -> bool {
    !flag
}

impl SessionView {
    /// Takes in a fact.
    pub fn apply(&mut self, record: &Record<Event>) {
        let seq = record.position.seq;
        match &record.event {
            Event::Lifecycle(event) => self.lifecycle(record.time, event),
            Event::Roster(event) => self.roster(seq, record.time, event),
            Event::Floor(floor::Event::PresenterChanged { who }) => self.presenter = *who,
            Event::Control(control::Event::Given { to }) => self.controller = Some(*to),
            Event::Control(control::Event::Ended {}) => self.controller = None,
            Event::Chat(event) => self.chat(record, event),
            Event::Track(event) => self.track(record.actor, event),
            Event::Hand(hand::Event::Raised { who }) => self.person(*who, |p| p.hand = seq),
            Event::Hand(hand::Event::Lowered { who }) => self.person(*who, |p| p.hand = 0),
            Event::Lock(lock::Event::Locked {}) => self.locked = true,
            Event::Lock(lock::Event::Unlocked {}) => self.locked = false,
            Event::Recording(recording::Event::Started {}) => self.recording = true,
            Event::Recording(recording::Event::Stopped {}) => self.recording = false,
            Event::DialIn(event) => self.dial_in(event),
            Event::Recording(recording::Event::MediaSealed(_) | recording::Event::Missing(_))
            | Event::Control(control::Event::Asked {} | control::Event::Counted(_))
            | Event::Delivery(_)
            | Event::Policy(_) => {}
        }
    }

    fn lifecycle(&mut self, time: Millis, event: &lifecycle::Event) {
        match event {
            lifecycle::Event::Opened(opening) => {
                self.meeting = opening.meeting.number();
                self.session = opening.session.0;
                self.kind = opening.kind.number();
                self.topic = opening.topic.as_str().to_owned();
                self.started = time;
                self.recording = opening.recording;
            }
            lifecycle::Event::Ended { .. } => self.ended = time,
        }
    }

    fn roster(&mut self, seq: u64, time: Millis, event: &roster::Event) {
        match event {
            roster::Event::Entered { .. } => {}
            roster::Event::Waiting { who, name } => {
                let waiting = Waiting { name: name.as_str().to_owned(), since: time };
                self.lobby.insert(*who, waiting);
            }
            roster::Event::Joined { who, name, role } => {
                self.lobby.remove(who);
                let person = Person {
                    name: name.as_str().to_owned(),
                    role: *role,
                    joined: seq,
                    since: time,
                    away: false,
                    hand: 0,
                    muted: false,
                    silenced: false,
                    telephone: false,
                    quiet: false,
                };
                self.people.insert(*who, person);
            }
            roster::Event::Left { who, .. } => {
                self.lobby.remove(who);
                self.people.remove(who);
            }
            roster::Event::Disconnected { who, .. } => self.person(*who, |p| p.away = true),
            roster::Event::Reconnected { who } => self.person(*who, |p| p.away = false),
        }
    }

    fn chat(&mut self, record: &Record<Event>, event: &chat::Event) {
        match event {
            chat::Event::Said { to, text } => {
                let Some(from) = record.actor.participant() else { return };
                if *to == To::Everyone {
                    self.said += 1;
                }
                self.line(record, from, *to, text);
            }
            chat::Event::Announced { text } => {
                self.line(record, ParticipantId(0), To::Everyone, text);
            }
            chat::Event::Silenced { who } => self.person(*who, |p| p.silenced = true),
            chat::Event::Unsilenced { who } => self.person(*who, |p| p.silenced = false),
        }
    }

    fn line(&mut self, record: &Record<Event>, from: ParticipantId, to: To, text: &ChatText) {
        // The oldest line gives its memory to the newest.
        let oldest = if self.chat.len() == CHAT_MAX { self.chat.pop_front() } else { None };
        let (mut name, mut written) =
            oldest.map_or_else(Default::default, |line| (line.name, line.text));
        name.clear();
        name.push_str(self.people.get(&from).map_or("", |person| &person.name));
        written.clear();
        written.push_str(text.as_str());
        let (seq, time) = (record.position.seq, record.time);
        self.chat.push_back(Line { seq, time, from, name, to, text: written });
    }

    fn track(&mut self, actor: Actor, event: &track::Event) {
        match event {
            track::Event::Opened { track, kind, codec, width, height, to } => {
                let Some(owner) = actor.participant() else { return };
                let opened = Track {
                    owner,
                    kind: *kind,
                    codec: codec.clone(),
                    width: *width,
                    height: *height,
                    generation: 1,
                    paused: false,
                    to: *to,
                };
                self.tracks.insert(*track, opened);
            }
            track::Event::Closed { track } => {
                self.tracks.remove(track);
            }
            track::Event::Paused { track, generation } => self.flow(*track, *generation, true),
            track::Event::Resumed { track, generation } => self.flow(*track, *generation, false),
            track::Event::Muted { who } => self.person(*who, |p| p.muted = true),
            track::Event::Unmuted { who } => self.person(*who, |p| p.muted = false),
        }
    }

    fn dial_in(&mut self, event: &dial_in::Event) {
        match event {
            dial_in::Event::Called { .. } => {}
            dial_in::Event::OnTelephone { who } => self.person(*who, |p| p.telephone = true),
            dial_in::Event::MicrophoneOff { who } => self.person(*who, |p| p.quiet = true),
            dial_in::Event::MicrophoneOn { who } => self.person(*who, |p| p.quiet = false),
        }
    }

    fn flow(&mut self, track: TrackId, generation: u32, paused: bool) {
        if let Some(track) = self.tracks.get_mut(&track) {
            track.generation = generation;
            track.paused = paused;
        }
    }

    fn person(&mut self, who: ParticipantId, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&who) {
            change(person);
        }
    }

    /// What `viewer` may see of this: the lobby for hosts, and of the chat what was said to them
    /// since they joined.
    #[must_use]
    pub fn for_viewer(&self, viewer: Viewer) -> Self {
        let Viewer::Participant(who, role) = viewer else { return self.clone() };
        let mut view = self.clone();
        if role != Role::Host {
            view.lobby.clear();
        }
        let joined = self.people.get(&who).map_or(u64::MAX, |person| person.joined);
        view.chat.retain(|line| {
            let audience = match line.to {
                To::Everyone => Audience::Everyone,
                To::Hosts => Audience::Hosts,
                To::One(person) => Audience::One(person),
            };
            line.seq > joined && viewer.sees(audience, line.from.into())
        });
        view
    }

    /// The state as lines of ids, numbers and flags, equal for every implementation of the fold. It
    /// holds no text from people, so that it is the same before and after an erasure: names and
    /// messages are covered by the seq of the fact that set them, and by the stream's hash.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        let flag = u8::from;
        let presenter = self.presenter.map_or(0, |who| who.0);
        let _ = write!(
            out,
            "session {} {} type={} started={} ended={} locked={} recording={} \
             presenter={presenter} said={}",
            self.meeting,
            self.session,
            self.kind,
            self.started,
            self.ended,
            flag(self.locked),
            flag(self.recording),
            self.said,
        );
        // Said while somebody does only, as with callers below.
        if let Some(controller) = self.controller {
            let _ = write!(out, " controller={controller}");
        }
        out.push('\n');
        for (who, p) in &self.people {
            let _ = write!(
                out,
                "person {who} role={} joined={} since={} away={} hand={} muted={} silenced={}",
                p.role.word(),
                p.joined,
                p.since,
                flag(p.away),
                p.hand,
                flag(p.muted),
                flag(p.silenced),
            );
            // Said of callers only: everybody else is written as before there were any.
            if p.telephone {
                let _ = write!(out, " telephone=1 quiet={}", flag(p.quiet));
            }
            out.push('\n');
        }
        for (who, waiting) in &self.lobby {
            let _ = writeln!(out, "waiting {who} since={}", waiting.since);
        }
        for (id, t) in &self.tracks {
            let _ = write!(
                out,
                "track {id} owner={} kind={} codec={} width={} height={} generation={} paused={}",
                t.owner,
                t.kind.word(),
                t.codec,
                t.width,
                t.height,
                t.generation,
                flag(t.paused),
            );
            if let Some(to) = t.to {
                let _ = write!(out, " to={to}");
            }
            out.push('\n');
        }
        out
    }
}
