//! `list`: every meeting and session.

use convoke_model::{MeetingId, StreamId};
use serde_json::{Value, json};

use crate::cli::{Cli, List};
use crate::json;
use crate::log::{Log, Meeting};
use crate::names::stream_name;
use crate::out::{Out, plain};
use crate::pick::Keep;
use crate::problem::{Outcome, Problem};
use crate::session::Session;
use crate::source::Source;
use crate::times::{Clock, size, span};
use crate::words;

pub(crate) fn run(cli: &Cli, args: &List, out: &mut Out) -> Result<Outcome, Problem> {
    let (source, what) = Source::open(cli.data.as_deref(), args.what.as_deref())?;
    if let Some(what) = what {
        let sentence = format!("list takes no meeting; show {} shows its facts", plain(what));
        return Err(Problem::CannotRun(sentence));
    }
    let log = Log::read(&source, Keep::Nothing)?;
    if args.json {
        let meetings: Result<Vec<Value>, Problem> =
            meetings(&log).into_iter().map(|id| to_json(id, &log, &source)).collect();
        out.line(json!({ "meetings": meetings? }));
    } else {
        table(&log, &source, &Clock::of(cli), out)?;
    }
    Ok(log.outcome(&source))
}

/// Meetings by their own streams and by their sessions' (damage may hide either).
fn meetings(log: &Log) -> Vec<MeetingId> {
    let mut ids: Vec<MeetingId> = log.meetings.keys().copied().collect();
    ids.extend(log.sessions.keys().filter_map(|stream| stream.meeting_id()));
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn sessions(log: &Log, id: MeetingId) -> impl Iterator<Item = (&StreamId, &Session)> {
    log.sessions.range(StreamId::meeting(id)..=StreamId { meeting: id.number(), session: u32::MAX })
}

fn topic(meeting: Option<&Meeting>, session: Option<&Session>) -> (String, &'static str) {
    let opening = session.and_then(|session| session.opening.as_ref());
    let created = meeting.and_then(|meeting| meeting.created.as_ref());
    match (opening, created) {
        (Some(opening), _) => (plain(opening.topic.as_str()), words::kind(opening.kind)),
        (None, Some((_, made))) => (plain(made.topic.as_str()), words::kind(made.kind)),
        (None, None) => (String::from("(cannot be read)"), "?"),
    }
}

fn table(log: &Log, source: &Source, clock: &Clock, out: &mut Out) -> Result<(), Problem> {
    let ids = meetings(log);
    if ids.is_empty() {
        out.line(format!("This {} holds no meetings yet.", source.noun()));
        return Ok(());
    }
    let mut rows = vec![
        ["SESSION", "TYPE", "OPENED", "ENDED", "LASTED", "PEOPLE", "FACTS", "MEDIA", "TOPIC"]
            .map(String::from),
    ];
    for id in ids {
        let meeting = log.meetings.get(&id);
        let mut opened = 0;
        for (&stream, session) in sessions(log, id) {
            let (topic, kind) = topic(meeting, Some(session));
            let ended = session.end.map_or_else(|| "open".into(), |end| clock.tell(end.time));
            opened += 1;
            rows.push([
                stream_name(stream),
                kind.into(),
                session.first.map_or_else(String::new, |first| clock.tell(first)),
                ended,
                span(session.lasted()),
                session.joins.to_string(),
                session.facts.to_string(),
                size(media_bytes(source, session)?),
                topic,
            ]);
        }
        if opened == 0 {
            let (topic, kind) = topic(meeting, None);
            let facts = meeting.map_or(0, |meeting| meeting.hashes.len()).to_string();
            let none = || String::from("-");
            let never = String::from("never");
            let row = [id.to_string(), kind.into(), never, none(), none(), none(), facts, none()];
            let [a, b, c, d, e, f, g, h] = row;
            rows.push([a, b, c, d, e, f, g, h, topic]);
        }
    }
    let wide = |row: &[String; 9], at: usize| row[at].chars().count();
    let widths: [usize; 9] =
        std::array::from_fn(|at| rows.iter().map(|row| wide(row, at)).max().unwrap_or(0));
    for row in &rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let gap = widths[at] - cell.chars().count();
            let numbers = (5..=7).contains(&at);
            line += &if numbers { " ".repeat(gap) + cell } else { cell.clone() + &" ".repeat(gap) };
            line += "  ";
        }
        out.line(line.trim_end());
    }
    Ok(())
}

/// Bytes of a session's media file up to its last whole frame; 0 when there is none.
fn media_bytes(source: &Source, session: &Session) -> Result<u64, Problem> {
    // What is sealed is not read again for its length.
    let sealed = session.seals.iter().map(|(_, seal)| seal.to).max();
    let begin = convoke_journal::media::MEDIA_HEADER_BYTES as u64;
    let Ok(Some(mut media)) = source.media(session.stream, sealed.unwrap_or(begin)) else {
        return Ok(0); // A file that is missing or damaged is told by `verify`.
    };
    while media.next_frame()?.is_some() {}
    Ok(if media.position() == begin { 0 } else { media.position() })
}

fn to_json(id: MeetingId, log: &Log, source: &Source) -> Result<Value, Problem> {
    let meeting = log.meetings.get(&id);
    let created = meeting.and_then(|meeting| meeting.created.as_ref());
    let mut list = Vec::new();
    for (&stream, session) in sessions(log, id) {
        let opening = session.opening.as_ref();
        list.push(json!({
            "session": stream.session,
            "name": stream_name(stream),
            "topic": opening.map(|opening| opening.topic.as_str()),
            "type": opening.map(|opening| words::kind(opening.kind)),
            "opened": session.first.map(json::time),
            "ended": session.end.map(|end| json::time(end.time)),
            "end_reason": session.end.map(|end| words::end(end.reason)),
            "duration_ms": session.lasted(),
            "people": session.joins,
            "facts": session.facts,
            "media_bytes": media_bytes(source, session)?,
        }));
    }
    Ok(json!({
        "id": id.to_string(),
        "topic": created.map(|(_, made)| made.topic.as_str()),
        "type": created.map(|(_, made)| words::kind(made.kind)),
        "owner": created.map(|(_, made)| made.owner),
        "created": created.map(|(time, _)| json::time(*time)),
        "sessions": list,
    }))
}
