//! The lanes of one session: facts for all, facts for hosts, and one for each track.

use std::collections::{BTreeMap, VecDeque};

use convoke_fanout::{Lane, LaneLimits, LaneWriter, Pool};
use convoke_model::meeting::track::Kind;
use convoke_model::{Audience, Millis, ParticipantId, TrackId};
use convoke_wire::entry::Hash;
use convoke_wire::frame::{Opcode, server_header};
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::{message, short};

use crate::limits::Limits;

/// Why a media message was dropped. Normal after a mute: what was on its way is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// No such track is open, or it is somebody else's.
    NoTrack,
    /// The track is paused, or the message is of an older generation.
    Stale,
    /// The pool of chunks is at its bound.
    NoRoom,
}

/// A lane with both its ends.
pub struct Ends {
    writer: LaneWriter,
    /// For readers.
    pub lane: Lane,
}

impl Ends {
    fn new(pool: &Pool, bytes_max: usize) -> Self {
        let (writer, lane) = pool.lane(LaneLimits { bytes_max });
        Self { writer, lane }
    }

    /// Appends `payload` as one binary frame; where it starts.
    fn append(&mut self, payload: &[u8]) -> Option<u64> {
        let (header, len) = server_header(Opcode::Binary, payload.len());
        self.writer.append(&[&header[..len], payload]).ok()
    }

    /// Appends an entry as one binary frame, in its short form where it has one; where it starts.
    fn append_entry(&mut self, entry: &[u8]) -> Option<u64> {
        let Some((short, payload)) = short::split(entry) else { return self.append(entry) };
        let (header, len) = server_header(Opcode::Binary, short.len() + payload.len());
        self.writer.append(&[&header[..len], &short, payload]).ok()
    }
}

/// The lane of a track, and what its publisher's messages are checked against.
pub struct MediaLane {
    ends: Ends,
    /// Who publishes it.
    pub owner: ParticipantId,
    /// What it shows.
    pub kind: Kind,
    /// To whom alone it is sent.
    pub to: Option<ParticipantId>,
    generation: u32,
    paused: bool,
    /// Starts of key frames (video) or of every message (sound, input), oldest first, with their
    /// arrival.
    starts: VecDeque<(Millis, u64)>,
    /// Start of a configuration whose key frame has not come yet.
    config: Option<u64>,
    asked: Option<Millis>,
    codec_asked: Option<Millis>,
    needs_key: bool,
}

impl MediaLane {
    /// For readers.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.ends.lane
    }

    /// Where a newcomer begins: at the newest key frame, or at the head of a sound or of input.
    #[must_use]
    pub fn entrance(&self) -> u64 {
        let (tail, head) = (self.ends.lane.tail(), self.ends.lane.head());
        if !self.kind.is_video() {
            return head;
        }
        let newest = self.starts.back().map(|&(_, start)| start);
        // What came after it may have pushed it out of the lane.
        newest.filter(|&start| start >= tail).unwrap_or(head)
    }

    /// Whether somebody is sent it.
    #[must_use]
    pub fn is_for(&self, who: ParticipantId) -> bool {
        self.owner != who && self.to.is_none_or(|to| to == who)
    }

    /// Somebody cannot go on without a key frame: true when the publisher is to be asked now.
    pub fn want_key_frame(&mut self, now: Millis, limits: &Limits) -> bool {
        if !self.kind.is_video() || self.paused {
            return false;
        }
        self.needs_key = true;
        self.ask_again(now, limits)
    }

    /// Whether the publisher is to be asked again: requests are merged to one in a while.
    pub fn ask_again(&mut self, now: Millis, limits: &Limits) -> bool {
        let rested = self.asked.is_none_or(|asked| now.since(asked) >= limits.key_frame_pause_ms);
        if !self.needs_key || !rested {
            return false;
        }
        self.asked = Some(now);
        self.needs_key = false;
        true
    }

    /// Somebody cannot decode it at all: true when the publisher is to be told now, and not just
    /// after somebody else.
    pub fn want_codec(&mut self, now: Millis, limits: &Limits) -> bool {
        let pause = limits.key_frame_pause_ms;
        let rested = self.codec_asked.is_none_or(|asked| now.since(asked) >= pause);
        if rested {
            self.codec_asked = Some(now);
        }
        rested
    }

    fn append(&mut self, header: &MediaHeader, message: &[u8], limits: &Limits) -> Option<()> {
        let start = self.ends.append(message)?;
        if !self.kind.is_video() {
            self.starts.push_back((header.arrived, start));
            let kept = limits.audio_keep_ms;
            while self.starts.front().is_some_and(|&(at, _)| header.arrived.since(at) > kept) {
                self.starts.pop_front();
            }
        } else if header.flags & media::FLAG_CONFIG != 0 {
            self.config = Some(start);
        } else if header.is_start() {
            // Its configuration comes right before a key frame, and a reader needs both.
            let tail = self.ends.writer.tail();
            let start = self.config.take().filter(|&config| config >= tail).unwrap_or(start);
            self.starts.push_back((header.arrived, start));
            // The key frame before is kept too, so that whoever still reads there need not jump.
            while self.starts.len() > 2 {
                self.starts.pop_front();
            }
            self.needs_key = false;
            self.ends.writer.mark(start);
        }
        if let Some(&(_, oldest)) = self.starts.front() {
            self.ends.writer.trim_to(oldest);
        }
        Some(())
    }
}

