//! Facts of a stream that fit, the newest first, a page at a time.

use std::ops::ControlFlow;

use convoke_journal::LogReader;
use convoke_model::StreamId;
use convoke_wire::entry::EntryRef;

/// Facts that are read together, from the newest back.
const WINDOW: u64 = 512;
/// Bytes of the log that are read at once.
const READ_BYTES: usize = 1 << 20;
/// Facts that one call looks at; what lies before them is for the next.
const LOOKED_MAX: u64 = 20_000;

/// A page of facts.
pub(super) struct Found<T> {
    pub(super) rows: Vec<T>,
    /// Where the next page begins. There may be one although this one is empty.
    pub(super) next: Option<u64>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

/// Reads a stream back from `start`, or from its newest fact, until `limit` facts fit.
///
/// `read` makes of an entry what is looked at, or nothing; `fits` turns that into a row, passes it
/// over, or ends the page because nothing before it can fit.
///
/// # Errors
/// A sentence, when the log cannot be read.
pub(super) fn newest_first<A, T>(
    log: &dyn LogReader,
    stream: StreamId,
    (start, limit): (Option<u64>, usize),
    read: impl Fn(&EntryRef<'_>) -> Option<A>,
    fits: impl Fn(u64, A) -> ControlFlow<(), Option<T>>,
) -> Result<Found<T>, String> {
    let tail = log.tail(stream).seq;
    let mut high = start.unwrap_or(tail).min(tail);
    let last = high.saturating_sub(LOOKED_MAX);
    let mut found = Found::default();
    while high > last {
        let low = high.saturating_sub(WINDOW) + 1;
        for (seq, one) in window(log, stream, low, high, &read)?.into_iter().rev() {
            let ControlFlow::Continue(row) = fits(seq, one) else { return Ok(found) };
            found.rows.extend(row);
            if found.rows.len() == limit {
                found.next = Some(seq - 1).filter(|next| *next > 0);
                return Ok(found);
            }
        }
        high = low - 1;
    }
    found.next = Some(high).filter(|next| *next > 0);
    Ok(found)
}

/// What is looked at from `low` to `high`, in the log's order.
fn window<A>(
    log: &dyn LogReader,
    stream: StreamId,
    low: u64,
    high: u64,
    read: impl Fn(&EntryRef<'_>) -> Option<A>,
) -> Result<Vec<(u64, A)>, String> {
    let mut window = Vec::new();
    let mut next = low;
    while next <= high {
        let run = log.read(stream, next, READ_BYTES).map_err(|error| error.to_string())?;
        let Some(entry) = run.entries.last() else { break };
        next = entry.seq + 1;
        for (stored, bytes) in run.iter().filter(|(stored, _)| stored.seq <= high) {
            let entry = EntryRef::read(bytes).map_err(|error| format!("{error:?}"))?;
            window.extend(read(&entry).map(|one| (stored.seq, one)));
        }
    }
    Ok(window)
}
