//! Flushing: everything between a connection's places and the lanes' heads goes out in one write.

use std::io::{self, IoSlice};

use convoke_fanout::{PinGuard, Span};
use convoke_model::Millis;

use super::connection::{Connection, Readers, Stage};

/// Slices offered to one write; the operating system takes no more than 1,024.
const SLICES_MAX: usize = 256;

/// What a flush came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Everything is with the operating system.
    All,
    /// The socket takes no more now.
    Full,
    /// The facts lane has moved past this reader: the log has to be read.
    Overrun,
    /// The connection is over.
    Gone,
}

/// Where a slice group came from, so that the bytes taken can be counted off.
#[derive(Clone, Copy)]
enum Source {
    Own,
    Hosts,
    Facts,
    Track(usize),
}

impl Connection {
    /// Sends what there is: own frames first, hosts' facts, everybody's facts, sound, pictures.
    pub(super) fn flush(&mut self, pin: &PinGuard<'_>, now: Millis) -> Flushed {
        loop {
            let offered = match self.offer(pin) {
                Ok(offered) => offered,
                Err(result) => return result,
            };
            match offered {
                Offered::Nothing => break,
                Offered::Some { all: true } => self.stalled = None,
                Offered::Some { all: false } => {
                    self.stalled = None;
                    return Flushed::Full;
                }
                Offered::Blocked => {
                    self.stalled.get_or_insert(now);
                    return Flushed::Full;
                }
            }
        }
        if !matches!(self.stage, Stage::CatchingUp(_))
            && let Some((close, reason, sentence)) = self.farewell.take()
        {
            self.bye(close, &reason, &sentence);
            return self.flush(pin, now);
        }
        if self.io.holds_back() {
            // Sealed bytes are pushed on by an empty write when the socket is ready again.
            return Flushed::Full;
        }
        if matches!(self.stage, Stage::Leaving) {
            self.io.finish();
            return Flushed::Gone;
        }
        self.stalled = None;
        Flushed::All
    }

    /// One write. Positions always stay on the start of a frame: the rest of a frame that was cut
    /// is kept as the connection's own bytes.
    fn offer(&mut self, pin: &PinGuard<'_>) -> Result<Offered, Flushed> {
        let Self { io, stage, own, own_at, .. } = self;
        let mut slices: Vec<IoSlice<'_>> = Vec::with_capacity(16);
        let mut sources: Vec<(Source, usize, Option<Span<'_>>)> = Vec::with_capacity(8);
        if *own_at < own.len() {
            slices.push(IoSlice::new(&own[*own_at..]));
            sources.push((Source::Own, own.len() - *own_at, None));
        }
        let mut jumps = Vec::new();
        if let Stage::Live(_, readers) = &*stage {
            spans(readers, pin, &mut slices, &mut sources, &mut jumps)?;
        }
        if slices.is_empty() {
            drop(slices);
            if !jumps.is_empty() {
                apply_jumps(stage, &jumps);
                return Ok(Offered::Some { all: true });
            }
            if io.holds_back() {
                return io.write(&[]).map(|_| Offered::Nothing).map_err(|_| Flushed::Gone);
            }
            return Ok(Offered::Nothing);
        }
        let offered: usize = sources.iter().map(|(_, bytes, _)| bytes).sum();
        let mut taken = match io.write(&slices) {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return Err(Flushed::Gone),
        };
        drop(slices);
        let all = taken == offered;
        let none = taken == 0;
        let mut rest = Vec::new();
        let mut moves = Vec::new();
        let mut own_taken = 0;
        for (source, bytes, span) in &sources {
            let part = taken.min(*bytes);
            taken -= part;
            match (source, span) {
                (Source::Own, _) | (_, None) => own_taken = part,
                (source, Some(span)) if part == span.len() => moves.push((*source, span.end())),
                (source, Some(span)) => {
                    let next = span.rest_of_frame(part, &mut rest);
                    moves.push((*source, next));
                }
            }
        }
        *own_at += own_taken;
        if *own_at == own.len() {
            own.clear();
            own.shrink_to(64 * 1024);
            *own_at = 0;
        }
        own.extend_from_slice(&rest);
        if let Stage::Live(_, readers) = stage {
            for (source, at) in moves {
                match source {
                    Source::Own => {}
                    Source::Facts => readers.facts_at = at,
                    Source::Hosts => {
                        if let Some((_, hosts_at)) = &mut readers.hosts {
                            *hosts_at = at;
                        }
                    }
                    Source::Track(index) => readers.tracks[index].at = at,
                }
            }
        }
        apply_jumps(stage, &jumps);
        Ok(if none { Offered::Blocked } else { Offered::Some { all } })
    }

    /// Whether everything that this connection may read of the facts was sent.
    pub(super) fn has_all_facts(&self) -> bool {
        match &self.stage {
            Stage::Live(_, readers) => readers.facts_at == readers.facts.head(),
            _ => false,
        }
    }
}

enum Offered {
    Nothing,
    Some { all: bool },
    Blocked,
}

/// A late reader of a picture goes on at the newest key frame, of a sound at the head.
fn apply_jumps(stage: &mut Stage, jumps: &[(usize, u64)]) {
    if let Stage::Live(_, readers) = stage {
        for &(index, at) in jumps {
            readers.tracks[index].at = at;
        }
    }
}

fn spans<'a>(
    readers: &'a Readers,
    pin: &'a PinGuard<'_>,
    slices: &mut Vec<IoSlice<'a>>,
    sources: &mut Vec<(Source, usize, Option<Span<'a>>)>,
    jumps: &mut Vec<(usize, u64)>,
) -> Result<(), Flushed> {
    // The place in the facts lane is looked up first and sent last: what hosts get on the side is
    // then never behind its place among the facts.
    let facts = readers.facts.read(readers.facts_at, pin).map_err(|_| Flushed::Overrun)?;
    if let Some((lane, at)) = &readers.hosts {
        let hosts = lane.read(*at, pin).map_err(|_| Flushed::Overrun)?;
        add(Source::Hosts, hosts, slices, sources);
    }
    add(Source::Facts, facts, slices, sources);
    for sound in [true, false] {
        for (index, reader) in readers.tracks.iter().enumerate() {
            if reader.is_sound != sound {
                continue;
            }
            match reader.lane.read(reader.at, pin) {
                Ok(span) => add(Source::Track(index), span, slices, sources),
                Err(_) if sound => jumps.push((index, reader.lane.head())),
                Err(_) => jumps.push((index, reader.lane.entrance())),
            }
        }
    }
    Ok(())
}

fn add<'a>(
    source: Source,
    span: Span<'a>,
    slices: &mut Vec<IoSlice<'a>>,
    sources: &mut Vec<(Source, usize, Option<Span<'a>>)>,
) {
    if span.is_empty() {
        return;
    }
    let bytes = span.gather(slices, SLICES_MAX);
    if bytes > 0 {
        sources.push((source, bytes, Some(span)));
    }
}
