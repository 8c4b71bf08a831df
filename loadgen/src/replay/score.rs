//! What a recording has for each person to play: chat, and frames by kind of track.

use std::collections::BTreeMap;

use convoke_journal::Error;
use convoke_journal::archive::Archive;
use convoke_model::meeting::{Event, chat, track};
use convoke_model::{Millis, ParticipantId, TrackId};
use convoke_wire::codec;
use convoke_wire::media::{
    FLAG_CONFIG, FLAG_FIRST, FLAG_KEY, FLAG_LAST, HEADER_BYTES, MediaHeader,
};

use crate::clock::Micros;
use crate::scenario::role::Medium;
use crate::schedule::Item;
use crate::stamp::STAMP_BYTES;

/// What one person plays, by what it is.
#[derive(Debug, Default)]
pub(super) struct Part(pub(super) Vec<(Medium, Vec<Item>)>);

/// Everybody's part. Times are microseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Score {
    pub(super) parts: BTreeMap<ParticipantId, Part>,
    /// Who shares a screen: the first who did.
    presenter: Option<ParticipantId>,
    /// Whose a track is.
    tracks: BTreeMap<TrackId, (ParticipantId, Medium)>,
}

/// A frame of which not all parts were read yet.
#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Micros,
    size: usize,
    key: bool,
}

impl Part {
    fn push(&mut self, medium: Medium, item: Item) {
        match self.0.iter_mut().find(|(of, _)| *of == medium) {
            Some((_, items)) => items.push(item),
            None => self.0.push((medium, vec![item])),
        }
    }
}

impl Score {
    pub(super) fn read(archive: &Archive) -> Result<Self, Error> {
        let mut score = Self::default();
        let session = archive.session();
        for (_, entry) in archive.entries().filter(|(_, one)| one.header.stream == session) {
            // What was erased cannot be read, and is not played.
            let Ok(record) = codec::decode::<Event>(&entry) else { continue };
            if let Some(who) = record.actor.participant() {
                score.fact(who, entry.header.time, record.event);
            }
        }
        let mut begun = BTreeMap::new();
        if let Some(mut media) = archive.media()? {
            while let Some(frame) = media.next_frame()? {
                score.message(Millis(frame.time), &frame.payload, &mut begun);
            }
        }
        for part in score.parts.values_mut() {
            // Tracks of a kind follow each other; a camera may have been beside a screen.
            part.0.iter_mut().for_each(|(_, items)| items.sort_by_key(|item| item.due));
        }
        Ok(score)
    }

    /// The first and the last time at which something is played.
    pub(super) fn times(&self) -> Option<(Micros, Micros)> {
        let items = || self.parts.values().flat_map(|part| &part.0).flat_map(|(_, items)| items);
        let dues = || items().map(|item| item.due);
        Some((dues().min()?, dues().max()?))
    }

    fn fact(&mut self, who: ParticipantId, time: Millis, event: Event) {
        // What was said to one person is nobody else's load.
        if let Event::Chat(chat::Event::Said { to: chat::To::Everyone, text }) = event {
            let size = text.as_str().chars().count().max(STAMP_BYTES);
            let item = Item { due: time.0 * 1_000, size, key: false };
            self.parts.entry(who).or_default().push(Medium::Chat, item);
        } else if let Event::Track(track::Event::Opened { track, kind, to: None, .. }) = event {
            // What is sent to one person is left out too.
            let screen = kind == track::Kind::Screen;
            let taken = screen && *self.presenter.get_or_insert(who) != who;
            self.tracks.insert(track, (who, Medium::Track(kind).or_camera(taken)));
        }
    }

    fn message(&mut self, time: Millis, message: &[u8], begun: &mut BTreeMap<TrackId, Begun>) {
        // Zeros in place of what was erased are no message.
        let Some(header) = MediaHeader::read(message) else { return };
        let Some((who, medium)) = self.tracks.get(&header.track).copied() else { return };
        let bytes = message.len() - HEADER_BYTES;
        if header.flags & FLAG_FIRST != 0 || header.flags & FLAG_CONFIG != 0 {
            let key = header.flags & (FLAG_KEY | FLAG_CONFIG) != 0;
            begun.insert(header.track, Begun { at: time.0 * 1_000, size: 0, key });
        }
        let Some(frame) = begun.get_mut(&header.track) else { return };
        frame.size += bytes;
        if header.flags & FLAG_LAST != 0 || header.flags & FLAG_CONFIG != 0 {
            let item = Item { due: frame.at, size: frame.size.max(STAMP_BYTES), key: frame.key };
            begun.remove(&header.track);
            self.parts.entry(who).or_default().push(medium, item);
        }
    }
}
