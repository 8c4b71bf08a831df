//! Everybody who is connected: one poll, one scratch buffer, one timer.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use rustls::ClientConfig;

use crate::clock::{Clock, Micros};
use crate::conn::{Conn, Desk};
use crate::dialect::Shape;
use crate::door::Door;
use crate::entrance::{Entrance, Part, Place};
use crate::link::{self, Link};
use crate::measure::Measure;
use crate::options::Options;

const SCRATCH_BYTES: usize = 512 * 1024;
/// Room for the rest of a message in front of what is read.
const PARTIAL_BYTES: usize = 1 << 20;
const TIMER: Token = Token(usize::MAX);
pub(crate) const WAKE: Token = Token(usize::MAX - 1);
/// How long nobody may come in before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Crowd {
    pub(crate) poll: Poll,
    events: Events,
    pub(crate) clock: Clock,
    pub(crate) conns: Vec<Option<Conn>>,
    readable: VecDeque<usize>,
    scratch: Vec<u8>,
    pub(crate) shape: Shape,
    pub(crate) measure: Measure,
    pub(crate) place: Place,
    tls: Option<Arc<ClientConfig>>,
    timer: OwnedFd,
    /// Connections that were live once.
    pub(crate) live: usize,
    opened: usize,
    /// Why connections ended, the last of them.
    pub(crate) ended: Vec<(usize, String)>,
}

impl Crowd {
    pub(crate) fn new(options: &Options) -> Result<Self, String> {
        let said = |error: std::io::Error| error.to_string();
        let shape = Shape::read(options)?;
        let address = options.needed("address")?;
        let address = address.parse().map_err(|_| format!("{address} is no address"))?;
        let tls = options.text("ca").map(link::trust).transpose()?;
        let poll = Poll::new().map_err(said)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)
            .map_err(|error| error.to_string())?;
        let fd = timer.as_raw_fd();
        let register = poll.registry().register(&mut SourceFd(&fd), TIMER, Interest::READABLE);
        register.map_err(said)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            clock: Clock::start(),
            conns: Vec::new(),
            readable: VecDeque::new(),
            scratch: vec![0; PARTIAL_BYTES + SCRATCH_BYTES],
            place: Place { address, tls: tls.is_some(), dialect: shape.dialect },
            shape,
            measure: Measure::new(),
            tls,
            timer,
            live: 0,
            opened: 0,
            ended: Vec::new(),
        })
    }

    /// Signs in where meetings are made.
    pub(crate) fn door(&self, options: &Options) -> Result<Door, String> {
        let (email, password) = (options.needed("email")?, options.needed("password")?);
        Door::sign_in(self.place.address, self.tls.clone(), email, password)
    }

    /// Begins to connect one more; its number.
    pub(crate) fn start(&mut self, entrance: &Entrance) -> Result<usize, String> {
        let said = |error: std::io::Error| format!("cannot connect: {error}");
        let link = Link::open(self.place.address, self.opened, self.tls.as_ref()).map_err(said)?;
        self.opened += 1;
        let first = self.place.begin(entrance);
        let mut conn = Conn::new(link, entrance.part, first);
        conn.began = self.clock.now();
        let token = self.conns.len();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(conn.link.socket(), Token(token), interest).map_err(said)?;
        self.conns.push(Some(conn));
        Ok(token)
    }

    /// Connects everybody, so many at a time, and waits until all are live and can publish.
    pub(crate) fn open(&mut self, entrances: &[Entrance], in_flight: usize) -> Result<(), String> {
        let (mut begun, first) = (0, self.live);
        let (mut moved, mut known) = (Instant::now(), 0);
        loop {
            while begun < entrances.len() && begun + first - self.live < in_flight {
                self.start(&entrances[begun])?;
                begun += 1;
            }
            self.turn(Some(Duration::from_millis(10)))?;
            if let Some((_, why)) = self.ended.first() {
                return Err(why.clone());
            }
            let ready = || {
                let publishers =
                    self.conns.iter().flatten().filter(|conn| conn.part == Part::Publisher);
                publishers.clone().all(Conn::is_ready)
            };
            if self.live - first == entrances.len() && ready() {
                return Ok(());
            }
            if self.live > known {
                (known, moved) = (self.live, Instant::now());
            }
            if moved.elapsed() > PATIENCE {
                return Err(format!("only {} of {} came in", self.live, entrances.len()));
            }
        }
    }

    /// One round: waits for what is ready, reads everybody who has something, once each.
    pub(crate) fn turn(&mut self, wait: Option<Duration>) -> Result<(), String> {
        let wait = if self.readable.is_empty() { wait } else { Some(Duration::ZERO) };
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.to_string()),
            _ => {}
        }
        let mut broken = Vec::new();
        for event in &self.events {
            let token = event.token().0;
            if event.token() == TIMER {
                // Only that it rang matters; what it counted is thrown away.
                let _ = rustix::io::read(&self.timer, &mut [0; 8][..]);
                continue;
            }
            let Some(Some(conn)) = self.conns.get_mut(token) else { continue };
            if event.is_writable()
                && let Err(why) = conn.flush()
            {
                broken.push((token, why));
                continue;
            }
            let readable = event.is_readable() || event.is_read_closed() || event.is_error();
            let reads = conn.part != Part::Stalled;
            if readable && reads && !std::mem::replace(&mut conn.queued, true) {
                self.readable.push_back(token);
            }
        }
        for _ in 0..self.readable.len() {
            let Some(token) = self.readable.pop_front() else { break };
            let Some(Some(conn)) = self.conns.get_mut(token) else { continue };
            conn.queued = false;
            let was_live = conn.live_at.is_some();
            let now = self.clock.now();
            let (shape, place) = (&self.shape, self.place);
            let mut desk = Desk { shape, place, now, measure: &mut self.measure };
            let read = conn.read(&mut self.scratch, &mut desk).and_then(|more| {
                conn.flush()?;
                Ok(more)
            });
            self.live += usize::from(!was_live && conn.live_at.is_some());
            match read {
                Ok(true) => {
                    conn.queued = true;
                    self.readable.push_back(token);
                }
                Ok(false) => {}
                Err(why) => broken.push((token, why)),
            }
        }
        for (token, why) in broken {
            self.drop(token);
            self.ended.push((token, why));
        }
        Ok(())
    }

    /// Lets go of a connection.
    pub(crate) fn drop(&mut self, token: usize) {
        if let Some(mut conn) = self.conns[token].take() {
            // It is closed with its socket in any case.
            let _ = self.poll.registry().deregister(conn.link.socket());
            if conn.part == Part::Reader {
                self.measure.seen -= conn.last;
            }
        }
    }

    /// Rings at that time, so that a poll without a limit ends then.
    pub(crate) fn wake_at(&self, due: Micros) -> Result<(), String> {
        let left = due.saturating_sub(self.clock.now()).max(1);
        let it_value = Timespec {
            tv_sec: i64::try_from(left / 1_000_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(left % 1_000_000 * 1000).unwrap_or(0),
        };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &spec)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    /// Everybody of that part, by number.
    pub(crate) fn of(&self, part: Part) -> Vec<usize> {
        let is = |conn: &Option<Conn>| conn.as_ref().is_some_and(|conn| conn.part == part);
        (0..self.conns.len()).filter(|token| is(&self.conns[*token])).collect()
    }
}
