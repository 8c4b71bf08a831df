//! One thread of connections: brings people in, sends what is due and counts what comes.

mod lines;
mod moments;
mod people;
mod show;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use mio::{Events, Poll};
use moments::Moments;

use crate::clock::{Clock, Micros};
use crate::connection::{Connection, State};
use crate::control::{Control, Counts, Phase};
use crate::follower::Follower;
use crate::machine::thread_cpu_ns;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::publisher::{Desk, Window};
use crate::server::Server;
use crate::source::Sources;
use crate::tickets::{Cast, Guest};
use crate::websocket::Masks;

const SCRATCH_BYTES: usize = 256 * 1024;
/// The longest wait for something to happen, so that a change of phase is seen.
const IDLE_MS: u64 = 10;
/// The poll's waits are whole milliseconds; the rest of a wait is slept in steps of this.
const STEP: Duration = Duration::from_micros(100);
/// A publisher that the server holds back tries again after this.
const RETRY: Micros = 1_000;
/// Threads send their last at about the same time.
const SILENCE_MAX: Micros = 2_000_000;

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
    /// When the next message of a connection's publisher is due, soonest first.
    due: BinaryHeap<Reverse<(Micros, usize, usize)>>,
    /// What happens to connections at some time, soonest first.
    wakes: BinaryHeap<Reverse<(Micros, usize, Wake)>>,
    publishers: Vec<usize>,
    hosts: Vec<usize>,
    /// What those had got who were lost for good.
    gone: Vec<Follower>,
    /// Connections that may have more to read.
    again: VecDeque<usize>,
    masks: Masks,
    totals: Totals,
    scratch: Vec<u8>,
    confirmed: (Micros, usize),
    shown: Micros,
    moments: Moments,
    phase: Phase,
}

/// What is to happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    /// It may read on.
    Read,
    /// Its line is cut.
    Drop,
    /// It comes back.
    Return,
}

/// Runs a worker to the end of the run and returns what it counted.
pub(crate) fn work(orders: Orders) -> io::Result<Totals> {
    let masks = Masks::new(orders.plan.seed ^ (orders.number as u64) << 32);
    let totals = Totals::of(&orders.plan);
    let mut worker = Worker {
        poll: Poll::new()?,
        connections: Vec::new(),
        coming_in: 0,
        live: 0,
        due: BinaryHeap::new(),
        wakes: BinaryHeap::new(),
        publishers: Vec::new(),
        hosts: Vec::new(),
        gone: Vec::new(),
        again: VecDeque::new(),
        masks,
        totals,
        scratch: vec![0; SCRATCH_BYTES],
        confirmed: (0, 0),
        shown: 0,
        moments: Moments::new(),
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
            self.pass_floors();
            self.wake();
            self.pump();
            self.confirm();
            self.show();
            self.close_moment(false);
        }
        self.close_moment(true);
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
        let due = self.due.peek().map(|Reverse((due, ..))| *due);
        let wake = self.wakes.peek().map(|Reverse((time, ..))| *time);
        if let Some(due) = due.into_iter().chain(wake).min() {
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
                let found = |at: &usize, is: fn(&Connection) -> bool| {
                    self.connections[*at].as_ref().is_some_and(is)
                };
                let all = 0..self.connections.len();
                self.publishers = all
                    .clone()
                    .filter(|at| found(at, |found| !found.publishers().is_empty()))
                    .collect();
                self.hosts = all.filter(|at| found(at, |found| found.seat.host)).collect();
                for at in self.publishers.clone() {
                    self.with(at, |found, desk| {
                        found.open(desk);
                        found.flush()
                    });
                }
            }
            Phase::Publish => {
                let window = self.orders.control.window();
                for at in self.publishers.clone() {
                    let voices = self.connections[at].as_ref().map_or(0, |f| f.publishers().len());
                    (0..voices).for_each(|voice| self.schedule(at, voice, window));
                }
                self.plan_drops(window);
            }
            Phase::Drain => self.hurry(),
            Phase::Gather | Phase::Stop => {}
        }
    }

    fn schedule(&mut self, at: usize, voice: usize, window: Window) {
        let found = self.connections[at].as_ref();
        let publisher = found.and_then(|found| found.publishers().get(voice));
        if let Some(due) = publisher.and_then(|publisher| publisher.due(window)) {
            self.due.push(Reverse((due, at, voice)));
        }
    }

    /// Hosts pass the floor to those who share screens.
    fn pass_floors(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        for at in self.hosts.clone() {
            self.with(at, |found, desk| {
                found.pass_floor(desk);
                found.flush()
            });
        }
    }

    /// Does something with a connection; an error ends it.
    fn with<T>(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut Connection, &mut Desk<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.connections.get_mut(at)?.as_mut()?;
        let mut desk = Desk {
            plan: &self.orders.plan,
            masks: &mut self.masks,
            totals: &mut self.totals,
            control: &self.orders.control,
        };
        match act(found, &mut desk) {
            Ok(told) => Some(told),
            Err(why) => {
                self.lose(at, why);
                None
            }
        }
    }

    /// Sends what is due.
    fn pump(&mut self) {
        if !matches!(self.phase, Phase::Publish | Phase::Drain) {
            return;
        }
        let window = self.orders.control.window();
        let now = self.orders.clock.now();
        while let Some(Reverse((due, at, voice))) = self.due.peek().copied() {
            if due > now {
                break;
            }
            self.due.pop();
            let free = self.with(at, |found, desk| {
                let free = found.pump(voice, now, window, desk);
                found.flush()?;
                Ok(free)
            });
            match free {
                Some(true) => self.schedule(at, voice, window),
                Some(false) => self.due.push(Reverse((now + RETRY, at, voice))),
                None => {}
            }
        }
    }

    /// Everybody goes; what was due and did not go is counted, and what came to whom.
    fn part(&mut self) {
        let (now, window) = (self.orders.clock.now(), self.orders.control.window());
        if window.start <= now {
            let found = self.connections.iter().flatten();
            let unsent = found.flat_map(Connection::publishers).map(|one| one.unsent(now, window));
            self.totals.unsent += unsent.sum::<u64>();
        }
        // What others sent counts here, so nobody counts before all have sent their last.
        self.orders.control.fall_silent();
        let patience = self.orders.clock.now() + SILENCE_MAX;
        while !self.orders.control.all_silent() && self.orders.clock.now() < patience {
            std::thread::sleep(STEP);
        }
        for found in self.connections.iter().flatten() {
            found.settle(&self.orders.control, &mut self.totals);
            if found.state == State::Away {
                self.totals.error("somebody did not come back before the end".into());
            }
        }
        for follower in &self.gone {
            follower.settle(&self.orders.control, &mut self.totals);
        }
        // Hosts first: they end their sessions, and nobody has to hear of a thousand who left.
        for hosts in [true, false] {
            for at in 0..self.connections.len() {
                self.with(at, |found, desk| {
                    if found.seat.host == hosts {
                        found.leave(desk);
                    }
                    Ok(())
                });
            }
        }
    }
}