/// All lanes of one session.
pub struct Lanes {
    pool: Pool,
    facts: Ends,
    hosts: Ends,
    tracks: BTreeMap<TrackId, MediaLane>,
}

impl Lanes {
    /// Lanes for a new session, or for one that goes on after a start.
    #[must_use]
    pub fn new(pool: &Pool, limits: &Limits) -> Self {
        Self {
            pool: pool.clone(),
            facts: Ends::new(pool, limits.facts_lane_bytes),
            hosts: Ends::new(pool, limits.hosts_lane_bytes),
            tracks: BTreeMap::new(),
        }
    }

    /// Facts for everybody.
    #[must_use]
    pub fn facts(&self) -> &Lane {
        &self.facts.lane
    }

    /// Facts for hosts.
    #[must_use]
    pub fn hosts(&self) -> &Lane {
        &self.hosts.lane
    }

    /// The open tracks.
    #[must_use]
    pub fn tracks(&self) -> &BTreeMap<TrackId, MediaLane> {
        &self.tracks
    }

    /// One open track.
    pub fn track_mut(&mut self, track: TrackId) -> Option<&mut MediaLane> {
        self.tracks.get_mut(&track)
    }

    /// Publishes a durable entry: where its frame starts in the facts lane. What is for hosts goes
    /// to their lane first, so that its place in the facts lane never overtakes it.
    pub fn publish(
        &mut self,
        audience: Audience,
        seq: u64,
        leaf: &Hash,
        entry: &[u8],
    ) -> Option<u64> {
        match audience {
            Audience::Everyone => return self.facts.append_entry(entry),
            Audience::Hosts => {
                self.hosts.append(entry)?;
            }
            Audience::One(_) | Audience::Nobody => {}
        }
        self.facts.append(&message::withheld(seq, leaf))
    }

    /// A track's lane exists once its opening is durable.
    pub fn open_track(
        &mut self,
        track: TrackId,
        owner: ParticipantId,
        (kind, to): (Kind, Option<ParticipantId>),
        l: &Limits,
    ) {
        let bytes_max = if kind.is_video() { l.video_lane_bytes } else { l.audio_lane_bytes };
        let lane = MediaLane {
            ends: Ends::new(&self.pool, bytes_max),
            owner,
            kind,
            to,
            generation: 1,
            paused: false,
            starts: VecDeque::new(),
            config: None,
            asked: None,
            codec_asked: None,
            needs_key: false,
        };
        self.tracks.insert(track, lane);
    }

    /// A track was paused or goes on: media of an older generation is no longer let through, nor is
    /// what of it lies in the lane.
    pub fn flow(&mut self, track: TrackId, generation: u32, paused: bool) {
        if let Some(lane) = self.tracks.get_mut(&track) {
            lane.generation = generation;
            lane.paused = paused;
            // Whoever comes now is not shown what was sent before the pause.
            lane.starts.clear();
            lane.config = None;
            lane.ends.writer.clear();
        }
    }

    /// A track was closed. Readers find its lane closed.
    pub fn close_track(&mut self, track: TrackId) {
        if let Some(mut lane) = self.tracks.remove(&track) {
            lane.ends.writer.close();
        }
    }

    /// Appends a stamped media message of `owner` to its track's lane; what the track shows.
    ///
    /// # Errors
    /// `Dropped` says why it was not.
    pub fn media(
        &mut self,
        owner: ParticipantId,
        header: &MediaHeader,
        message: &[u8],
        limits: &Limits,
    ) -> Result<Kind, Dropped> {
        let lane = self.tracks.get_mut(&header.track).filter(|lane| lane.owner == owner);
        let lane = lane.ok_or(Dropped::NoTrack)?;
        if lane.paused || lane.generation != header.generation {
            return Err(Dropped::Stale);
        }
        lane.append(header, message, limits).ok_or(Dropped::NoRoom)?;
        Ok(lane.kind)
    }

    /// Ends all lanes: readers get what is there.
    pub fn close(&mut self) {
        self.facts.writer.close();
        self.hosts.writer.close();
        for lane in self.tracks.values_mut() {
            lane.ends.writer.close();
        }
    }
}
