//! Lag: how far readers are behind the lanes, and what a publisher is told when nobody can follow.

use std::collections::BTreeMap;

use convoke_model::{ParticipantId, TrackId};
use convoke_wire::message::ServerMessage;

use super::connection::{SessionKey, Stage};
use super::core::Core;

/// A reader of a track has this much before it before it counts as late. Half a second of a camera
/// in high definition.
const LATE_BYTES: u64 = 128 * 1024;
/// A publisher is told at most this often.
const TELL_EVERY_MS: u64 = 1000;
/// No publisher is asked for less.
const BITS_PER_SECOND_MIN: u64 = 64_000;

/// The readers of one track, taken together.
struct Readers {
    /// Bytes that the one who is closest has before it.
    lag_min: u64,
    /// The most bytes that one of them was given since the last look.
    recent_max: u64,
}

impl Core {
    /// Looks at every reader's lag: for the counters, and to tell publishers whom nobody follows.
    pub(super) fn look_at_lag(&mut self) {
        let passed_ms = self.now.since(self.lag_seen).max(1);
        self.lag_seen = self.now;
        let (mut facts_max, mut media_max, mut people) = (0, 0, 0);
        let mut tracks: BTreeMap<(SessionKey, TrackId), Readers> = BTreeMap::new();
        for connection in self.connections.iter_mut().flatten() {
            let Stage::Live(seat, readers) = &mut connection.stage else { continue };
            people += 1;
            facts_max = facts_max.max(readers.facts.head() - readers.facts_at);
            for reader in &mut readers.tracks {
                let lag = reader.lane.head().saturating_sub(reader.at);
                let recent = std::mem::take(&mut reader.recent);
                media_max = media_max.max(lag);
                tracks
                    .entry((seat.session, reader.track))
                    .and_modify(|all| {
                        all.lag_min = all.lag_min.min(lag);
                        all.recent_max = all.recent_max.max(recent);
                    })
                    .or_insert(Readers { lag_min: lag, recent_max: recent });
            }
        }
        let counters = self.counters();
        counters.lag_facts.see(facts_max);
        counters.lag_media.see(media_max);
        counters.participants.set(people);
        counters.connections.set(self.by_id.len() as u64);
        counters.sessions.set(self.shard.sessions().count() as u64);
        self.slowed.retain(|track, _| tracks.contains_key(track));
        for (&(key, track), readers) in &tracks {
            if readers.lag_min > LATE_BYTES {
                let bits = readers.recent_max * 8 * 1000 / passed_ms;
                self.slow_down(key, track, bits.max(BITS_PER_SECOND_MIN));
            }
        }
    }

    /// Tells a publisher what its readers can follow.
    fn slow_down(&mut self, key: SessionKey, track: TrackId, bits_per_second: u64) {
        let now = self.now;
        let told = self.slowed.get(&(key, track)).copied();
        if told.is_some_and(|told| now.since(told) < TELL_EVERY_MS) {
            return;
        }
        let Some(owner) = self.owner(key, track) else { return };
        let Some((token, _)) = self.seated(key, owner) else { return };
        let Some(connection) = self.connection(token) else { return };
        connection.say(&ServerMessage::Slower { track, bits_per_second });
        self.slowed.insert((key, track), now);
        self.counters().slower.add(1);
        self.queue_flush(token);
    }

    fn owner(&self, key: SessionKey, track: TrackId) -> Option<ParticipantId> {
        let live = self.shard.session(key.0, key.1)?;
        live.lanes.tracks().get(&track).map(|lane| lane.owner)
    }
}
