//! What a thread tells while the run goes: to the server what arrived, to the person how it goes.

use std::sync::atomic::Ordering;

use super::Worker;
use crate::clock::Micros;
use crate::connection::Connection;
use crate::control::Phase;

/// Everybody tells what arrived this often, a part of them at a time.
const CONFIRM_EVERY: Micros = 5_000_000;
const CONFIRM_TICK: Micros = 100_000;
/// How often the counts that are shown are renewed.
const SHOW_EVERY: Micros = 100_000;

impl Worker {
    /// A part of the people tell what arrived.
    pub(super) fn confirm(&mut self) {
        let now = self.orders.clock.now();
        let (last, from) = self.confirmed;
        if now < last + CONFIRM_TICK {
            return;
        }
        let count = self.connections.len();
        let part = count.div_ceil((CONFIRM_EVERY / CONFIRM_TICK) as usize);
        for at in (from..from + part).filter_map(|at| at.checked_rem(count)) {
            self.with(at, |found, desk| {
                found.confirm(desk);
                found.flush()
            });
        }
        self.confirmed = (now, (from + part).checked_rem(count).unwrap_or(0));
    }

    /// Closes the second that is over; the last one as far as it went.
    pub(super) fn close_moment(&mut self, is_last: bool) {
        if self.phase < Phase::Publish {
            return;
        }
        let times = (self.orders.control.window().start, self.orders.clock.now());
        let seen = &self.orders.control.counts[self.orders.number].seen;
        self.moments.close(times, is_last, &mut self.totals, seen);
    }

    /// Renews the counts that are shown.
    pub(super) fn show(&mut self) {
        let now = self.orders.clock.now();
        if now < self.shown + SHOW_EVERY && self.phase < Phase::Drain {
            return;
        }
        self.shown = now;
        let window = self.orders.control.window();
        let connections = || self.publishers.iter().filter_map(|at| self.connections[*at].as_ref());
        let publishers = || connections().flat_map(Connection::publishers);
        let ready = publishers().filter(|one| one.is_ready()).count();
        let unsent = match self.phase {
            Phase::Publish | Phase::Drain => publishers().map(|one| one.unsent(now, window)).sum(),
            Phase::Gather | Phase::Open | Phase::Stop => 0,
        };
        // What those must get who came later is known when nothing is sent any more.
        let awaited: u64 = match self.phase {
            Phase::Drain => {
                let followers =
                    self.connections.iter().flatten().filter_map(|f| f.follower.as_ref());
                followers.map(|follower| follower.awaited(&self.orders.control)).sum()
            }
            Phase::Gather | Phase::Open | Phase::Publish | Phase::Stop => 0,
        };
        let (totals, counts) = (&self.totals, self.counts());
        counts.ready.store(ready, Ordering::Relaxed);
        counts.sent.store(totals.sent, Ordering::Relaxed);
        counts.unsent.store(unsent, Ordering::Relaxed);
        counts.expected.store(totals.announced + awaited, Ordering::Relaxed);
        counts.delivered.store(totals.delivered, Ordering::Relaxed);
        counts.errors.store(totals.faults_count(), Ordering::Relaxed);
    }
}
