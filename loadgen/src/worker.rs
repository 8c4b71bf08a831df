//! One thread of connections: brings people in, sends what is due and counts what comes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use convoke_wire::half::ClientHalf;
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use crate::cli::Kind;
use crate::clock::{Clock, Micros};
use crate::connection::{Connection, Rest, State};
use crate::control::{Control, Counts, Phase};
use crate::machine::thread_cpu_ns;
use crate::measure::{Totals, histogram};
use crate::plan::Plan;
use crate::publisher::{Desk, Window};
use crate::server::Server;
use crate::socket::Socket;
use crate::source::Sources;
use crate::tickets::{Cast, Guest, Part};
use crate::websocket::{Masks, upgrade_request};

/// People that one thread brings in at once: servers bound those who are not in yet.
const COMING_IN_MAX: usize = 16;
const SCRATCH_BYTES: usize = 256 * 1024;
/// The longest wait for something to happen, so that a change of phase is seen.
const IDLE_MS: u64 = 10;
/// The poll's waits are whole milliseconds; the rest of a wait is slept in steps of this.
const STEP: Duration = Duration::from_micros(100);
/// Everybody tells what arrived this often, a part of them at a time.
const CONFIRM_EVERY: Micros = 5_000_000;
const CONFIRM_TICK: Micros = 100_000;
/// A publisher that the server holds back tries again after this.
const RETRY: Micros = 1_000;
/// How often the counts that are shown are renewed.
const SHOW_EVERY: Micros = 100_000;
/// What the percentile that is shown looks back at.
const MOMENT: Micros = 1_000_000;

/// What a worker is told when it begins.
pub(crate) struct Orders {
    pub(crate) number: usize,
    pub(crate) server: Server,
    pub(crate) sources: Sources,
    pub(crate) plan: Plan,
    pub(crate) clock: Clock,
    pub(crate) control: Arc<Control>,
    pub(crate) guests: Receiver<(Guest, Cast)>,
}

struct Worker {
    orders: Orders,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    coming_in: usize,
    live: usize,
    /// Publishers and when their next message is due, soonest first.
    due: BinaryHeap<Reverse<(Micros, usize)>>,
    publishers: Vec<usize>,
    /// Connections that may have more to read.
    again: VecDeque<usize>,
    masks: Masks,
    totals: Totals,
    scratch: Vec<u8>,
    confirmed: (Micros, usize),
    shown: Micros,
    /// When the last moment was shown, and what had been recorded by then.
    moment: (Micros, Histogram<u64>),
    phase: Phase,
}

/// Runs a worker to the end of the run and returns what it counted.
pub(crate) fn work(orders: Orders) -> io::Result<Totals> {
    let masks = Masks::new(orders.plan.seed ^ (orders.number as u64) << 32);
    let mut worker = Worker {
        poll: Poll::new()?,
        connections: Vec::new(),
        coming_in: 0,
        live: 0,
        due: BinaryHeap::new(),
        publishers: Vec::new(),
        again: VecDeque::new(),
        masks,
        totals: Totals::new(),
        scratch: vec![0; SCRATCH_BYTES],
        confirmed: (0, 0),
        shown: 0,
        moment: (0, histogram()),
        phase: Phase::Gather,
        orders,
    };
    worker.run()?;
    Ok(worker.totals)
}

