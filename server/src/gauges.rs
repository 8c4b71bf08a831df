//! What the log, the lanes and the disk tell of themselves when the metrics are asked for.

use std::sync::Arc;

use convoke_fanout::Pool;
use convoke_journal::committer::Committer;

use crate::clock::Clock;
use crate::media::MediaFiles;
use crate::metrics::{Metrics, Page};
use crate::space::Space;

/// Adds them to the page.
pub(crate) fn add(
    metrics: &Metrics,
    committer: &Committer,
    pool: &Pool,
    space: &Arc<Space>,
    media: &Arc<MediaFiles>,
    clock: Arc<dyn Clock>,
) {
    let (counters, queue) = (committer.counters(), committer.queue());
    let (pool, space, media) = (pool.clone(), Arc::downgrade(space), Arc::downgrade(media));
    metrics.add(move |page: &mut Page| {
        let figures = counters.figures();
        page.counter("convoke_commit_turns_total", "Turns in those blocks.")
            .set(figures.submissions as f64);
        page.counter("convoke_commit_bytes_total", "Bytes of entries in those blocks.")
            .set(figures.bytes as f64);
        page.gauge("convoke_commit_turns_max", "Most turns in one block since the start.")
            .set(figures.largest_batch as f64);
        page.gauge("convoke_commit_queue", "Turns that wait for the committer.")
            .set(queue.waiting() as f64);
        let times = counters.times().map(|(most, count)| (most.as_secs_f64(), count));
        let sum = figures.average.as_secs_f64() * figures.commits as f64;
        page.histogram("convoke_commit_seconds", "Write and data sync of a block.", times, sum);
        page.gauge("convoke_lane_chunks", "Chunks of 64 KiB that the lanes hold or keep.")
            .set(pool.chunks() as f64);
        if let Some(space) = space.upgrade() {
            page.gauge("convoke_disk_level", "0 plenty, 1 low, 2 very low, 3 full.")
                .set(f64::from(space.level()));
        }
        if let Some(media) = media.upgrade() {
            let age = media.oldest_unsynced().map_or(0, |oldest| clock.now().since(oldest));
            page.gauge(
                "convoke_media_unsynced_seconds",
                "Age of the oldest recorded media that a power cut would take.",
            )
            .set(age as f64 / 1000.0);
        }
    });
}
