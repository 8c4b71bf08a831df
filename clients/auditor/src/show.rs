//! `show`: the facts of a stream, one per line.

use convoke_model::meeting::{self, life};
use convoke_model::{Audience, StreamId, site};
use convoke_wire::codec::{self, DecodeError};
use convoke_wire::entry::EntryRef;
use serde_json::{Value, json};

use crate::cli::{Cli, Show};
use crate::json;
use crate::log::Log;
use crate::names::{Names, stream_name};
use crate::out::Out;
use crate::pick;
use crate::problem::{Outcome, Problem};
use crate::source::Source;
use crate::times::Clock;
use crate::words;

pub(crate) fn run(cli: &Cli, args: &Show, out: &mut Out) -> Result<Outcome, Problem> {
    let (source, what) = Source::open(cli.data.as_deref(), args.what.as_deref())?;
    let (stream, log) = pick::stream(&source, what, false)?;
    let kept = log.kept.get(&stream).map(Vec::as_slice).unwrap_or_default();
    let last = kept.last().and_then(|bytes| EntryRef::read(bytes).ok()).map_or(0, |e| e.header.seq);
    let (from, to) = (args.from.unwrap_or(1), args.to.unwrap_or(u64::MAX));
    if from > to {
        return Err(Problem::CannotRun(format!("--from {from} lies behind --to {to}")));
    }
    if from > last && last > 0 {
        let name = stream_name(stream);
        return Err(Problem::CannotRun(format!("{name} has facts 1 to {last}, none from {from}")));
    }
    if last == 0 {
        out.line(format!("Nothing is in {} yet.", stream_name(stream)));
    }
    let clock = Clock::of(cli);
    let mut names = log.site.clone();
    let mut expected = 1;
    for one in kept.iter().filter_map(|bytes| EntryRef::read(bytes).ok()) {
        let told = tell(stream, &one, &mut names, &clock);
        let seq = one.header.seq;
        if (from..=to).contains(&seq) {
            if seq > expected && !args.json {
                out.line(format!("        facts {expected} to {} are missing", seq - 1));
            }
            out.line(if args.json { told.to_json(&one, &log) } else { told.line(&one, &clock) });
        }
        expected = seq + 1;
        if out.is_closed() {
            break;
        }
    }
    Ok(log.outcome(&source))
}

/// A fact as it is told.
struct Told {
    actor: String,
    words: String,
    event: Value,
    /// `None` when it can be read.
    unread: Option<&'static str>,
}

fn tell(stream: StreamId, one: &EntryRef<'_>, names: &mut Names, clock: &Clock) -> Told {
    let actor = names.actor(stream, one.header.actor);
    let unread = |what: &'static str| Told {
        actor: names.actor(stream, one.header.actor),
        words: format!("{what} (event type {:#06x})", one.header.event_type),
        event: Value::Null,
        unread: Some(what),
    };
    if one.is_erased() {
        return unread("erased");
    }
    if !one.payload_is_sound() {
        return unread("damaged");
    }
    let read = match (stream.meeting, stream.session) {
        (0, _) => codec::decode::<site::Event>(one).map(|record| {
            names.learn_site(&record.event);
            (words::site(&record.event, names), json::event(&record))
        }),
        (_, 0) => codec::decode::<life::Event>(one)
            .map(|record| (words::life(&record.event, names), json::event(&record))),
        _ => codec::decode::<meeting::Event>(one).map(|record| {
            names.learn(record.actor, &record.event);
            let told = (words::session(&record.event, names, clock), json::event(&record));
            names.forget(&record.event);
            told
        }),
    };
    match read {
        Ok((words, event)) => {
            // Somebody whose joining this is has a name only now.
            let actor = if actor.starts_with("participant") {
                names.actor(stream, one.header.actor)
            } else {
                actor
            };
            Told { actor, words, event, unread: None }
        }
        Err(DecodeError::Erased | DecodeError::Malformed(_)) => {
            let words = format!("unknown (event type {:#06x})", one.header.event_type);
            Told { actor, words, event: Value::Null, unread: Some("unknown") }
        }
    }
}

impl Told {
    fn line(&self, one: &EntryRef<'_>, clock: &Clock) -> String {
        let header = &one.header;
        let audience = match header.audience {
            Audience::Everyone => "",
            Audience::Hosts => "[hosts] ",
            Audience::One(_) => "[private] ",
            Audience::Nobody => "[log] ",
        };
        let time = clock.tell(header.time);
        format!("{:>6}  {time}  {:<20}  {audience}{}", header.seq, self.actor, self.words)
    }

    fn to_json(&self, one: &EntryRef<'_>, log: &Log) -> String {
        let header = &one.header;
        let covered = log.is_covered(header.stream, header.seq);
        json!({
            "stream": stream_name(header.stream),
            "seq": header.seq,
            "epoch": header.epoch,
            "time": json::time(header.time),
            "actor": header.actor.number(),
            "name": self.actor,
            "audience": json::audience(header.audience),
            "type": header.event_type,
            "unread": self.unread,
            "erasure_is_a_fact": (self.unread == Some("erased")).then_some(covered),
            "words": self.words,
            "event": self.event,
            "leaf": json::hex(&one.leaf()),
        })
        .to_string()
    }
}
