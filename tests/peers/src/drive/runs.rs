//! The runs of a crowd that stays connected: saturation, fixed rates, meetings, stalled readers.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mio::Waker;

use crate::clock::{self, Micros};
use crate::conn::UNANSWERED_MAX;
use crate::crowd::{Crowd, WAKE};
use crate::dialect::Dialect;
use crate::door::Meeting;
use crate::entrance::{Entrance, Part, Way};
use crate::options::Options;

/// People of a meeting, and how many of them talk.
const GROUP: usize = 10;
const TALKERS: usize = 4;
const TALK_PER_SECOND: f64 = 50.0;
/// Bytes that may be on their way to all readers together, of what was published at saturation.
const ON_THE_WAY_BYTES: u64 = 256 << 20;
/// Deliveries that may be on their way, for the same reason, and for a slow relay about those of a
/// second: the next round waits until they are there.
const ON_THE_WAY_MAX: u64 = 2_000_000;
const ON_THE_WAY_MIN: u64 = 100_000;
/// Bytes of one publisher that wait for its socket.
const BACKLOG_BYTES: usize = 256 * 1024;
const BACKLOG_BYTES_MAX: usize = 4 << 20;
const WARM_UP: Micros = 300_000;
/// How long is waited for what is still on its way.
const DRAIN: Micros = 1_000_000;
/// The same after saturation: whoever still sends would take part of the core that the next round
/// is measured on.
const SATURATED_DRAIN: Micros = 60_000_000;
/// How long nothing may come before nothing more is expected.
const QUIET: Micros = 150_000;
const OPENING_MAX: usize = 40;

pub(crate) fn run(options: &Options, meetings: bool) -> Result<(), String> {
    let mut crowd = Crowd::new(options)?;
    let entrances = match meetings {
        true => meetings_of(&crowd, options)?,
        false => fan_of(&crowd, options)?,
    };
    crowd.open(&entrances, OPENING_MAX)?;
    if options.text("record") == Some("off") {
        if let Some(host) = crowd.conns[0].as_mut() {
            host.stop_recording();
            host.flush()?;
        }
        rest(&mut crowd, 200_000)?;
    }
    let (commands, _waker) = listen(&crowd)?;
    println!("ready people={} t={}", crowd.live, crowd.clock.now());
    let mut runs = Runs { crowd, published: 0, meetings };
    loop {
        match commands.try_recv() {
            Ok(line) => {
                let words: Vec<&str> = line.split_whitespace().collect();
                println!("{}", runs.carry_out(&words)?);
            }
            Err(std::sync::mpsc::TryRecvError::Empty) => runs.crowd.turn(None)?,
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return Ok(()),
        }
    }
}

/// One publisher and readers, or chatters among them; several sessions when so told.
fn fan_of(crowd: &Crowd, options: &Options) -> Result<Vec<Entrance>, String> {
    let people: usize = options.number("people", 10)?;
    let sessions: usize = options.number("sessions", 1)?;
    let publishers: usize = options.number("publishers", 1)?;
    let seat = |part, way| Entrance { part, way };
    Ok(match crowd.shape.dialect {
        Dialect::Raw => std::iter::once(seat(Part::Publisher, Way::Path("/pub".into())))
            .chain((0..people).map(|_| seat(Part::Reader, Way::Path("/sub".into()))))
            .collect(),
        Dialect::Redis | Dialect::Nats => std::iter::once(seat(Part::Publisher, Way::Lines))
            .chain((0..people).map(|_| seat(Part::Reader, Way::Lines)))
            .collect(),
        Dialect::Convoke => {
            let door = crowd.door(options)?;
            let mut all = Vec::new();
            for session in 0..sessions {
                let meeting = door.open(&format!("Bench {session}"))?;
                all.push(seat(Part::Publisher, Way::Ticket(meeting.ticket.clone())));
                // Whoever chats is one of those who read; whoever shows gets nothing back.
                let others = people / sessions - usize::from(crowd.shape.facts);
                for other in 0..others {
                    let chats = crowd.shape.facts && other + 1 < publishers;
                    let part = if chats { Part::Publisher } else { Part::Reader };
                    all.push(seat(part, Way::Join(meeting.clone())));
                }
            }
            all
        }
    })
}

/// Groups of ten of whom four talk; the talkers come first.
fn meetings_of(crowd: &Crowd, options: &Options) -> Result<Vec<Entrance>, String> {
    let people: usize = options.number("people", 10)?;
    let door = match crowd.shape.dialect {
        Dialect::Convoke => Some(crowd.door(options)?),
        _ => None,
    };
    let mut all = Vec::new();
    for group in 0..people / GROUP {
        let meeting: Option<Meeting> =
            door.as_ref().map(|door| door.open(&format!("Meeting {group}"))).transpose()?;
        for person in 0..GROUP {
            let part = if person < TALKERS { Part::Publisher } else { Part::Reader };
            let way = match &meeting {
                None => Way::Path(format!("/g/{group}")),
                Some(meeting) if person == 0 => Way::Ticket(meeting.ticket.clone()),
                Some(meeting) => Way::Join(meeting.clone()),
            };
            all.push(Entrance { part, way });
        }
    }
    Ok(all)
}

