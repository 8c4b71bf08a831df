//! Sessions read out of the log, for those who may look. Few are read at once, and on no thread
//! that anybody waits for.

use std::sync::Arc;

use convoke_journal::LogReader;
use convoke_model::view::session::SessionView;
use convoke_model::{Record, Refusal, StreamId, meeting};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;

use crate::http::refusal::No;
use crate::http::site::Site;

/// Bytes of the log that are read at once.
const READ_BYTES: usize = 1 << 20;

/// Every fact of a stream, in order; erased ones are passed over.
pub(super) fn each<E: codec::Fact>(
    log: &dyn LogReader,
    stream: StreamId,
    mut take: impl FnMut(Record<E>),
) -> Result<(), String> {
    let (mut next, tail) = (1, log.tail(stream).seq);
    while next <= tail {
        let run = log.read(stream, next, READ_BYTES).map_err(|error| error.to_string())?;
        let Some(last) = run.entries.last() else { break };
        next = last.seq + 1;
        for (_, bytes) in run.iter() {
            let entry = EntryRef::read(bytes).map_err(|error| format!("{error:?}"))?;
            match codec::decode::<E>(&entry) {
                Ok(record) => take(record),
                Err(codec::DecodeError::Erased) => {}
                Err(codec::DecodeError::Malformed(what)) => return Err(what),
            }
        }
    }
    Ok(())
}

/// Reads the log on a thread of its own: nothing when there is no log.
pub(super) async fn reading<T: Send + 'static>(
    site: &Arc<Site>,
    read: impl FnOnce(&dyn LogReader) -> Result<T, String> + Send + 'static,
) -> Result<Option<T>, No> {
    let Some(log) = site.engine.log() else { return Ok(None) };
    // Whoever comes while others read is told to come again.
    let Ok(_turn) = site.desk.readings.try_acquire() else {
        return Err(No::because(Refusal::Busy));
    };
    let read = tokio::task::spawn_blocking(move || read(&*log)).await;
    let read = read.map_err(|_| No::fault("a reading of the log was interrupted"))?;
    read.map(Some).map_err(|why| No::fault(&why))
}

/// What a session is now, as an auditor sees it.
pub(super) async fn view(site: &Arc<Site>, stream: StreamId) -> Result<Option<SessionView>, No> {
    reading(site, move |log| {
        let mut view = SessionView::default();
        each::<meeting::Event>(log, stream, |record| view.apply(&record))?;
        Ok(view)
    })
    .await
}
