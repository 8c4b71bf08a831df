//! The report's rows by seconds.

use serde::Serialize;

use crate::series::{self, Interval};

/// What happened when. Times count from when publishers began; after the run's `seconds`, what was
/// under way still arrives.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    /// A second, or more when the run was long.
    pub(crate) interval_seconds: f64,
    pub(crate) intervals: Vec<Moment>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Moment {
    /// When it began.
    pub(crate) at_seconds: f64,
    /// How much of the interval the run took up: less in the last one.
    pub(crate) seconds: f64,
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) errors: u64,
    pub(crate) sent_per_second: f64,
    pub(crate) deliveries_per_second: f64,
    /// Of what was delivered in it; `null` when nothing was.
    pub(crate) latency_us: Option<Tail>,
    /// Of what was sent in it; `null` when nothing was.
    pub(crate) generator_lag_us: Option<Tail>,
    pub(crate) generator_cpu_share: Option<f64>,
}

/// Times at percentiles, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tail {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl Tail {
    fn of(recorded: &crate::recorded::Recorded) -> Option<Self> {
        let at = |quantile| recorded.at_quantile(quantile);
        let max = recorded.max();
        let tail = Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max };
        (recorded.count() > 0).then_some(tail)
    }
}

impl Series {
    pub(super) fn of(series: &series::Series) -> Self {
        let width = series.width() as f64 / 1e6;
        let moment = |(at, interval)| Moment::of(f64::from(at) * width, interval);
        Self {
            interval_seconds: width,
            intervals: (0u32..).zip(series.intervals()).map(moment).collect(),
        }
    }
}

impl Moment {
    fn of(at_seconds: f64, interval: &Interval) -> Self {
        Self {
            at_seconds,
            seconds: interval.length as f64 / 1e6,
            sent: interval.sent,
            delivered: interval.delivered,
            errors: interval.errors,
            sent_per_second: interval.per_second(interval.sent),
            deliveries_per_second: interval.per_second(interval.delivered),
            latency_us: Tail::of(&interval.latency),
            generator_lag_us: Tail::of(&interval.lag),
            generator_cpu_share: interval.cpu_share(),
        }
    }
}
