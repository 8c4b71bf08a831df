//! Tracks: which screens, cameras and microphones are shared, who is muted, and the remote input of
//! whoever controls the shared screen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, control, to_everyone};
use crate::id::{ParticipantId, TrackId};
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;

/// How many tracks a session may have open at once.
pub const TRACKS_MAX: usize = 256;
/// How long a codec string may be, in bytes.
pub const CODEC_BYTES_MAX: usize = 64;

/// What a track shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A screen, a window or a tab.
    Screen,
    /// A camera.
    Camera,
    /// A microphone.
    Microphone,
    /// Pointer and keyboard of whoever controls the presenter's screen.
    RemoteInput,
}

impl Kind {
    /// The word for it in the canonical state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::RemoteInput => "remote_input",
        }
    }

    /// Whether it is pictures: then one begins at a key frame, and else anywhere.
    #[must_use]
    pub fn is_video(self) -> bool {
        match self {
            Self::Screen | Self::Camera => true,
            Self::Microphone | Self::RemoteInput => false,
        }
    }
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begin to share.
    Open {
        /// What.
        kind: Kind,
        /// WebCodecs codec string, such as `vp09.00.10.08` or `opus`; for remote input the name of
        /// its format.
        codec: String,
        /// Pixels; 0 for sound and input.
        width: u32,
        /// Pixels; 0 for sound and input.
        height: u32,
    },
    /// Stop sharing.
    Close {
        /// Which.
        track: TrackId,
    },
    /// Stop sending for a while.
    Pause {
        /// Which.
        track: TrackId,
    },
    /// Send again.
    Resume {
        /// Which.
        track: TrackId,
    },
    /// A host mutes somebody's microphone until it is allowed again.
    Mute {
        /// Whose.
        who: ParticipantId,
    },
    /// A host allows somebody to speak again.
    Unmute {
        /// Whose.
        who: ParticipantId,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The actor shares something.
    Opened {
        /// Its number.
        track: TrackId,
        /// What.
        kind: Kind,
        /// WebCodecs codec string, or the format's name.
        codec: String,
        /// Pixels; 0 for sound and input.
        width: u32,
        /// Pixels; 0 for sound and input.
        height: u32,
        /// To whom alone it is sent; absent: to everyone else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<ParticipantId>,
    },
    /// It is no longer shared.
    Closed {
        /// Which.
        track: TrackId,
    },
    /// Nothing is sent on it for a while.
    Paused {
        /// Which.
        track: TrackId,
        /// Media of an older generation is no longer let through.
        generation: u32,
    },
    /// It is sent again.
    Resumed {
        /// Which.
        track: TrackId,
        /// Media of an older generation is no longer let through.
        generation: u32,
    },
    /// Somebody may not speak.
    Muted {
        /// Who.
        who: ParticipantId,
    },
    /// Somebody may speak again.
    Unmuted {
        /// Who.
        who: ParticipantId,
    },
}

/// An open track.
#[derive(Clone, Debug)]
pub struct Track {
    /// Who shares it.
    pub owner: ParticipantId,
    /// What it shows.
    pub kind: Kind,
    /// Counts pauses and resumptions, from 1.
    pub generation: u32,
    /// Whether nothing is sent on it.
    pub paused: bool,
}

/// What is shared, and who may not speak.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    open: BTreeMap<TrackId, Track>,
    opened: u32,
    muted: BTreeSet<ParticipantId>,
}

impl Tracks {
    /// The open tracks.
    #[must_use]
    pub fn open(&self) -> &BTreeMap<TrackId, Track> {
        &self.open
    }

    pub(super) fn of(&self, who: ParticipantId, kind: Kind) -> Option<TrackId> {
        let mut tracks = self.open.iter();
        tracks.find(|(_, t)| t.owner == who && t.kind == kind).map(|(&track, _)| track)
    }

    pub(super) fn apply(&mut self, actor: Actor, event: &Event) {
        match event {
            Event::Opened { track, kind, .. } => {
                let Some(owner) = actor.participant() else { return };
                self.opened = self.opened.max(track.0);
                let opened = Track { owner, kind: *kind, generation: 1, paused: false };
                self.open.insert(*track, opened);
            }
            Event::Closed { track } => {
                self.open.remove(track);
            }
            Event::Paused { track, generation } => self.flow(*track, *generation, true),
            Event::Resumed { track, generation } => self.flow(*track, *generation, false),
            Event::Muted { who } => {
                self.muted.insert(*who);
            }
            Event::Unmuted { who } => {
                self.muted.remove(who);
            }
        }
    }

    fn flow(&mut self, track: TrackId, generation: u32, paused: bool) {
        if let Some(track) = self.open.get_mut(&track) {
            track.generation = generation;
            track.paused = paused;
        }
    }
}

