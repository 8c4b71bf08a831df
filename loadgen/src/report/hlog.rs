//! The latencies as an HdrHistogram log, which standard tools read and plot.
//!
//! Format: interval log version 1.3, histograms in the V2 compressed encoding
//! (<https://github.com/HdrHistogram/HdrHistogram>, `HistogramLogWriter`). Values are nanoseconds
//! and the maximum is shown in milliseconds, as those tools expect. Latencies have no tag; the
//! generator's own lag has the tag `generator_lag`.

use std::io::Write;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::recorded::Recorded;
use crate::series::Series;

const NS_PER_US: u64 = 1_000;
const NS_PER_MS: f64 = 1e6;
/// An hour and a bit, in nanoseconds, to three digits.
const TIME_MAX_NS: u64 = 4_000_000_000_000;
const DIGITS: u8 = 3;

/// Writes the log of a run that began at `started`; the error is a sentence.
pub(crate) fn write(
    series: &Series,
    started: SystemTime,
    mut into: impl Write,
) -> Result<(), String> {
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(concat!("[Logged with loadgen ", env!("CARGO_PKG_VERSION"), "]"))
        .add_comment("[Histogram log format version 1.3]")
        .with_start_time(started)
        .with_base_time(started)
        .with_max_value_divisor(NS_PER_MS)
        .begin_log_with(&mut into, &mut serializer)
        .map_err(|error| error.to_string())?;
    let mut begin = Duration::ZERO;
    for interval in series.intervals() {
        let length = Duration::from_micros(interval.length);
        for (times, tag) in [(&interval.latency, None), (&interval.lag, Tag::new("generator_lag"))]
        {
            let times = histogram(times)?;
            log.write_histogram(&times, begin, length, tag).map_err(|error| error.to_string())?;
        }
        begin += Duration::from_micros(series.width());
    }
    into.flush().map_err(|error| error.to_string())
}

fn histogram(times: &Recorded) -> Result<Histogram<u64>, String> {
    let mut all = Histogram::new_with_bounds(1, TIME_MAX_NS, DIGITS)
        .map_err(|error| format!("a histogram cannot be made: {error}"))?;
    for (time, count) in times.iter() {
        all.saturating_record_n(time * NS_PER_US, count);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use base64::Engine as _;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::series::Interval;

    fn interval(length: u64, latencies: &[u64]) -> Interval {
        Interval {
            length,
            latency: Recorded::from(latencies),
            lag: Recorded::from(&[7][..]),
            ..Interval::default()
        }
    }

    #[test]
    fn the_log_is_read_back_as_it_was() {
        let mut series = Series::new();
        series.put(0, &interval(1_000_000, &[500, 600, 250_000]));
        series.put(1_000_000, &interval(400_000, &[800]));
        let (mut bytes, started) =
            (Vec::new(), UNIX_EPOCH + Duration::from_millis(1_500_000_000_250));
        write(&series, started, &mut bytes).expect("written");

        let (mut plain, mut lag, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for entry in IntervalLogIterator::new(&bytes) {
            match entry.expect("sound") {
                LogEntry::StartTime(time) | LogEntry::BaseTime(time) => times.push(time),
                LogEntry::Interval(read) => {
                    let coded = base64::engine::general_purpose::STANDARD
                        .decode(read.encoded_histogram())
                        .expect("base64");
                    let all: Histogram<u64> =
                        Deserializer::new().deserialize(&mut &coded[..]).expect("a histogram");
                    let when = (read.start_timestamp(), read.duration());
                    match read.tag() {
                        None => plain.push((when, read.max(), all)),
                        Some(tag) => lag.push((tag.as_str().to_owned(), all.max())),
                    }
                }
            }
        }
        assert_eq!(times, [Duration::from_millis(1_500_000_000_250); 2]);
        assert_eq!(plain.len(), 2);
        let (when, max_ms, first) = &plain[0];
        assert_eq!(*when, (Duration::ZERO, Duration::from_secs(1)));
        assert!((max_ms - 250.0).abs() < 0.5, "{max_ms}");
        assert_eq!(first.len(), 3);
        assert!(first.value_at_quantile(0.5).abs_diff(600_000) < 600, "nanoseconds");
        assert_eq!(plain[1].0, (Duration::from_secs(1), Duration::from_millis(400)));
        assert_eq!(plain[1].2.len(), 1);
        assert_eq!(lag.len(), 2);
        assert!(lag.iter().all(|(tag, max)| tag == "generator_lag" && max.abs_diff(7_000) < 10));
    }
}
