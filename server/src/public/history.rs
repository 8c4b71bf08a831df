//! What was public at an instant: the folds of the site's stream and of the meetings' own streams,
//! up to then.

use convoke_journal::LogReader;
use convoke_model::meeting::life::{self, Meeting};
use convoke_model::policy::Hook;
use convoke_model::site::scripts::Member;
use convoke_model::site::{self, Site};
use convoke_model::{Millis, Record, StreamId};
use convoke_wire::codec::{self, DecodeError, Fact};
use convoke_wire::entry::EntryRef;

use super::known::{State, Wished};

/// How much of the log is read at once, in bytes.
const READ_BYTES: usize = 1024 * 1024;

/// Why it cannot be said what was public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHistory {
    /// Somebody else looks back.
    #[error("another look into the past is under way")]
    Busy,
    /// The log cannot be read.
    #[error("the log cannot be read: {0}")]
    Unreadable(String),
}

/// The facts as they were, and the scripts that answered.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn at(log: &dyn LogReader, at: Millis) -> Result<(State, Vec<Member>), NoHistory> {
    let mut site = Site::default();
    follow::<site::Event>(log, StreamId::SITE, at, |record| site.apply(record))?;
    let mut meetings = Vec::new();
    for (stream, _) in log.streams() {
        if stream.meeting_id().is_none() || stream.session != 0 {
            continue;
        }
        let mut meeting = Meeting::default();
        let mut changed = Millis(0);
        follow::<life::Event>(log, stream, at, |record| {
            if record.event.changes_plan() || matches!(record.event, life::Event::Created(_)) {
                changed = record.time;
            }
            meeting.apply(record);
        })?;
        let details = meeting.details.as_ref();
        meetings.extend(details.and_then(|details| {
            Wished::of(&site, details, meeting.cancelled, changed, meeting.changes)
        }));
    }
    meetings.sort_by_key(|wished| wished.details.meeting);
    let loaded = site.scripts.loaded(site.scripts.version());
    let chain = loaded.and_then(|loaded| loaded.live.get(&Hook::Publish)).cloned();
    Ok((State { settings: site.settings, meetings }, chain.unwrap_or_default()))
}

/// The records of a stream up to an instant; times in a stream never go back.
fn follow<E: Fact>(
    log: &dyn LogReader,
    stream: StreamId,
    until: Millis,
    mut then: impl FnMut(&Record<E>),
) -> Result<(), NoHistory> {
    let unreadable = |why: String| NoHistory::Unreadable(why);
    let tail = log.tail(stream).seq;
    let mut next = 1;
    while next <= tail {
        let run = log.read(stream, next, READ_BYTES).map_err(|e| unreadable(e.to_string()))?;
        if run.entries.is_empty() {
            return Err(unreadable(format!("entry {next} of stream {stream} is not given")));
        }
        for (stored, bytes) in run.iter() {
            let entry = EntryRef::read(bytes).map_err(|error| unreadable(format!("{error:?}")))?;
            if entry.header.time > until {
                return Ok(());
            }
            match codec::decode::<E>(&entry) {
                Ok(record) => then(&record),
                Err(DecodeError::Erased) => {}
                Err(error) => return Err(unreadable(format!("{error:?}"))),
            }
            next = stored.seq + 1;
        }
    }
    Ok(())
}
