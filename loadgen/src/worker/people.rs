//! The people of a thread: how they come in, what happens on their connections, how they are lost.

use std::sync::atomic::Ordering;

use convoke_wire::half::ClientHalf;
use mio::{Interest, Token};

use super::Worker;
use crate::cli::Kind;
use crate::connection::{Connection, Rest, State};
use crate::control::Phase;
use crate::socket::Socket;
use crate::tickets::{Cast, Guest};
use crate::websocket::upgrade_request;

/// People that one thread brings in at once: servers bound those who are not in yet.
const COMING_IN_MAX: usize = 16;

impl Worker {
    pub(super) fn turn(&mut self, at: usize) {
        let (clock, mut scratch) = (self.orders.clock, std::mem::take(&mut self.scratch));
        let before = self.connections.get(at).and_then(|found| Some(found.as_ref()?.state));
        let rest = self.with(at, |found, desk| {
            if let Ok(Some(error)) = found.socket.stream().take_error() {
                return Err(match found.state {
                    State::Upgrading => format!("cannot connect: {error}"),
                    State::Greeting | State::Live => format!("the connection broke: {error}"),
                });
            }
            let rest = found.turn(clock, &mut scratch, desk)?;
            Ok((rest, found.state))
        });
        self.scratch = scratch;
        let Some((rest, state)) = rest else { return };
        if rest == Rest::Perhaps {
            self.again.push_back(at);
        }
        if before != Some(State::Live) && state == State::Live {
            self.coming_in -= 1;
            self.live += 1;
            self.counts().live.store(self.live, Ordering::Relaxed);
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
        let orders = &self.orders;
        let at = self.connections.len();
        let threads = orders.control.counts.len();
        let stream = orders
            .sources
            .start(at * threads + orders.number, orders.server.address)
            .map_err(|error| format!("cannot connect: {error}"))?;
        let stream = mio::net::TcpStream::from_std(stream);
        let mut socket = Socket::new(stream, orders.server.tls.as_ref())
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(socket.stream(), Token(at), interest)
            .map_err(|error| format!("cannot watch a connection: {error}"))?;
        let upgrade = upgrade_request(&orders.server.authority, &orders.server.origin);
        let agent = concat!("loadgen/", env!("CARGO_PKG_VERSION"));
        let half = ClientHalf::new(guest.ticket, agent.to_owned());
        // Chat comes back to who said it, media does not.
        let receivers = match orders.plan.kind {
            Kind::Chat => u64::from(cast.people),
            Kind::Media => u64::from(cast.people - 1),
        };
        let who = (guest.part, cast, receivers);
        self.connections.push(Some(Connection::new(socket, upgrade, half, who)));
        self.coming_in += 1;
        Ok(())
    }

    pub(super) fn lose(&mut self, at: usize, why: String) {
        let Some(lost) = self.connections[at].take() else { return };
        match lost.state {
            State::Live => {
                self.live -= 1;
                self.counts().live.store(self.live, Ordering::Relaxed);
            }
            State::Upgrading | State::Greeting => self.coming_in -= 1,
        }
        // A host on another thread may have ended the session before this thread has seen the end.
        let over = self.orders.control.phase() == Phase::Stop;
        match if over { Phase::Stop } else { self.phase } {
            Phase::Gather | Phase::Open => self.orders.control.fail(why),
            Phase::Publish | Phase::Drain => {
                lost.settle(&self.orders.control, &mut self.totals);
                if let Some(publisher) = lost.publisher() {
                    let (now, window) = (self.orders.clock.now(), self.orders.control.window());
                    self.totals.unsent += publisher.unsent(now, &self.orders.plan, window);
                }
                self.totals.error(why);
            }
            Phase::Stop => {}
        }
    }
}