/// Reads commands on a thread of its own, which wakes the poll.
/// What wakes it must be kept: an end of the input would take it, and the last wake, from the poll.
fn listen(crowd: &Crowd) -> Result<(Receiver<String>, Arc<Waker>), String> {
    let waker = Waker::new(crowd.poll.registry(), WAKE).map_err(|error| error.to_string())?;
    let kept = Arc::new(waker);
    let waker = Arc::clone(&kept);
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
            // A poll that cannot be woken is gone, and its thread with it.
            let _ = waker.wake();
        }
        drop(tell);
        let _ = waker.wake();
    });
    Ok((told, kept))
}

struct Runs {
    crowd: Crowd,
    published: u64,
    meetings: bool,
}

impl Runs {
    fn carry_out(&mut self, words: &[&str]) -> Result<String, String> {
        let number = |word: &str| word.parse::<f64>().map_err(|_| format!("{word} is no number"));
        match words {
            ["saturate", seconds] => self.saturate(number(seconds)?),
            ["rate", per_second, seconds] => {
                let publishers = self.crowd.of(Part::Publisher);
                self.rate(&publishers, number(per_second)?, number(seconds)?)
            }
            ["talk", groups, seconds] => {
                let groups = number(groups)? as usize;
                let mut talkers = self.crowd.of(Part::Publisher);
                talkers.truncate(groups * TALKERS);
                let per_second = talkers.len() as f64 * TALK_PER_SECOND;
                self.rate(&talkers, per_second, number(seconds)?)
            }
            ["stall", count] => {
                let count = number(count)? as usize;
                for token in self.crowd.of(Part::Reader).into_iter().take(count) {
                    if let Some(conn) = self.crowd.conns[token].as_mut() {
                        conn.part = Part::Stalled;
                        self.crowd.measure.seen -= conn.last;
                    }
                }
                Ok(format!("stalled={}", self.crowd.of(Part::Stalled).len()))
            }
            other => Err(format!("{} is no command", other.join(" "))),
        }
    }

    /// Everybody is taken to have seen all that was published.
    fn level(&mut self) {
        self.crowd.measure.seen = 0;
        for conn in self.crowd.conns.iter_mut().flatten() {
            conn.last = self.published;
            if conn.part == Part::Reader {
                self.crowd.measure.seen += self.published;
            }
        }
        self.crowd.ended.clear();
    }

    /// As fast as it goes: so much is on its way at most, measured by what readers have seen.
    fn saturate(&mut self, seconds: f64) -> Result<String, String> {
        self.level();
        self.crowd.measure.from = None;
        let publishers = self.crowd.of(Part::Publisher);
        let readers = self.crowd.of(Part::Reader).len().max(1) as u64;
        let window = ON_THE_WAY_BYTES / (readers * self.crowd.shape.size as u64);
        let whole = self.counts();
        let begun = self.crowd.clock.now();
        // A large crowd takes longer until its sockets' buffers are as large as they get.
        let length = (seconds * 1e6) as Micros;
        let from = begun + WARM_UP.max(length / 2);
        let to = from + length;
        let mut start: Option<Counts> = None;
        loop {
            let now = self.crowd.clock.now();
            if now >= from && start.is_none() {
                start = Some(self.counts());
            }
            if now >= to {
                break;
            }
            let delivered = self.crowd.measure.delivered - whole.delivered;
            let of_a_second = delivered * 1_000_000 / (now - begun).max(100_000);
            let on_the_way = of_a_second.clamp(ON_THE_WAY_MIN, ON_THE_WAY_MAX) / readers;
            let window = window.min(on_the_way).clamp(16, 65_536);
            let mut full = false;
            for token in &publishers {
                let seen = self.crowd.measure.seen / readers;
                let Some(conn) = self.crowd.conns[*token].as_mut() else { continue };
                let facts = self.crowd.shape.facts;
                while conn.backlog() < BACKLOG_BYTES {
                    let held = match facts {
                        true => conn.unanswered >= UNANSWERED_MAX,
                        false => self.published - seen >= window,
                    };
                    if held {
                        break;
                    }
                    conn.publish(&self.crowd.shape, self.published, now);
                    self.published += 1;
                }
                conn.flush()?;
                // When its socket took all, there may be more to say at once.
                full |= !facts && conn.backlog() == 0 && self.published - seen < window;
            }
            let wait = if full { Duration::ZERO } else { Duration::from_millis(10) };
            self.crowd.turn(Some(wait))?;
        }
        let (start, end) = (start.unwrap_or_else(|| self.counts()), self.counts());
        rest(&mut self.crowd, SATURATED_DRAIN)?;
        let all = self.counts();
        Ok(format!(
            "{} granted_all={} published_all={} {}",
            start.to(&end),
            all.granted - whole.granted,
            all.published - whole.published,
            self.troubles()
        ))
    }

