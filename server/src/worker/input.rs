//! Remote input: how much of it came is a fact, what it was is not.

use std::collections::BTreeMap;

use convoke_engine::{Ask, Wish};
use convoke_model::meeting::{Command as SessionCommand, control};
use convoke_model::{Millis, TrackId};

use super::connection::{Seat, SessionKey};
use super::core::Core;

/// What came on the tracks of remote input that are open.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    counts: BTreeMap<(SessionKey, TrackId), control::Count>,
}

impl Inputs {
    /// A message of `bytes` bytes was taken in for the presenter.
    pub(super) fn add(&mut self, seat: Seat, track: TrackId, bytes: usize, now: Millis) {
        let who = seat.who;
        let nothing = control::Count { track, who, messages: 0, bytes: 0, first: now, last: now };
        let count = self.counts.entry((seat.session, track)).or_insert(nothing);
        count.messages += 1;
        count.bytes += bytes as u64;
        count.last = now;
    }
}

impl Core {
    /// The server stops: what came so far would be forgotten.
    pub(super) fn count_inputs(&mut self) {
        let open: Vec<_> = self.inputs.counts.keys().copied().collect();
        for (key, track) in open {
            self.count_input(key, track);
        }
    }

    /// A track was closed: if input came on it, how much becomes a fact.
    pub(super) fn count_input(&mut self, key: SessionKey, track: TrackId) {
        if let Some(count) = self.inputs.counts.remove(&(key, track)) {
            let count = SessionCommand::Control(control::Command::Count(count));
            self.shard.submit(Ask::server(Wish::Session(key.0, key.1, count)));
        }
    }
}