impl Worker {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut spent = None;
        let control = self.orders.control.clone();
        while self.phase != Phase::Stop {
            self.poll_once(&mut events)?;
            for event in &events {
                self.turn(event.token().0);
            }
            for _ in 0..self.again.len() {
                if let Some(at) = self.again.pop_front() {
                    self.turn(at);
                }
            }
            let phase = control.phase();
            if phase != self.phase {
                self.enter(phase);
                let now = (self.orders.clock.now(), thread_cpu_ns());
                match (phase, spent) {
                    (Phase::Publish, None) => spent = Some((now, None)),
                    (Phase::Drain | Phase::Stop, Some((from, None))) => {
                        spent = Some((from, Some(now)))
                    }
                    _ => {}
                }
            }
            self.bring_in();
            self.pump();
            self.confirm();
            self.show();
        }
        if let Some(((from, Some(cpu_from)), Some((to, Some(cpu_to))))) = spent {
            self.totals.cpu_ns = cpu_to - cpu_from;
            self.totals.cpu_share =
                Some(self.totals.cpu_ns as f64 / 1e3 / (to - from).max(1) as f64);
        }
        self.part();
        Ok(())
    }

    fn counts(&self) -> &Counts {
        &self.orders.control.counts[self.orders.number]
    }

    /// Waits until something happens or the next message is due.
    fn poll_once(&mut self, events: &mut Events) -> io::Result<()> {
        let mut wait = Duration::from_millis(IDLE_MS);
        if let Some(Reverse((due, _))) = self.due.peek() {
            let left = Duration::from_micros(due.saturating_sub(self.orders.clock.now()));
            if left < Duration::from_millis(1) {
                if !left.is_zero() {
                    std::thread::sleep(left.min(STEP));
                }
                wait = Duration::ZERO;
            } else {
                // Whole milliseconds, rounded down: the rest is slept in steps.
                wait = wait.min(Duration::from_millis(left.as_millis() as u64));
            }
        }
        if !self.again.is_empty() {
            wait = Duration::ZERO;
        }
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        match phase {
            Phase::Open => {
                self.publishers = (0..self.connections.len())
                    .filter(|at| {
                        let found = self.connections[*at].as_ref();
                        found.is_some_and(|found| found.publisher().is_some())
                    })
                    .collect();
                if self.orders.plan.kind == Kind::Media {
                    for at in self.publishers.clone() {
                        self.with(at, |found, desk| {
                            found.open(desk);
                            found.flush()
                        });
                    }
                }
            }
            Phase::Publish => {
                let window = self.orders.control.window();
                for at in self.publishers.clone() {
                    self.schedule(at, window);
                }
            }
            Phase::Gather | Phase::Drain | Phase::Stop => {}
        }
    }

    fn schedule(&mut self, at: usize, window: Window) {
        let publisher = self.connections[at].as_ref().and_then(Connection::publisher);
        if let Some(due) = publisher.and_then(|found| found.due(&self.orders.plan, window)) {
            self.due.push(Reverse((due, at)));
        }
    }

    /// Does something with a connection; an error ends it.
    fn with<T>(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut Connection, &mut Desk<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.connections.get_mut(at)?.as_mut()?;
        let mut desk =
            Desk { plan: &self.orders.plan, masks: &mut self.masks, totals: &mut self.totals };
        match act(found, &mut desk) {
            Ok(told) => Some(told),
            Err(why) => {
                self.lose(at, why);
                None
            }
        }
    }

    fn lose(&mut self, at: usize, why: String) {
        let Some(lost) = self.connections[at].take() else { return };
        match lost.state {
            State::Live => self.live -= 1,
            State::Upgrading | State::Greeting => self.coming_in -= 1,
        }
        match self.phase {
            Phase::Gather | Phase::Open => self.orders.control.fail(why),
            Phase::Publish | Phase::Drain => {
                if let Some(publisher) = lost.publisher() {
                    let (now, window) = (self.orders.clock.now(), self.orders.control.window());
                    self.totals.unsent += publisher.unsent(now, &self.orders.plan, window);
                }
                self.totals.error(why);
            }
            Phase::Stop => {}
        }
    }

    fn turn(&mut self, at: usize) {
        let (clock, mut scratch) = (self.orders.clock, std::mem::take(&mut self.scratch));
        let before = self.connections.get(at).and_then(|found| Some(found.as_ref()?.state));
        let rest = self.with(at, |found, desk| {
            if let Ok(Some(error)) = found.socket.stream().take_error() {
                return Err(format!("cannot connect: {error}"));
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
    fn bring_in(&mut self) {
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

    /// Sends what is due.
    fn pump(&mut self) {
        if !matches!(self.phase, Phase::Publish | Phase::Drain) {
            return;
        }
        let window = self.orders.control.window();
        let now = self.orders.clock.now();
        while let Some(Reverse((due, at))) = self.due.peek().copied() {
            if due > now {
                break;
            }
            self.due.pop();
            let free = self.with(at, |found, desk| {
                let free = found.pump(now, window, desk);
                found.flush()?;
                Ok(free)
            });
            match free {
                Some(true) => self.schedule(at, window),
                Some(false) => self.due.push(Reverse((now + RETRY, at))),
                None => {}
            }
        }
    }

    /// A part of the people tell what arrived.
    fn confirm(&mut self) {
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

    /// Renews the counts that are shown.
    fn show(&mut self) {
        let now = self.orders.clock.now();
        if now < self.shown + SHOW_EVERY && self.phase < Phase::Drain {
            return;
        }
        self.shown = now;
        let window = self.orders.control.window();
        let ready = self.publishers.iter().filter(|at| {
            let found = self.connections[**at].as_ref().and_then(Connection::publisher);
            found.is_some_and(|found| found.is_ready(self.orders.plan.kind))
        });
        let ready = ready.count();
        let waiting = |at: &usize| {
            let found = self.connections[*at].as_ref().and_then(Connection::publisher)?;
            Some(found.unsent(now, &self.orders.plan, window))
        };
        let unsent = match self.phase {
            Phase::Publish | Phase::Drain => self.publishers.iter().filter_map(waiting).sum(),
            Phase::Gather | Phase::Open | Phase::Stop => 0,
        };
        let (totals, counts) = (&self.totals, self.counts());
        counts.ready.store(ready, Ordering::Relaxed);
        counts.sent.store(totals.sent, Ordering::Relaxed);
        counts.unsent.store(unsent, Ordering::Relaxed);
        counts.expected.store(totals.expected, Ordering::Relaxed);
        counts.delivered.store(totals.delivered, Ordering::Relaxed);
        let errors = totals.errors_count() + totals.refused_count() + totals.doubled;
        counts.errors.store(errors, Ordering::Relaxed);
        if self.orders.control.watched && now >= self.moment.0 + MOMENT {
            let mut moment = totals.latency.clone();
            // What was recorded before is part of it, so nothing goes below zero.
            let _ = moment.subtract(&self.moment.1);
            counts.p99.store(moment.value_at_quantile(0.99), Ordering::Relaxed);
            self.moment = (now, totals.latency.clone());
        }
    }

    /// Everybody goes; what was due and did not go is counted.
    fn part(&mut self) {
        let (now, window) = (self.orders.clock.now(), self.orders.control.window());
        for at in 0..self.connections.len() {
            let publisher = self.connections[at].as_ref().and_then(Connection::publisher);
            if let Some(publisher) = publisher.filter(|_| window.start <= now) {
                self.totals.unsent += publisher.unsent(now, &self.orders.plan, window);
            }
        }
        // Hosts first: they end their sessions, and nobody has to hear of a thousand who left.
        for hosts in [true, false] {
            for at in 0..self.connections.len() {
                self.with(at, |found, desk| {
                    if (found.part == Part::Host) == hosts {
                        found.leave(desk);
                    }
                    Ok(())
                });
            }
        }
    }
}
