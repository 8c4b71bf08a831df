//! `play`: a session as it went, in its own time or faster.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use convoke_model::meeting::{Event, dial_in, recording, roster};
use convoke_model::{Millis, Record, StreamId, TrackId};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use convoke_wire::media::{FLAG_CONFIG, FLAG_FIRST, MediaHeader};

use crate::cli::{Cli, Play};
use crate::log::Log;
use crate::names::{Names, stream_name};
use crate::out::{Out, count};
use crate::pick;
use crate::problem::{Outcome, Problem};
use crate::source::Source;
use crate::times::{Clock, size, span};
use crate::words;

pub(crate) fn run(cli: &Cli, args: &Play, out: &mut Out) -> Result<Outcome, Problem> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err(Problem::cannot("--speed is a number above 0; 10 plays ten times faster"));
    }
    let (source, what) = Source::open(cli.data.as_deref(), args.what.as_deref())?;
    let (stream, log) = pick::stream(&source, what, true)?;
    let waits = !args.no_wait && std::io::stdout().is_terminal();
    let clock = Clock::of(cli);
    let begin = log.sessions.get(&stream).and_then(|session| session.first).unwrap_or_default();
    let mut media = seconds(&source, stream, begin)?;
    out.line(format!("{} opened {}", stream_name(stream), clock.tell(begin)));
    let mut names = log.site.clone();
    let mut now = begin;
    let mut go_to = |at: Millis, out: &mut Out| {
        if waits && at > now {
            out.flush();
            std::thread::sleep(Duration::from_secs_f64(at.since(now) as f64 / 1e3 / args.speed));
        }
        now = now.max(at);
    };
    for one in entries(&log, stream) {
        let time = one.header.time;
        // A second of media is told when it is over.
        while let Some(second) = media.first_entry()
            && begin.plus((second.key() + 1) * 1000) <= time
        {
            let (second, tracks) = second.remove_entry();
            go_to(begin.plus((second + 1) * 1000), out);
            tell_media(second, &tracks, &names, out);
        }
        go_to(time, out);
        let line = if one.is_erased() {
            Some(String::from("(erased)"))
        } else if !one.payload_is_sound() {
            Some(String::from("(damaged)"))
        } else {
            codec::decode::<Event>(&one).ok().and_then(|record| tell(&record, &mut names, &clock))
        };
        if let Some(line) = line {
            out.line(format!("{}  {line}", span(time.since(begin))));
        }
        if out.is_closed() {
            break;
        }
    }
    for (second, tracks) in media {
        go_to(begin.plus((second + 1) * 1000), out);
        tell_media(second, &tracks, &names, out);
    }
    let session = log.sessions.get(&stream);
    if session.is_some_and(|session| session.end.is_none()) {
        out.line("The session is open: this is how far it has come.");
    }
    Ok(log.outcome(&source))
}

fn entries(log: &Log, stream: StreamId) -> impl Iterator<Item = EntryRef<'_>> {
    let kept = log.kept.get(&stream).map(Vec::as_slice).unwrap_or_default();
    kept.iter().filter_map(|bytes| EntryRef::read(bytes).ok())
}

/// What people would have seen or heard of a fact; `None` for what only the log is told.
fn tell(record: &Record<Event>, names: &mut Names, clock: &Clock) -> Option<String> {
    names.learn(record.actor, &record.event);
    let words = words::session(&record.event, names, clock);
    names.forget(&record.event);
    let actor = record.actor.participant().map(|who| names.person(who));
    match (&record.event, actor) {
        (
            Event::Policy(_)
            | Event::Roster(roster::Event::Entered { .. })
            | Event::DialIn(dial_in::Event::Called { .. }),
            _,
        )
        | (Event::Recording(recording::Event::MediaSealed(_)), _) => None,
        (Event::Chat(_) | Event::Control(_) | Event::Track(_) | Event::Lock(_), Some(actor)) => {
            let own = ["says", "shares", "sends input", "would like"]
                .iter()
                .any(|own| words.starts_with(own));
            let own = own || matches!(record.event, Event::Lock(_));
            Some(if own { format!("{actor} {words}") } else { words })
        }
        (
            Event::Lifecycle(_)
            | Event::Roster(_)
            | Event::Floor(_)
            | Event::Control(_)
            | Event::Chat(_)
            | Event::Track(_)
            | Event::Hand(_)
            | Event::Lock(_)
            | Event::Recording(_)
            | Event::Delivery(_)
            | Event::DialIn(_),
            _,
        ) => Some(words),
    }
}

/// What arrived on a track within a second.
#[derive(Clone, Copy, Debug, Default)]
struct Arrived {
    frames: u64,
    bytes: u64,
    erased: u64,
}

/// Seconds since the session began, each with what arrived in it.
type Seconds = BTreeMap<u64, BTreeMap<TrackId, Arrived>>;

fn seconds(source: &Source, stream: StreamId, begin: Millis) -> Result<Seconds, Problem> {
    let mut seconds = Seconds::new();
    let first = convoke_journal::media::MEDIA_HEADER_BYTES as u64;
    // What is wrong with the file is told by `verify`.
    let Ok(Some(mut media)) = source.media(stream, first) else { return Ok(seconds) };
    while let Some(frame) = media.next_frame()? {
        let second = seconds.entry(Millis(frame.time).since(begin) / 1000).or_default();
        let header = MediaHeader::read(&frame.payload);
        let track = second.entry(header.map_or(TrackId(0), |header| header.track)).or_default();
        track.bytes += frame.payload.len() as u64;
        track.erased += u64::from(frame.erased);
        let begins = |flags: u8| flags & FLAG_FIRST != 0 && flags & FLAG_CONFIG == 0;
        track.frames += u64::from(header.is_some_and(|header| begins(header.flags)));
    }
    Ok(seconds)
}

fn tell_media(second: u64, tracks: &BTreeMap<TrackId, Arrived>, names: &Names, out: &mut Out) {
    for (track, arrived) in tracks {
        let what = if arrived.erased > 0 {
            String::from("erased media")
        } else if *track == TrackId(0) {
            String::from("media that cannot be read")
        } else {
            format!("{}: {}", names.track(*track), count(arrived.frames, "frame", "frames"))
        };
        out.line(format!("{}  {what}, {}", span(second * 1000), size(arrived.bytes)));
    }
}
