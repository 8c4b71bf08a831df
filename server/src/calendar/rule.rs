//! A rule of RFC 5545, section 3.3.10, taken apart: how often a meeting comes again, and when.
//!
//! What comes more than once a day is no series of meetings: `FREQ` is `DAILY` or rarer, and the
//! hour is that of the first beginning.

use convoke_model::meeting::plan::Rule;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

/// Meetings of one series that are counted out.
pub const COUNT_MAX: u32 = 3660;
/// The largest `INTERVAL`.
const INTERVAL_MAX: i32 = 1000;
/// Numbers in one list of a rule.
const LIST_MAX: usize = 100;

/// How long one step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Day,
    Week,
    Month,
    Year,
}

/// A weekday, or one of them counted within a month or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByDay {
    pub(super) nth: Option<i16>,
    pub(super) day: Weekday,
}

/// When a series ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Never,
    After(u32),
    /// The last beginning, on the clocks of the series.
    At(DateTime),
}

/// The rule, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) step: Step,
    pub(super) interval: i32,
    pub(super) end: End,
    pub(super) week_start: Weekday,
    pub(super) months: Vec<i16>,
    pub(super) weeks: Vec<i16>,
    pub(super) year_days: Vec<i16>,
    pub(super) month_days: Vec<i16>,
    pub(super) days: Vec<ByDay>,
    pub(super) places: Vec<i16>,
}