pub(super) fn decide(session: &Session, by: Actor, command: &Command) -> Result<Facts, Refusal> {
    let tracks = &session.tracks;
    let own = |track: &TrackId| {
        let by = by.participant();
        tracks.open.get(track).filter(|t| Some(t.owner) == by).ok_or(Refusal::NoSuchTrack)
    };
    match command {
        Command::Open { kind, codec, width, height } => {
            let by = by.participant().ok_or(Refusal::NotAllowed)?;
            may_open(session, by, *kind)?;
            let plain = codec.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if codec.is_empty() || codec.len() > CODEC_BYTES_MAX || !plain {
                return Err(Refusal::Malformed);
            }
            Ok(to_everyone(SessionEvent::Track(Event::Opened {
                track: TrackId(tracks.opened + 1),
                kind: *kind,
                codec: codec.clone(),
                width: *width,
                height: *height,
                to: session.floor.presenter.filter(|_| *kind == Kind::RemoteInput),
            })))
        }
        Command::Close { track } => {
            let mut facts = unseen(session, own(track)?.kind);
            facts.push(closed(*track));
            Ok(facts)
        }
        Command::Pause { track } if own(track)?.paused => Err(Refusal::AlreadyDone),
        Command::Pause { track } => {
            let found = own(track)?;
            let mut facts = unseen(session, found.kind);
            facts.push(paused(*track, found));
            Ok(facts)
        }
        Command::Resume { track } => {
            let found = own(track)?;
            if !found.paused {
                return Err(Refusal::AlreadyDone);
            }
            if found.kind == Kind::Microphone && tracks.muted.contains(&found.owner) {
                return Err(Refusal::Muted);
            }
            let generation = found.generation + 1;
            let resumed = Event::Resumed { track: *track, generation };
            Ok(to_everyone(SessionEvent::Track(resumed)))
        }
        Command::Mute { who } if session.roster.present(*who).is_none() => Err(Refusal::NotPresent),
        Command::Mute { who } if tracks.muted.contains(who) => Err(Refusal::AlreadyDone),
        Command::Mute { who } => {
            let mut facts = to_everyone(SessionEvent::Track(Event::Muted { who: *who }));
            if let Some(id) = tracks.of(*who, Kind::Microphone)
                && let Some(track) = tracks.open.get(&id).filter(|track| !track.paused)
            {
                facts.push(paused(id, track));
            }
            Ok(facts)
        }
        Command::Unmute { who } if !tracks.muted.contains(who) => Err(Refusal::AlreadyDone),
        Command::Unmute { who } => {
            Ok(to_everyone(SessionEvent::Track(Event::Unmuted { who: *who })))
        }
    }
}

fn may_open(session: &Session, by: ParticipantId, kind: Kind) -> Result<(), Refusal> {
    let grant = session.roster.present(by).ok_or(Refusal::NotPresent)?.grant;
    let granted = match kind {
        Kind::Screen => grant.screen,
        Kind::Camera => grant.camera,
        Kind::Microphone => grant.microphone,
        Kind::RemoteInput => grant.role.takes_part(),
    };
    if !granted {
        return Err(Refusal::NotAllowed);
    }
    if kind == Kind::RemoteInput && session.control.holder != Some(by) {
        return Err(Refusal::NoControl);
    }
    if kind == Kind::Screen && session.floor.presenter != Some(by) {
        return Err(Refusal::NotPresenter);
    }
    if kind == Kind::Microphone && session.tracks.muted.contains(&by) {
        return Err(Refusal::Muted);
    }
    if session.tracks.of(by, kind).is_some() {
        return Err(Refusal::TrackOpen);
    }
    if session.tracks.open.len() >= TRACKS_MAX {
        return Err(Refusal::TooManyTracks);
    }
    Ok(())
}

/// Facts that come before something is no longer shown: nobody controls a screen unseen.
fn unseen(session: &Session, kind: Kind) -> Facts {
    match kind {
        Kind::Screen => control::end(session),
        Kind::Camera | Kind::Microphone | Kind::RemoteInput => Facts::new(),
    }
}

/// Facts that close everything somebody shares. Remote input is closed with the control.
pub(super) fn close_all(session: &Session, who: ParticipantId) -> Facts {
    let open = session.tracks.open.iter();
    let open = open.filter(|(_, track)| track.owner == who && track.kind != Kind::RemoteInput);
    open.map(|(&track, _)| closed(track)).collect()
}

/// The fact that closes somebody's track of this kind, if there is one.
pub(super) fn close(
    session: &Session,
    who: ParticipantId,
    kind: Kind,
) -> Option<(Audience, SessionEvent)> {
    session.tracks.of(who, kind).map(closed)
}

fn closed(track: TrackId) -> (Audience, SessionEvent) {
    (Audience::Everyone, SessionEvent::Track(Event::Closed { track }))
}

fn paused(id: TrackId, track: &Track) -> (Audience, SessionEvent) {
    let paused = Event::Paused { track: id, generation: track.generation + 1 };
    (Audience::Everyone, SessionEvent::Track(paused))
}
