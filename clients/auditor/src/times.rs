//! Times, durations and sizes in words.

use convoke_model::Millis;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::Cli;

/// In which time zone times are told.
pub(crate) struct Clock {
    zone: TimeZone,
}

impl Clock {
    pub(crate) fn of(cli: &Cli) -> Self {
        Self { zone: if cli.local && !cli.utc { TimeZone::system() } else { TimeZone::UTC } }
    }

    /// RFC 3339 with milliseconds, so that `state --at` takes it.
    pub(crate) fn tell(&self, time: Millis) -> String {
        let stamp = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let Some(stamp) = stamp else { return format!("{} ms", time.0) };
        if self.zone == TimeZone::UTC {
            return stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        }
        let zoned = stamp.to_zoned_datetime(self.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }
}

/// In JSON, times are always UTC.
pub(crate) fn utc(time: Millis) -> String {
    Clock { zone: TimeZone::UTC }.tell(time)
}

/// A time as a person writes it (RFC 3339).
pub(crate) fn parse(text: &str) -> Option<Millis> {
    let stamp: Timestamp = text.parse().ok()?;
    u64::try_from(stamp.as_millisecond()).ok().map(Millis)
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Millis(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}

/// Hours, minutes, seconds.
pub(crate) fn span(ms: u64) -> String {
    let s = ms / 1000;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// A size a person can compare.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_and_read_back() {
        let time = Millis(1_700_000_000_123);
        assert_eq!(utc(time), "2023-11-14T22:13:20.123Z");
        assert_eq!(parse(&utc(time)), Some(time));
        assert_eq!(parse("2023-11-14T23:13:20.123+01:00"), Some(time));
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn spans_and_sizes_are_short() {
        assert_eq!(span(3_723_999), "01:02:03");
        let sizes = [0, 999, 1000, 1_234_567, 2_000_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.2 MB", "2.0 GB"]);
    }
}