impl Series {
    /// Takes a rule apart; `None` when it is none, or one of more than one meeting a day. What the
    /// rule leaves open is that of the first beginning.
    pub(super) fn read(rule: &Rule, start: DateTime, zone: &TimeZone) -> Option<Self> {
        let mut step = None;
        let mut series = Self {
            step: Step::Day,
            interval: 1,
            end: End::Never,
            week_start: Weekday::Monday,
            months: Vec::new(),
            weeks: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            days: Vec::new(),
            places: Vec::new(),
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in rule.as_str().split(';') {
            let (name, value) = part.split_once('=')?;
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            match name {
                "FREQ" => step = Some(step_of(value)?),
                "INTERVAL" => {
                    let interval = number(value).map(i32::from)?;
                    series.interval = (1..=INTERVAL_MAX).contains(&interval).then_some(interval)?;
                }
                "COUNT" => {
                    let count: u32 = digits(value)?;
                    let count = (1..=COUNT_MAX).contains(&count).then_some(count)?;
                    series.ends(End::After(count))?;
                }
                "UNTIL" => series.ends(End::At(until(value, zone)?))?,
                "WKST" => series.week_start = weekday(value)?,
                "BYMONTH" => series.months = numbers(value, 1, 12, false)?,
                "BYWEEKNO" => series.weeks = numbers(value, 1, 53, true)?,
                "BYYEARDAY" => series.year_days = numbers(value, 1, 366, true)?,
                "BYMONTHDAY" => series.month_days = numbers(value, 1, 31, true)?,
                "BYSETPOS" => series.places = numbers(value, 1, 366, true)?,
                "BYDAY" => series.days = by_days(value)?,
                // What counts hours is no series of meetings, and what is unknown is no rule.
                _ => return None,
            }
        }
        series.step = step?;
        if !series.fits() {
            return None;
        }
        series.fill(start);
        Some(series)
    }

    fn ends(&mut self, end: End) -> Option<()> {
        let first = self.end == End::Never;
        self.end = end;
        first.then_some(())
    }

    /// What the table of section 3.3.10 does not allow together.
    fn fits(&self) -> bool {
        let counted = self.days.iter().any(|day| day.nth.is_some());
        let only_of_years = self.weeks.is_empty() && self.year_days.is_empty();
        let months = !self.months.is_empty() || !self.month_days.is_empty();
        let listed = months || !only_of_years || !self.days.is_empty();
        let placed = self.places.is_empty() || listed;
        placed
            && match self.step {
                Step::Day => only_of_years && !counted,
                Step::Week => only_of_years && !counted && self.month_days.is_empty(),
                Step::Month => only_of_years,
                Step::Year => self.weeks.is_empty() || !counted,
            }
    }

    /// What is left open is as at the first beginning.
    fn fill(&mut self, start: DateTime) {
        let date = start.date();
        let nothing = self.days.is_empty() && self.month_days.is_empty();
        let own_day = ByDay { nth: None, day: date.weekday() };
        match self.step {
            Step::Day => {}
            Step::Week if self.days.is_empty() => self.days.push(own_day),
            Step::Month if nothing => self.month_days.push(i16::from(date.day())),
            Step::Year if nothing && self.year_days.is_empty() => {
                if self.weeks.is_empty() {
                    self.month_days.push(i16::from(date.day()));
                    if self.months.is_empty() {
                        self.months.push(i16::from(date.month()));
                    }
                } else {
                    self.days.push(own_day);
                }
            }
            Step::Week | Step::Month | Step::Year => {}
        }
    }
}

fn step_of(value: &str) -> Option<Step> {
    Some(match value {
        "DAILY" => Step::Day,
        "WEEKLY" => Step::Week,
        "MONTHLY" => Step::Month,
        "YEARLY" => Step::Year,
        _ => return None,
    })
}

fn weekday(value: &str) -> Option<Weekday> {
    Some(match value {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

fn digits<T: std::str::FromStr>(value: &str) -> Option<T> {
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| value.parse().ok()).flatten()
}

/// A number that may have a sign.
fn number(value: &str) -> Option<i16> {
    match value.strip_prefix('-') {
        Some(rest) => digits::<i16>(rest).map(|number| -number),
        None => digits(value.strip_prefix('+').unwrap_or(value)),
    }
}

fn numbers(value: &str, least: i16, most: i16, from_the_end: bool) -> Option<Vec<i16>> {
    let fits = |number: &i16| {
        let size = if from_the_end { number.abs() } else { *number };
        (least..=most).contains(&size)
    };
    let list: Vec<i16> =
        value.split(',').map(|one| number(one).filter(fits)).collect::<Option<_>>()?;
    (list.len() <= LIST_MAX).then_some(list)
}

fn by_days(value: &str) -> Option<Vec<ByDay>> {
    let one = |text: &str| {
        let (nth, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let day = weekday(day)?;
        if nth.is_empty() {
            return Some(ByDay { nth: None, day });
        }
        let nth = number(nth).filter(|nth| (1..=53).contains(&nth.abs()))?;
        Some(ByDay { nth: Some(nth), day })
    };
    let list: Vec<ByDay> = value.split(',').map(one).collect::<Option<_>>()?;
    (list.len() <= LIST_MAX).then_some(list)
}

/// A day (its whole), a time on the clocks of the series, or one of UTC, which is what RFC 5545
/// asks for.
fn until(value: &str, zone: &TimeZone) -> Option<DateTime> {
    let (day, time) = match value.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (value, None),
    };
    let pair = |text: &str, at: usize| text.get(at..at + 2).and_then(digits::<i8>);
    let year = day.get(..4).and_then(digits::<i16>)?;
    let day = (day.len() == 8).then(|| Date::new(year, pair(day, 4)?, pair(day, 6)?).ok())??;
    let Some(time) = time else {
        return Some(day.at(23, 59, 59, 0));
    };
    let (clock, utc) = match time.strip_suffix('Z') {
        Some(clock) => (clock, true),
        None => (time, false),
    };
    let (hour, minute, second) = (pair(clock, 0)?, pair(clock, 2)?, pair(clock, 4)?);
    let clock = (clock.len() == 6).then(|| jiff::civil::Time::new(hour, minute, second.min(59), 0));
    let at = day.to_datetime(clock?.ok()?);
    if !utc {
        return Some(at);
    }
    let instant = TimeZone::UTC.to_timestamp(at).ok()?;
    Some(zone.to_datetime(instant))
}
