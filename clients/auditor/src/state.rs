//! `state`: the session as it was after one fact, with the hashes that live clients hold there.

use std::collections::BTreeMap;

use convoke_model::meeting::{Event, roster};
use convoke_model::view::session::SessionView;
use convoke_model::{Millis, ParticipantId, Position, StreamId};
use convoke_wire::codec;
use convoke_wire::entry::{self, EntryRef};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cli::{Cli, State};
use crate::json::{self, hex};
use crate::log::Log;
use crate::names::{Names, stream_name};
use crate::out::{Out, count, plain};
use crate::pick;
use crate::problem::{Outcome, Problem};
use crate::source::Source;
use crate::times::{self, Clock};
use crate::words;

/// A session after a fact.
struct Moment {
    stream: StreamId,
    position: Position,
    time: Millis,
    view: SessionView,
    names: Names,
    /// Who was last seen when, of those whose connection was lost as the server stopped.
    seen: BTreeMap<ParticipantId, Millis>,
    /// The stream's hash; `None` when facts before are missing.
    chain: Option<String>,
    /// Facts that could not be read, so that the state lacks what they did.
    unread: u64,
}

pub(crate) fn run(cli: &Cli, args: &State, out: &mut Out) -> Result<Outcome, Problem> {
    let (source, what) = Source::open(cli.data.as_deref(), args.what.as_deref())?;
    let (stream, log) = pick::stream(&source, what, true)?;
    let clock = Clock::of(cli);
    let kept = log.kept.get(&stream).map(Vec::as_slice).unwrap_or_default();
    let entries: Vec<EntryRef<'_>> =
        kept.iter().filter_map(|bytes| EntryRef::read(bytes).ok()).collect();
    let until = until(stream, &entries, args.at.as_deref(), &clock)?;
    let moment = fold(stream, &entries[..until], &log);
    if args.json {
        out.line(moment.to_json());
    } else {
        moment.tell(&clock, out);
    }
    Ok(log.outcome(&source))
}

/// How many entries lie before and at `at`.
fn until(
    stream: StreamId,
    entries: &[EntryRef<'_>],
    at: Option<&str>,
    clock: &Clock,
) -> Result<usize, Problem> {
    let name = stream_name(stream);
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Err(Problem::CannotRun(format!("no fact of {name} can be read")));
    };
    let Some(at) = at else { return Ok(entries.len()) };
    if let Ok(seq) = at.parse::<u64>() {
        let last = last.header.seq;
        if !(1..=last).contains(&seq) {
            let sentence = format!("{name} has facts 1 to {last}, so there is no fact {seq}");
            return Err(Problem::CannotRun(sentence));
        }
        return match entries.partition_point(|one| one.header.seq <= seq) {
            0 => Err(Problem::Findings(format!("facts up to {seq} of {name} are missing"))),
            until => Ok(until),
        };
    }
    let time = times::parse(at).ok_or_else(|| {
        let like = times::utc(last.header.time);
        Problem::CannotRun(format!("--at \"{at}\" is neither a seq nor a time such as {like}"))
    })?;
    match entries.partition_point(|one| one.header.time <= time) {
        0 => {
            let began = clock.tell(first.header.time);
            Err(Problem::CannotRun(format!("{name} was opened later, at {began}")))
        }
        until => Ok(until),
    }
}

