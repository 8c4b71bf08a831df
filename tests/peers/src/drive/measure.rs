//! What is counted while a run lasts.

use hdrhistogram::Histogram;

use crate::clock::Micros;

pub(crate) struct Measure {
    /// Messages that readers got.
    pub(crate) delivered: u64,
    /// Requests that were granted.
    pub(crate) granted: u64,
    pub(crate) refused: u64,
    /// Bytes of the last delivered message.
    pub(crate) message_bytes: usize,
    /// Sum over readers of the number of the last message each has seen.
    pub(crate) seen: u64,
    /// Latency is recorded of what was meant to be sent from then on.
    pub(crate) from: Option<Micros>,
    pub(crate) latency: Histogram<u64>,
}

impl Measure {
    pub(crate) fn new() -> Self {
        let latency = Histogram::new_with_bounds(1, 600_000_000, 3).expect("bounds that are valid");
        Self {
            delivered: 0,
            granted: 0,
            refused: 0,
            message_bytes: 0,
            seen: 0,
            from: None,
            latency,
        }
    }

    /// `count` messages came of which this one stands for all.
    pub(crate) fn sample(&mut self, due: Micros, now: Micros, count: u64) {
        if self.from.is_some_and(|from| due >= from) {
            self.latency.saturating_record_n(now.saturating_sub(due).max(1), count);
        }
    }

    /// The percentiles as words.
    pub(crate) fn percentiles(&self) -> String {
        let at = |quantile: f64| self.latency.value_at_quantile(quantile);
        format!(
            "p50_us={} p99_us={} p999_us={} max_us={}",
            at(0.5),
            at(0.99),
            at(0.999),
            self.latency.max()
        )
    }
}
