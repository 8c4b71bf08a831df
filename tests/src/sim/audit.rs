//! The judgement: what the journal says at the end, against what people were told.

use std::collections::{BTreeMap, BTreeSet};

use convoke_model::meeting::{Command, Event, Session, chat, roster};
use convoke_model::view::session::SessionView;
use convoke_model::{ClientId, Millis, ParticipantId, Record, SessionNumber, StreamId};
use convoke_wire::message::ReplyResult;

use super::Check;
use super::client::{Asked, Client};
use super::process::Key;
use super::world::World;

impl World {
    /// The live views are folds of the journal, and of nothing else.
    pub(crate) fn views_are_the_journal(&mut self) -> Check<()> {
        let Some(process) = &self.process else { return Ok(()) };
        for live in process.shards.iter().flat_map(convoke_engine::Shard::sessions) {
            let (position, hash) = live.durable();
            let stream = live.stream();
            let mut view = SessionView::default();
            let mut session = Session::default();
            let records = self.oracle.records(live.meeting, live.number)?;
            for record in records.iter().take_while(|r| r.position.seq <= position.seq) {
                view.apply(record);
                session.apply(record);
            }
            if self.oracle.hash(stream, position.seq) != Some(hash) {
                return Err(format!("{stream}: the live hash at {} is another", position.seq));
            }
            if view.canonical() != live.view.canonical() || view != live.view {
                return Err(format!("{stream}: the live view is not the fold of the journal"));
            }
            let all = live.tail().0.seq == position.seq;
            if all && format!("{session:?}") != format!("{:?}", live.decided) {
                return Err(format!("{stream}: what is decided on is not the fold of the journal"));
            }
        }
        self.count("views compared with the journal");
        Ok(())
    }

    pub(crate) fn audit(&mut self) -> Check<()> {
        let reader = convoke_journal::Journal::reader(&self.journal);
        let mut again = super::oracle::Oracle::new(reader);
        again.follow()?;
        if again.facts() != self.oracle.facts() {
            return Err("the journal changed behind its end".into());
        }
        let sessions: Vec<Key> = self
            .oracle
            .streams()
            .filter(|(stream, _)| stream.session != 0)
            .filter_map(|(stream, _)| Some((stream.meeting_id()?, SessionNumber(stream.session))))
            .collect();
        let mut texts = BTreeMap::new();
        for key in sessions {
            let records = self.oracle.records(key.0, key.1)?;
            balance(key, &records)?;
            count_texts(&records, &mut texts);
        }
        if let Some((text, _)) = texts.iter().find(|&(_, &times)| times > 1) {
            return Err(format!("something was said once and is in the log twice: {text:.40}"));
        }
        for client in &self.clients {
            let Some((key, id, _)) = client.id else { continue };
            let groups = self.groups(StreamId::session(key.0, key.1), id)?;
            for (n, asked) in &client.asked {
                let doubled = self.doubled.contains(&(client.index, *n));
                let told = judge(client, *n, asked, &groups, doubled)?;
                *self.counts.entry(told).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Last seq of each request's facts, which stand side by side.
    fn groups(&self, stream: StreamId, client: ClientId) -> Check<BTreeMap<u64, u64>> {
        let mut groups: BTreeMap<u64, u64> = BTreeMap::new();
        for kept in self.oracle.stream(stream) {
            let header = &kept.header;
            if header.client != client {
                continue;
            }
            let (n, seq) = (header.client_seq, header.seq);
            if groups.insert(n, seq).is_some_and(|last| last + 1 != seq) {
                return Err(format!("{stream}: request {n} of {client} was carried out twice"));
            }
        }
        Ok(groups)
    }
}

/// Holds what a client was told about a request against the log.
fn judge(
    client: &Client,
    n: u64,
    asked: &Asked,
    groups: &BTreeMap<u64, u64>,
    doubled: bool,
) -> Check<&'static str> {
    let last = groups.get(&n);
    let receipts: Vec<u64> = asked
        .replies
        .iter()
        .filter_map(|reply| match reply {
            ReplyResult::Accepted(receipt) => Some(receipt.seq),
            ReplyResult::Refused { .. } => None,
        })
        .collect();
    // Locking what is locked is granted and needs no fact.
    let needs_none = matches!(asked.command, Command::Lock(_));
    match (receipts.first(), last) {
        (Some(_), None) if needs_none => Ok("requests granted without a fact"),
        (Some(_), None) => {
            Err(client.finding(&format!("has a receipt for {n}, which is not in the log")))
        }
        // Sent twice at once: the first needed no fact, and what it wished was undone before the
        // second.
        (Some(_), Some(_)) if needs_none && doubled => Ok("requests granted"),
        (Some(_), Some(last)) if receipts.iter().any(|receipt| receipt < last) => {
            Err(client.finding(&format!("has a receipt for {n} that does not cover its facts")))
        }
        (Some(_), Some(_)) => Ok("requests granted"),
        (None, None) if asked.replies.is_empty() => Ok("requests never answered"),
        (None, None) => Ok("requests refused"),
        (None, Some(_)) if asked.replies.is_empty() => Ok("requests granted but never answered"),
        // Sent twice at once, the second time too fast, and the answer to the first was lost.
        (None, Some(_)) if doubled => Ok("requests granted but never answered"),
        (None, Some(_)) => {
            Err(client
                .finding(&format!("was refused {n}, which is in the log: {:?}", asked.replies)))
        }
    }
}

/// Everybody who came has gone, once; time and seq were checked entry by entry.
fn balance(key: Key, records: &[Record<Event>]) -> Check<()> {
    let mut inside: BTreeSet<ParticipantId> = BTreeSet::new();
    let mut lobby: BTreeSet<ParticipantId> = BTreeSet::new();
    let mut ended = Millis(0);
    let wrong = |what: &str, who| Err(format!("{}/{}: {who} {what}", key.0, key.1));
    for record in records {
        match &record.event {
            Event::Roster(roster::Event::Waiting { who, .. }) if !lobby.insert(*who) => {
                return wrong("waits twice", *who);
            }
            Event::Roster(roster::Event::Joined { who, .. }) => {
                lobby.remove(who);
                if !inside.insert(*who) {
                    return wrong("joins twice", *who);
                }
            }
            Event::Roster(roster::Event::Left { who, .. })
                if !inside.remove(who) && !lobby.remove(who) =>
            {
                return wrong("leaves without having come", *who);
            }
            Event::Lifecycle(convoke_model::meeting::lifecycle::Event::Ended { .. }) => {
                ended = record.time;
            }
            _ => {}
        }
    }
    if ended == Millis(0) {
        return Err(format!("{}/{}: has no end", key.0, key.1));
    }
    match inside.first().or(lobby.first()) {
        Some(who) => wrong("is still here after the end", *who),
        None => Ok(()),
    }
}

fn count_texts(records: &[Record<Event>], texts: &mut BTreeMap<String, usize>) {
    for record in records {
        if let Event::Chat(chat::Event::Said { text, .. }) = &record.event {
            *texts.entry(text.as_str().to_owned()).or_default() += 1;
        }
    }
}
