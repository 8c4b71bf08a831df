//! Flushing: what a connection has and what lies between its places and the lanes' heads goes into
//! its link.

use convoke_fanout::{PinGuard, Span};

use super::net::{Link, Net};
use super::process::{Connection, Process, Readers, Stage};

/// What a flush came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    All,
    Full,
    Overrun,
    Gone,
}

impl Process {
    /// Flushes one connection; `None` when there is none.
    pub(crate) fn flush(&mut self, link: u64, net: &mut Net) -> Option<Flushed> {
        let wire = net.get(link)?;
        let connection = self.connections.get_mut(&link)?;
        let pin = self.pins.pin();
        let flushed = connection.flush(&pin, wire);
        drop(pin);
        match flushed {
            Flushed::All => {
                let all = matches!(&connection.stage, Stage::Live(_, readers)
                    if readers.facts_at == readers.facts.head());
                let key = connection.seat().map(|seat| seat.key).filter(|_| all);
                let durable = key.and_then(|key| self.live(key)).map(|live| live.durable().0.seq);
                if let (Some(seq), Some(connection)) = (durable, self.connection(link)) {
                    connection.seq = seq;
                }
            }
            Flushed::Full => {}
            Flushed::Overrun => self.fall_behind(link),
            Flushed::Gone => {
                wire.server_open = false;
                self.hang_up(link);
            }
        }
        Some(flushed)
    }
}

impl Connection {
    fn flush(&mut self, pin: &PinGuard<'_>, wire: &mut Link) -> Flushed {
        loop {
            let room = wire.room();
            let mut out = Vec::new();
            if self.own.len() > room {
                out.extend(self.own.drain(..room));
                wire.write(&out);
                return Flushed::Full;
            }
            let mut rest = Vec::new();
            let mut cut = false;
            if let Stage::Live(_, readers) = &mut self.stage {
                match spans(readers, pin, room - self.own.len()) {
                    Ok(taken) => (out, rest, cut) = (taken.bytes, taken.rest, taken.cut),
                    Err(flushed) => return flushed,
                }
            }
            let idle = self.own.is_empty() && out.is_empty();
            wire.write(&self.own);
            wire.write(&out);
            self.own = rest;
            if cut {
                return Flushed::Full;
            }
            if idle {
                break;
            }
        }
        // Who is reading the log gets all of it before the goodbye.
        if !matches!(self.stage, Stage::CatchingUp(_))
            && let Some(close) = self.farewell.take()
        {
            self.bye(close, close.word());
            return self.flush(pin, wire);
        }
        if matches!(self.stage, Stage::Leaving) { Flushed::Gone } else { Flushed::All }
    }
}

#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    rest: Vec<u8>,
    cut: bool,
}

impl Taken {
    /// Takes as much of a span as there is room for; where its reader goes on. Positions always
    /// stay on
    /// the start of a frame: the rest of one that was cut is kept.
    fn take(&mut self, span: &Span<'_>, room: usize) -> u64 {
        if self.cut || span.is_empty() {
            return span.start();
        }
        let free = room - self.bytes.len();
        if span.len() <= free {
            span.slices().for_each(|slice| self.bytes.extend_from_slice(slice));
            return span.end();
        }
        self.cut = true;
        let mut left = free;
        for slice in span.slices() {
            let part = left.min(slice.len());
            self.bytes.extend_from_slice(&slice[..part]);
            left -= part;
        }
        span.rest_of_frame(free, &mut self.rest)
    }
}

fn spans(readers: &mut Readers, pin: &PinGuard<'_>, room: usize) -> Result<Taken, Flushed> {
    let mut taken = Taken::default();
    // The place in the facts lane is looked up first and sent last: what hosts get on the side is
    // then never behind its place among the facts.
    let facts = readers.facts.read(readers.facts_at, pin).map_err(|_| Flushed::Overrun)?;
    if let Some((lane, at)) = &mut readers.hosts {
        let hosts = lane.read(*at, pin).map_err(|_| Flushed::Overrun)?;
        *at = taken.take(&hosts, room);
    }
    readers.facts_at = taken.take(&facts, room);
    for (_, lane, at) in &mut readers.tracks {
        *at = match lane.read(*at, pin) {
            Ok(span) => taken.take(&span, room),
            Err(_) => lane.entrance(),
        };
    }
    Ok(taken)
}
