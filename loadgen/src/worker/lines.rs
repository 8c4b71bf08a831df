//! Lines that are slow or break: who reads at a trickle, who loses the connection and comes back.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;

use mio::{Interest, Token};

use super::{Wake, Worker};
use crate::clock::Micros;
use crate::connection::{Connection, State};
use crate::control::Phase;
use crate::publisher::Window;
use crate::schedule::{share, spread};
use crate::slow::RECEIVE_BUFFER_BYTES;
use crate::socket::Socket;
use crate::websocket::upgrade_request;

/// Whoever did not get back in tries again after this, so often.
const RETRY: Micros = 200_000;
const TRIES_MAX: u32 = 20;

impl Worker {
    /// A line to the server that this thread watches under the number `at`.
    pub(super) fn line(&mut self, at: usize, slow: bool) -> Result<Socket, String> {
        let orders = &self.orders;
        let threads = orders.control.counts.len();
        let room = slow.then_some(RECEIVE_BUFFER_BYTES);
        let stream = orders
            .sources
            .start(at * threads + orders.number, orders.server.address, room)
            .map_err(|error| format!("cannot connect: {error}"))?;
        let stream = mio::net::TcpStream::from_std(stream);
        let mut socket = Socket::new(stream, orders.server.tls.as_ref())
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(socket.stream(), Token(at), interest)
            .map_err(|error| format!("cannot watch a connection: {error}"))?;
        Ok(socket)
    }

    pub(super) fn upgrade(&self) -> Vec<u8> {
        upgrade_request(&self.orders.server.authority, &self.orders.server.origin)
    }

    /// When those who lose their connection lose it first.
    pub(super) fn plan_drops(&mut self, window: Window) {
        for at in 0..self.connections.len() {
            if let Some(every) = self.drops_every(at) {
                let mut state = self.orders.plan.seed ^ ((at as u64) << 24);
                let first = (every as f64 * (0.25 + 0.75 * share(&mut state))) as Micros;
                self.wakes.push(Reverse((window.start + first, at, Wake::Drop)));
            }
        }
    }

    fn drops_every(&self, at: usize) -> Option<Micros> {
        let found = self.connections[at].as_ref()?;
        self.orders.plan.roles[found.seat.role].drops_every
    }

    /// Does what is to happen to connections by now.
    pub(super) fn wake(&mut self) {
        let now = self.orders.clock.now();
        while let Some(Reverse((time, at, wake))) = self.wakes.peek().copied() {
            if time > now {
                return;
            }
            self.wakes.pop();
            match wake {
                Wake::Read => self.turn(at),
                Wake::Drop => self.drop_line(at, now),
                Wake::Return => self.come_back(at),
            }
        }
    }

    fn drop_line(&mut self, at: usize, now: Micros) {
        // Nobody is cut off in the last moments: they would not be back before the end.
        let over = self.phase != Phase::Publish;
        let (Some(every), false) = (self.drops_every(at), over) else { return };
        let Some(found) = self.connections[at].as_mut() else { return };
        if found.state == State::Live {
            self.live -= usize::from(std::mem::take(&mut found.counted));
            found.cut(now);
            self.counts().live.store(self.live, Ordering::Relaxed);
            self.away(at, now);
        } else {
            self.wakes.push(Reverse((now + every, at, Wake::Drop)));
        }
    }

    /// Somebody has lost the line: they come back after a while.
    pub(super) fn away(&mut self, at: usize, now: Micros) {
        let Some(found) = self.connections[at].as_ref() else { return };
        let away = self.orders.plan.roles[found.seat.role].away;
        let mut state = self.orders.plan.seed ^ now ^ ((at as u64) << 32);
        let more = spread(&mut state) % (away / 2 + 1);
        self.wakes.push(Reverse((now + away + more, at, Wake::Return)));
    }

    fn come_back(&mut self, at: usize) {
        let slow = match self.connections[at].as_mut() {
            Some(found) if found.state == State::Away => {
                found.tries += 1;
                self.orders.plan.roles[found.seat.role].is_slow()
            }
            _ => return,
        };
        match self.line(at, slow) {
            Ok(socket) => {
                let upgrade = self.upgrade();
                if let Some(found) = self.connections[at].as_mut() {
                    found.come_back(socket, upgrade);
                }
            }
            Err(why) => self.lose(at, why),
        }
    }

    /// Somebody is back in the session.
    pub(super) fn is_back(&mut self, at: usize) {
        let now = self.orders.clock.now();
        let drops = self.drops_every(at);
        let Some(found) = self.connections[at].as_mut() else { return };
        let Some(lost) = found.lost.take() else { return };
        found.tries = 0;
        self.totals.resumes += 1;
        self.totals.resume.saturating_record(now.saturating_sub(lost));
        if let Some(every) = drops {
            self.wakes.push(Reverse((lost + every, at, Wake::Drop)));
        }
    }

    /// Whether somebody who lost the line may come back, and does; then why they lost it does not
    /// matter.
    pub(super) fn returns(&mut self, at: usize) -> bool {
        let now = self.orders.clock.now();
        let over = self.phase == Phase::Stop || self.orders.control.phase() == Phase::Stop;
        let Some(found) = self.connections[at].as_mut() else { return false };
        let role = &self.orders.plan.roles[found.seat.role];
        let came = found.came && found.tries < TRIES_MAX;
        let allowed = found.may_return || found.lost.is_some() && !found.refused;
        if over || !came || !role.resumes() || !allowed {
            return false;
        }
        let again = found.lost.is_some();
        self.live -= usize::from(std::mem::take(&mut found.counted));
        found.cut(now);
        if again {
            self.wakes.push(Reverse((now + RETRY, at, Wake::Return)));
        } else {
            self.away(at, now);
        }
        true
    }

    /// Slow people read what is left as fast as they can, so that all they must have arrives.
    pub(super) fn hurry(&mut self) {
        for at in 0..self.connections.len() {
            let slow = |found: &Connection| self.orders.plan.roles[found.seat.role].is_slow();
            if self.connections[at].as_ref().is_some_and(slow) {
                if let Some(found) = self.connections[at].as_mut() {
                    found.hurry();
                }
                self.again.push_back(at);
            }
        }
    }
}
