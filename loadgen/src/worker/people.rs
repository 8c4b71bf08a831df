//! The people of a thread: how they come in, what happens on their connections, how they are lost.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;

use convoke_wire::half::ClientHalf;

use super::{Wake, Worker};
use crate::connection::{Connection, Rest, State};
use crate::control::Phase;
use crate::tickets::{Cast, Guest};

/// People that one thread brings in at once: servers bound those who are not in yet.
const COMING_IN_MAX: usize = 16;

impl Worker {
    pub(super) fn turn(&mut self, at: usize) {
        let (clock, mut scratch) = (self.orders.clock, std::mem::take(&mut self.scratch));
        let before = self.connections.get(at).and_then(|found| Some(found.as_ref()?.state));
        let rest = self.with(at, |found, desk| {
            let broken = found.socket.as_mut().and_then(|socket| socket.stream().take_error().ok());
            if let Some(Some(error)) = broken {
                return Err(match found.state {
                    State::Upgrading => format!("cannot connect: {error}"),
                    State::Greeting | State::Live | State::Away => {
                        format!("the connection broke: {error}")
                    }
                });
            }
            let rest = found.turn(clock, &mut scratch, desk)?;
            Ok((rest, found.state))
        });
        self.scratch = scratch;
        let Some((rest, state)) = rest else { return };
        match rest {
            Rest::Perhaps => self.again.push_back(at),
            Rest::Later(time) => {
                let waits = self.connections[at].as_mut().is_some_and(|found| found.waits(time));
                if waits {
                    self.wakes.push(Reverse((time, at, Wake::Read)));
                }
            }
            Rest::Nothing => {}
        }
        if before != Some(State::Live) && state == State::Live {
            self.is_in(at);
        }
        self.reschedule(at);
    }

    /// Publishers that wait for answers may have got them.
    fn reschedule(&mut self, at: usize) {
        let Some(found) = self.connections[at].as_mut() else { return };
        let answered = found.answered();
        if !answered.is_empty() {
            let window = self.orders.control.window();
            answered.into_iter().for_each(|voice| self.schedule(at, voice, window));
        }
    }

    fn is_in(&mut self, at: usize) {
        self.live += 1;
        self.counts().live.store(self.live, Ordering::Relaxed);
        let now = self.orders.clock.now();
        let Some(found) = self.connections[at].as_mut() else { return };
        found.counted = true;
        if found.came {
            return self.is_back(at);
        }
        found.came = true;
        self.coming_in -= 1;
        let (began, role) = (found.began, found.seat.role);
        self.totals.joins.saturating_record(now.saturating_sub(began));
        if let Some(role) = self.totals.roles.get_mut(role) {
            role.people += 1;
        }
    }

    /// Begins connections for those who wait, a few at a time.
    pub(super) fn bring_in(&mut self) {
        while self.coming_in < COMING_IN_MAX {
            let Ok((guest, cast)) = self.orders.guests.try_recv() else { return };
            if let Err(why) = self.begin(guest, cast) {
                self.orders.control.fail(why);
                return;
            }
        }
    }

    fn begin(&mut self, guest: Guest, cast: Cast) -> Result<(), String> {
        let at = self.connections.len();
        let plan = &self.orders.plan;
        let slow = plan.roles[guest.seat.role].is_slow();
        let socket = self.line(at, slow)?;
        let agent = concat!("loadgen/", env!("CARGO_PKG_VERSION"));
        let half = ClientHalf::new(guest.ticket, agent.to_owned());
        let began = guest.began.unwrap_or_else(|| self.orders.clock.now());
        let who = (guest.seat, cast, began);
        let upgrade = self.upgrade();
        let connection = Connection::new(socket, upgrade, half, who, &self.orders.plan);
        self.connections.push(Some(connection));
        self.coming_in += 1;
        Ok(())
    }

    pub(super) fn lose(&mut self, at: usize, why: String) {
        if self.returns(at) {
            return;
        }
        let Some(lost) = self.connections[at].take() else { return };
        match lost.state {
            State::Live if lost.counted => {
                self.live -= 1;
                self.counts().live.store(self.live, Ordering::Relaxed);
            }
            State::Upgrading | State::Greeting | State::Live if !lost.came => self.coming_in -= 1,
            State::Upgrading | State::Greeting | State::Live | State::Away => {}
        }
        // A host on another thread may have ended the session before this thread has seen the end.
        let over = self.orders.control.phase() == Phase::Stop;
        match if over { Phase::Stop } else { self.phase } {
            Phase::Gather | Phase::Open => self.orders.control.fail(why),
            Phase::Publish | Phase::Drain => {
                let (now, window) = (self.orders.clock.now(), self.orders.control.window());
                let unsent = lost.publishers().iter().map(|one| one.unsent(now, window));
                self.totals.unsent += unsent.sum::<u64>();
                self.gone.extend(lost.follower);
                self.totals.error(why);
            }
            // What came until then counts.
            Phase::Stop => self.gone.extend(lost.follower),
        }
    }
}