fn fold(stream: StreamId, entries: &[EntryRef<'_>], log: &Log) -> Moment {
    let mut moment = Moment {
        stream,
        position: Position::default(),
        time: Millis::default(),
        view: SessionView::default(),
        names: log.site.clone(),
        seen: BTreeMap::new(),
        chain: None,
        unread: 0,
    };
    let mut chain = Some(entry::CHAIN_START);
    for one in entries {
        let whole = one.header.seq == moment.position.seq + 1;
        chain = chain.filter(|_| whole).map(|before| entry::chain(&before, &one.leaf()));
        moment.position = one.header.position();
        moment.time = one.header.time;
        match codec::decode::<Event>(one) {
            Ok(record) if one.payload_is_sound() => {
                moment.names.learn(record.actor, &record.event);
                moment.view.apply(&record);
                moment.see(&record.event);
            }
            Ok(_) | Err(_) => moment.unread += 1,
        }
    }
    moment.chain = chain.map(|chain| hex(&chain));
    moment
}

impl Moment {
    fn see(&mut self, event: &Event) {
        match event {
            Event::Roster(roster::Event::Disconnected { who, at: Some(at) }) => {
                self.seen.insert(*who, *at);
            }
            Event::Roster(roster::Event::Reconnected { who } | roster::Event::Left { who, .. }) => {
                self.seen.remove(who);
            }
            _ => {}
        }
    }

    fn hash(&self) -> String {
        hex(&Sha256::digest(self.view.canonical().as_bytes()))
    }

    fn to_json(&self) -> Value {
        let mut state = serde_json::to_value(&self.view).unwrap_or(Value::Null);
        state["name"] = json!(stream_name(self.stream));
        state["position"] = json!(self.position);
        state["time"] = json::time(self.time);
        state["unread"] = json!(self.unread);
        let seen = self.seen.iter().map(|(who, at)| (who.0.to_string(), json::time(*at)));
        state["last_seen"] = Value::Object(seen.collect());
        state["canonical"] = json!(self.view.canonical());
        state["hash"] = json!(self.hash());
        state["chain"] = json!(self.chain);
        state
    }

    fn tell(&self, clock: &Clock, out: &mut Out) {
        let view = &self.view;
        let yes = |is: bool| if is { "yes" } else { "no" };
        let (name, time) = (stream_name(self.stream), clock.tell(self.time));
        out.line(format!("{name} after fact {} ({time})", self.position.seq));
        out.line(format!("topic       {}", plain(&view.topic)));
        let kind = convoke_model::meeting::lifecycle::MeetingType::from_number(view.kind);
        out.line(format!("type        {}", kind.map_or("unknown", words::kind)));
        out.line(format!("opened      {}", clock.tell(view.started)));
        let ended = if view.ended.0 == 0 { "open".into() } else { clock.tell(view.ended) };
        out.line(format!("ended       {ended}"));
        let presenter = view.presenter.map_or("nobody".into(), |who| self.names.person(who));
        out.line(format!("presenter   {presenter}"));
        out.line(format!("locked      {}", yes(view.locked)));
        out.line(format!("recording   {}", yes(view.recording)));
        out.line(format!("said        {}", view.said));
        out.line(format!("\nIn the session: {}", view.people.len()));
        let seen = |who| {
            let at = self.seen.get(who);
            at.map_or_else(String::new, |&at| words::last_seen(at, clock))
        };
        for (who, person) in &view.people {
            let notes = [
                (view.presenter == Some(*who), String::from("presents")),
                (person.hand > 0, format!("hand up since fact {}", person.hand)),
                (person.muted, String::from("muted")),
                (person.telephone, String::from("on the telephone")),
                (person.quiet, String::from("microphone off")),
                (person.silenced, String::from("may not write")),
                (person.away, format!("connection lost{}", seen(who))),
            ];
            let notes: Vec<String> =
                notes.into_iter().filter(|(is, _)| *is).map(|(_, note)| note).collect();
            let since = clock.tell(person.since);
            let line = format!(
                "{:>6}  {:<20}  {:<8}  since {since}, fact {}  {}",
                who.0,
                plain(&person.name),
                person.role.word(),
                person.joined,
                notes.join(", ")
            );
            out.line(line.trim_end());
        }
        out.line(format!("In the lobby: {}", view.lobby.len()));
        for (who, waiting) in &view.lobby {
            let since = clock.tell(waiting.since);
            out.line(format!("{:>6}  {:<20}  since {since}", who.0, plain(&waiting.name)));
        }
        out.line(format!("Shared: {}", view.tracks.len()));
        for (track, shared) in &view.tracks {
            let paused = if shared.paused { ", paused" } else { "" };
            let pixels = format!("{}x{}", shared.width, shared.height);
            let pixels = if shared.width == 0 { "sound" } else { &pixels };
            out.line(format!(
                "{:>6}  {:<10}  {}  {}  {pixels}, generation {}{paused}",
                track.0,
                shared.kind.word(),
                self.names.person(shared.owner),
                plain(&shared.codec),
                shared.generation
            ));
        }
        if self.unread > 0 {
            let unread = count(self.unread, "fact", "facts");
            let lacks = "cannot be read (erased or damaged): the state lacks what happened there";
            out.line(format!("\n{unread} {lacks}"));
        }
        out.line(format!("\nstate hash  {}", self.hash()));
        let chain = self.chain.as_deref().unwrap_or("unknown: facts before are missing");
        out.line(format!("chain       {chain}"));
    }
}
