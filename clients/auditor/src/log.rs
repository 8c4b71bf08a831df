//! A log read once from end to end: what each meeting and session is, and the entries asked for.

use std::collections::BTreeMap;

use convoke_journal::verify::{self, Report};
use convoke_model::meeting::life::{self, Creation};
use convoke_model::{MeetingId, Millis, Position, SessionNumber, StreamId, site};
use convoke_wire::Hash;
use convoke_wire::codec::{self, DecodeError, Fact};
use convoke_wire::entry::{self, EntryRef};

use crate::finding::Finding;
use crate::names::Names;
use crate::out;
use crate::pick::Keep;
use crate::problem::{Outcome, Problem};
use crate::session::Session;
use crate::source::Source;

/// A meeting's own stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meeting {
    pub(crate) created: Option<(Millis, Creation)>,
    pub(crate) opened: Vec<SessionNumber>,
    pub(crate) ended: Vec<Ended>,
    /// The stream's hash after each fact.
    pub(crate) hashes: Vec<Hash>,
    /// Facts are missing or cannot be read.
    pub(crate) broken: bool,
}

/// What a meeting notes of a session's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) seq: u64,
    pub(crate) session: SessionNumber,
    pub(crate) tail: Position,
    pub(crate) hash: Hash,
}

/// What the facts say.
#[derive(Default)]
pub(crate) struct Log {
    /// What the journal's verification says of a folder. An archive's is asked for by `verify`.
    pub(crate) report: Report,
    pub(crate) site: Names,
    pub(crate) meetings: BTreeMap<MeetingId, Meeting>,
    pub(crate) sessions: BTreeMap<StreamId, Session>,
    /// Entries of the streams that were asked for, in order.
    pub(crate) kept: BTreeMap<StreamId, Vec<Vec<u8>>>,
    /// Facts whose payload is zeros.
    pub(crate) erased: Vec<(StreamId, u64)>,
    /// Stretches that facts of the site say were erased: stream, first and last seq.
    pub(crate) erasures: Vec<(StreamId, u64, u64)>,
    findings: Vec<Finding>,
}

impl Log {
    /// Reads everything.
    ///
    /// # Errors
    /// When it cannot be read at all; damage in it is a finding.
    pub(crate) fn read(source: &Source, keep: Keep) -> Result<Self, Problem> {
        let mut log = Self::default();
        match source {
            Source::Folder { disk, data } => {
                // Whether an erasure covers a hole is known at the end only: it is a later fact.
                let visit = |_, one: EntryRef<'_>| log.entry(&one, keep);
                log.report = verify::verify(disk, data, |_| true, visit)?;
            }
            Source::Archive { archive, .. } => {
                archive.entries().for_each(|(_, one)| log.entry(&one, keep));
            }
        }
        Ok(log)
    }

    fn entry(&mut self, one: &EntryRef<'_>, keep: Keep) {
        let stream = one.header.stream;
        if one.is_erased() {
            self.erased.push((stream, one.header.seq));
        }
        self.keep(one, keep);
        match (stream.meeting_id(), stream.session) {
            (Some(meeting), 0) => self.meeting(meeting, one),
            (Some(_), _) => {
                let session = self.sessions.entry(stream);
                session.or_insert_with(|| Session::new(stream)).entry(one);
            }
            (None, _) => self.of_site(one),
        }
    }

    fn keep(&mut self, one: &EntryRef<'_>, keep: Keep) {
        let stream = one.header.stream;
        if !keep.wants(stream) {
            return;
        }
        // Of a meeting without a session's number, only the last session is wanted.
        let is_later = |kept: &StreamId| kept.session != 0 && kept.session < stream.session;
        if keep == Keep::Last(stream.meeting) && self.kept.keys().any(is_later) {
            self.kept.retain(|kept, _| !is_later(kept));
        }
        self.kept.entry(stream).or_default().push(one.bytes.to_vec());
    }

    fn meeting(&mut self, id: MeetingId, one: &EntryRef<'_>) {
        let header = &one.header;
        let meeting = self.meetings.entry(id).or_default();
        meeting.broken |= header.seq != meeting.hashes.len() as u64 + 1;
        let before = meeting.hashes.last().copied().unwrap_or(entry::CHAIN_START);
        meeting.hashes.push(entry::chain(&before, &one.leaf()));
        match read::<life::Event>(one, &mut self.findings) {
            Some(life::Event::Created(creation)) => {
                meeting.created = Some((header.time, creation));
            }
            Some(
                event @ (life::Event::Changed(_)
                | life::Event::Transferred { .. }
                | life::Event::CodeDrawn { .. }),
            ) => {
                if let Some((_, details)) = &mut meeting.created {
                    details.follow(&event);
                }
            }
            Some(
                life::Event::Cancelled { .. }
                | life::Event::Restored {}
                | life::Event::Invited { .. },
            ) => {}
            Some(life::Event::SessionOpened { session }) => meeting.opened.push(session),
            Some(life::Event::SessionEnded { session, tail, hash, .. }) => {
                meeting.ended.push(Ended { seq: header.seq, session, tail, hash });
            }
            None => meeting.broken = true,
        }
    }

    fn of_site(&mut self, one: &EntryRef<'_>) {
        if let Some(event) = read::<site::Event>(one, &mut self.findings) {
            self.site.learn_site(&event);
            if let site::Event::Erased(erasure) = event {
                self.erasures.extend(erasure.entries);
            }
        }
    }

    /// Whether a fact of the site says that this one was erased.
    pub(crate) fn is_covered(&self, stream: StreamId, seq: u64) -> bool {
        let mut erasures = self.erasures.iter();
        erasures.any(|&(of, from, to)| of == stream && (from..=to).contains(&seq))
    }

    /// What is wrong with the log by itself; how streams and media fit together is `verify`'s.
    pub(crate) fn findings(&self, source: &Source) -> Vec<Finding> {
        let journal = self.report.findings.iter().cloned().map(Finding::from);
        let mut findings: Vec<Finding> = journal.chain(self.findings.iter().cloned()).collect();
        if matches!(source, Source::Folder { .. }) {
            let holes = self.erased.iter().filter(|(stream, seq)| !self.is_covered(*stream, *seq));
            findings.extend(holes.map(|&(stream, seq)| {
                Finding::fact(stream, seq, "a payload is zeros and no fact says it was erased")
            }));
        }
        findings
    }

    /// How a command that only reads ends: damage is told on standard error.
    pub(crate) fn outcome(&self, source: &Source) -> Outcome {
        let findings = self.findings(source).len() as u64;
        if findings == 0 {
            return Outcome::Sound;
        }
        let found = out::count(findings, "finding", "findings");
        out::problem(&format!("this log is not sound: {found}; the command verify tells them"));
        Outcome::Findings
    }
}

/// The event of an entry whose payload is what its header promises.
fn read<E: Fact>(one: &EntryRef<'_>, findings: &mut Vec<Finding>) -> Option<E> {
    if !one.payload_is_sound() {
        return None;
    }
    match codec::decode::<E>(one) {
        Ok(record) => Some(record.event),
        Err(DecodeError::Erased) => None,
        Err(DecodeError::Malformed(why)) => {
            let what = format!("this is not a fact that this program knows: {why}");
            findings.push(Finding::fact(one.header.stream, one.header.seq, what));
            None
        }
    }
}