    /// At fixed times; the latency of each message counts from when it was meant to be sent.
    fn rate(&mut self, who: &[usize], per_second: f64, seconds: f64) -> Result<String, String> {
        self.level();
        let begun = self.crowd.clock.now() + 1000;
        let from = begun + WARM_UP;
        self.crowd.measure.from = Some(from);
        self.crowd.measure.latency.reset();
        let receivers = match (self.meetings, self.crowd.shape.facts) {
            (true, _) => GROUP as u64 - 1,
            (false, true) => self.crowd.conns.iter().flatten().count() as u64,
            (false, false) => self.crowd.of(Part::Reader).len() as u64,
        };
        let period = 1e6 / per_second;
        let due = |k: u64| begun + (k as f64 * period) as Micros;
        let total = ((seconds + WARM_UP as f64 / 1e6) * per_second).ceil() as u64;
        let (first, mut k, mut lag) = (self.counts(), 0, 0);
        let mut dirty = Vec::new();
        while k < total {
            let now = self.crowd.clock.now();
            while k < total && due(k) <= now {
                let token = who[(k % who.len() as u64) as usize];
                let Some(conn) = self.crowd.conns[token].as_mut() else {
                    return Err("a publisher is gone".into());
                };
                let held = self.crowd.shape.facts && conn.unanswered >= UNANSWERED_MAX;
                if held || conn.backlog() > BACKLOG_BYTES_MAX {
                    break;
                }
                lag = lag.max(now - due(k));
                conn.publish(&self.crowd.shape, self.published, due(k));
                self.published += 1;
                k += 1;
                if dirty.last() != Some(&token) {
                    dirty.push(token);
                }
            }
            for token in dirty.drain(..) {
                if let Some(conn) = self.crowd.conns[token].as_mut() {
                    conn.flush()?;
                }
            }
            if self.crowd.clock.now() > due(total) + 2 * DRAIN {
                break;
            }
            self.crowd.wake_at(due(k))?;
            self.crowd.turn(None)?;
        }
        let expected = k * receivers;
        let until = self.crowd.clock.now() + DRAIN;
        while self.crowd.measure.delivered - first.delivered < expected
            && self.crowd.clock.now() < until
        {
            self.crowd.turn(Some(Duration::from_millis(5)))?;
        }
        let end = self.counts();
        self.crowd.measure.from = None;
        Ok(format!(
            "{} expected={expected} unsent={} lag_max_us={lag} {} {}",
            first.to(&end),
            total - k,
            self.crowd.measure.percentiles(),
            self.troubles()
        ))
    }

    fn counts(&self) -> Counts {
        Counts {
            at: self.crowd.clock.now(),
            busy: clock::busy(),
            published: self.published,
            delivered: self.crowd.measure.delivered,
            granted: self.crowd.measure.granted,
        }
    }

    /// What went wrong meanwhile.
    fn troubles(&self) -> String {
        let (refused, ended) = (self.crowd.measure.refused, self.crowd.ended.len());
        let why = self.crowd.ended.first().map_or("-", |(_, why)| why);
        let bytes = self.crowd.measure.message_bytes;
        let why = why.replace(char::is_whitespace, "_");
        format!("message_bytes={bytes} refused={refused} ended={ended} why={why}")
    }
}

struct Counts {
    at: Micros,
    busy: Duration,
    published: u64,
    delivered: u64,
    granted: u64,
}

impl Counts {
    fn to(&self, end: &Self) -> String {
        let seconds = (end.at - self.at).max(1) as f64 / 1e6;
        let rate = |from: u64, to: u64| (to - from) as f64 / seconds;
        format!(
            "seconds={seconds:.3} delivered={} delivered_per_s={:.0} published_per_s={:.0} \
             granted_per_s={:.0} load_cpu={:.2}",
            end.delivered - self.delivered,
            rate(self.delivered, end.delivered),
            rate(self.published, end.published),
            rate(self.granted, end.granted),
            (end.busy - self.busy).as_secs_f64() / seconds
        )
    }
}

/// Turns until nothing has come for a while, at most so long.
fn rest(crowd: &mut Crowd, at_most: Micros) -> Result<(), String> {
    let until = crowd.clock.now() + at_most;
    let (mut known, mut quiet) = (crowd.measure.delivered, crowd.clock.now());
    while crowd.clock.now() < until && crowd.clock.now() < quiet + QUIET {
        crowd.turn(Some(Duration::from_millis(5)))?;
        if crowd.measure.delivered > known {
            (known, quiet) = (crowd.measure.delivered, crowd.clock.now());
        }
    }
    Ok(())
}
