//! The oracle: what the journal holds, read from it alone. Everything that anybody hears is held
//! against it.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_journal::LogReader;
use convoke_model::meeting::{Event, life, lifecycle};
use convoke_model::{MeetingId, Record, SessionNumber, StreamId, site};
use convoke_wire::codec::{self, Fact};
use convoke_wire::entry::{self, CHAIN_START, EntryRef, Hash, Header};

use super::Check;

/// One durable entry.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) header: Header,
    pub(crate) bytes: Vec<u8>,
    pub(crate) leaf: Hash,
    /// The stream's hash after it.
    pub(crate) hash: Hash,
}

/// The journal as a reader finds it.
pub(crate) struct Oracle {
    log: Arc<dyn LogReader>,
    streams: BTreeMap<StreamId, Vec<Kept>>,
    facts: usize,
}

impl Oracle {
    pub(crate) fn new(log: Arc<dyn LogReader>) -> Self {
        Self { log, streams: BTreeMap::new(), facts: 0 }
    }

    /// How many facts there are.
    pub(crate) fn facts(&self) -> usize {
        self.facts
    }

    pub(crate) fn streams(&self) -> impl Iterator<Item = (StreamId, &[Kept])> {
        self.streams.iter().map(|(&stream, kept)| (stream, kept.as_slice()))
    }

    pub(crate) fn stream(&self, stream: StreamId) -> &[Kept] {
        self.streams.get(&stream).map_or(&[], Vec::as_slice)
    }

    /// The entry at a place.
    pub(crate) fn at(&self, stream: StreamId, seq: u64) -> Option<&Kept> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.stream(stream).get(index)
    }

    /// The stream's hash after `seq`.
    pub(crate) fn hash(&self, stream: StreamId, seq: u64) -> Option<Hash> {
        if seq == 0 { Some(CHAIN_START) } else { self.at(stream, seq).map(|kept| kept.hash) }
    }

    /// A session's facts as records.
    pub(crate) fn records(
        &self,
        meeting: MeetingId,
        number: SessionNumber,
    ) -> Check<Vec<Record<Event>>> {
        let kept = self.stream(StreamId::session(meeting, number));
        kept.iter().map(|kept| decoded::<Event>(&kept.bytes)).collect()
    }

    /// Reads what is new in the journal and checks each entry by itself and in its place.
    pub(crate) fn follow(&mut self) -> Check<()> {
        for (stream, tail) in self.log.streams() {
            let mut next = self.stream(stream).len() as u64 + 1;
            while next <= tail.seq {
                let run = self.log.read(stream, next, 1 << 20).map_err(|e| e.to_string())?;
                if run.entries.is_empty() {
                    return Err(format!("{stream}: the journal does not give entry {next}"));
                }
                for (_, bytes) in run.iter() {
                    self.take(stream, bytes)?;
                    next += 1;
                }
            }
            if self.hash(stream, tail.seq) != Some(tail.hash) {
                return Err(format!("{stream}: the journal's own tail has another hash"));
            }
        }
        Ok(())
    }

    fn take(&mut self, stream: StreamId, bytes: &[u8]) -> Check<()> {
        let found = EntryRef::read(bytes).map_err(|e| format!("{stream}: {e:?}"))?;
        let header = found.header;
        let before = self.stream(stream).last();
        let place = format!("{stream} #{}", header.seq);
        if header.stream != stream || !found.payload_is_sound() {
            return Err(format!("{place}: the entry is not what its header says"));
        }
        if header.seq != before.map_or(0, |kept| kept.header.seq) + 1 {
            return Err(format!("{place}: a hole in seq"));
        }
        if before.is_some_and(|kept| kept.header.time > header.time) {
            return Err(format!("{place}: time runs backwards"));
        }
        if before.is_some_and(|kept| kept.header.epoch > header.epoch) {
            return Err(format!("{place}: epochs run backwards"));
        }
        self.ties(stream, bytes)?;
        let leaf = found.leaf();
        let hash = entry::chain(&before.map_or(CHAIN_START, |kept| kept.hash), &leaf);
        self.facts += 1;
        let kept = Kept { header, bytes: bytes.to_vec(), leaf, hash };
        self.streams.entry(stream).or_default().push(kept);
        Ok(())
    }

    /// What ties a meeting's stream and its sessions' streams together.
    fn ties(&self, stream: StreamId, bytes: &[u8]) -> Check<()> {
        let Some(meeting) = stream.meeting_id() else {
            return decoded::<site::Event>(bytes).map(|_| ());
        };
        if stream.session != 0 {
            let record = decoded::<Event>(bytes)?;
            if let Event::Lifecycle(lifecycle::Event::Opened(opening)) = record.event {
                let life = StreamId::meeting(meeting);
                if self.hash(life, opening.meeting_seq) != Some(opening.meeting_hash) {
                    return Err(format!("{stream}: its beginning is not tied to {life}"));
                }
            }
            return Ok(());
        }
        let record = decoded::<life::Event>(bytes)?;
        if let life::Event::SessionEnded { session, tail, hash, .. } = record.event {
            let session = StreamId::session(meeting, session);
            // Streams are read in order, the meeting's own first: its session's facts are looked up
            // in the journal itself.
            let at = self.log.read(session, tail.seq, 1).map_err(|e| e.to_string())?;
            if at.entries.first().map(|found| found.seq) != Some(tail.seq) {
                return Err(format!("{stream}: ends a session whose tail is not in the journal"));
            }
            let hashes = self.chain_to(session, tail.seq)?;
            if hashes != hash {
                return Err(format!("{stream}: ends {session} with another hash"));
            }
        }
        Ok(())
    }

    fn chain_to(&self, stream: StreamId, to: u64) -> Check<Hash> {
        let known = self.stream(stream).len() as u64;
        let from = known.min(to);
        let mut hash = self.hash(stream, from).unwrap_or(CHAIN_START);
        let mut next = from + 1;
        while next <= to {
            let run = self.log.read(stream, next, 1 << 20).map_err(|e| e.to_string())?;
            for (stored, bytes) in run.iter().take_while(|(stored, _)| stored.seq <= to) {
                let found = EntryRef::read(bytes).map_err(|e| format!("{stream}: {e:?}"))?;
                hash = entry::chain(&hash, &found.leaf());
                next = stored.seq + 1;
            }
            if run.entries.is_empty() {
                return Err(format!("{stream}: the journal does not give entry {next}"));
            }
        }
        Ok(hash)
    }
}

fn decoded<E: Fact>(bytes: &[u8]) -> Check<Record<E>> {
    let found = EntryRef::read(bytes).map_err(|e| format!("{e:?}"))?;
    codec::decode(&found)
        .map_err(|e| format!("{} #{}: {e:?}", found.header.stream, found.header.seq))
}
