//! The days of a series, one after the other.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan};

use super::rule::{ByDay, End, Series, Step};

/// No series goes on for longer than this.
const YEARS_MAX: i64 = 100;

/// The beginnings of a series on its own clocks, in order, each once.
pub(super) struct Days<'a> {
    series: &'a Series,
    start: DateTime,
    last: DateTime,
    /// The step that is looked at next.
    step: i32,
    /// What was found in the one before, the latest first.
    found: Vec<Date>,
    given: u32,
    over: bool,
}

impl<'a> Days<'a> {
    /// All from the first one on.
    pub(super) fn new(series: &'a Series, start: DateTime) -> Self {
        let last = start.saturating_add(YEARS_MAX.years());
        Self { series, start, last, step: 0, found: Vec::new(), given: 0, over: false }
    }

    /// Those from a day on. What is counted has to be counted from the start, so the ones before
    /// may be among them.
    pub(super) fn from(series: &'a Series, start: DateTime, from: Date) -> Self {
        let mut days = Self::new(series, start);
        if matches!(series.end, End::After(_)) || from <= start.date() {
            return days;
        }
        let (first, whole) = (start.date(), |days: i64| i32::try_from(days).unwrap_or(i32::MAX));
        let passed = whole(from.duration_since(first).as_hours() / 24);
        let months =
            i32::from(from.year() - first.year()) * 12 + i32::from(from.month() - first.month());
        let steps = match series.step {
            Step::Day => passed,
            Step::Week => passed / 7,
            Step::Month => months,
            Step::Year => months / 12,
        };
        // One earlier, since a week or a year may have begun before the first day.
        days.step = (steps / series.interval - 1).max(0);
        days
    }

    /// The days of the next step; `None` when the series is over.
    fn look(&mut self) -> Option<Vec<Date>> {
        let (first, count) = self.period(self.step)?;
        self.step += 1;
        let mut days = Vec::new();
        let mut day = first;
        for _ in 0..count {
            if self.series.has(day) {
                days.push(day);
            }
            day = day.tomorrow().ok()?;
        }
        Some(self.placed(days))
    }

    /// The first day of a step, and how many it has.
    fn period(&self, step: i32) -> Option<(Date, i16)> {
        let on = i64::from(step).checked_mul(i64::from(self.series.interval))?;
        let date = self.start.date();
        let moved = |from: Date, span: Span| from.checked_add(span).ok();
        let (first, days) = match self.series.step {
            Step::Day => (moved(date, on.days())?, 1),
            Step::Week => {
                let into = date.weekday().since(self.series.week_start);
                (moved(date, (on * 7 - i64::from(into)).days())?, 7)
            }
            Step::Month => {
                let first = moved(date.first_of_month(), on.months())?;
                (first, i16::from(first.days_in_month()))
            }
            Step::Year => {
                let first = moved(date.first_of_year(), on.years())?;
                (first, first.days_in_year())
            }
        };
        (first <= self.last.date()).then_some((first, days))
    }

    fn placed(&self, days: Vec<Date>) -> Vec<Date> {
        let places = &self.series.places;
        if places.is_empty() {
            return days;
        }
        let count = days.len();
        let at = |place: i16| {
            let size = usize::from(place.unsigned_abs());
            if place > 0 { Some(size - 1) } else { count.checked_sub(size) }
        };
        let mut kept: Vec<Date> =
            places.iter().filter_map(|&place| days.get(at(place)?).copied()).collect();
        kept.sort_unstable();
        kept.dedup();
        kept
    }
}

impl Iterator for Days<'_> {
    type Item = DateTime;

    fn next(&mut self) -> Option<DateTime> {
        while !self.over {
            let Some(day) = self.found.pop() else {
                let Some(mut days) = self.look() else { break };
                days.reverse();
                self.found = days;
                continue;
            };
            let at = day.to_datetime(self.start.time());
            if at < self.start {
                continue;
            }
            self.over = match self.series.end {
                End::Never => at > self.last,
                End::After(count) => self.given >= count || at > self.last,
                End::At(until) => at > until || at > self.last,
            };
            if !self.over {
                self.given += 1;
                return Some(at);
            }
        }
        self.over = true;
        None
    }
}

impl Series {
    /// Whether a day is one of the series.
    fn has(&self, day: Date) -> bool {
        let month_days = i16::from(day.days_in_month());
        listed(&self.months, i16::from(day.month()), None)
            && listed(&self.year_days, day.day_of_year(), Some(day.days_in_year()))
            && listed(&self.month_days, i16::from(day.day()), Some(month_days))
            && (self.weeks.is_empty() || {
                let (week, of) = week_of(day, self.week_start);
                listed(&self.weeks, week, Some(of))
            })
            && (self.days.is_empty() || self.days.iter().any(|by| self.is_by(*by, day)))
    }

    fn is_by(&self, by: ByDay, day: Date) -> bool {
        if by.day != day.weekday() {
            return false;
        }
        let Some(nth) = by.nth else { return true };
        // Within its month, unless it is counted within the whole year.
        let whole_year = self.step == Step::Year && self.months.is_empty();
        let (place, of) = if whole_year {
            (day.day_of_year(), day.days_in_year())
        } else {
            (i16::from(day.day()), i16::from(day.days_in_month()))
        };
        if nth > 0 { (place - 1) / 7 + 1 == nth } else { (of - place) / 7 + 1 == -nth }
    }
}

/// Whether a number is in a list that is empty for all, and may count from the end.
fn listed(list: &[i16], number: i16, of: Option<i16>) -> bool {
    let from_the_end = of.map(|of| number - of - 1);
    list.is_empty() || list.iter().any(|&one| one == number || Some(one) == from_the_end)
}

/// The week of a day, and how many weeks its year has. The first week is the first one of which
/// four days are in the year.
fn week_of(day: Date, week_start: Weekday) -> (i16, i16) {
    let first_week = |year: i16| {
        let first = Date::new(year, 1, 1).unwrap_or(day);
        let into = i64::from(first.weekday().since(week_start));
        let begins = if into <= 3 { -into } else { 7 - into };
        first.saturating_add(begins.days())
    };
    let year = day.year();
    let of = |year: i16| {
        let (begins, ends) = (first_week(year), first_week(year + 1));
        let weeks = |days: i64| i16::try_from(days / 7).unwrap_or(i16::MAX);
        let passed = |to: Date| to.duration_since(begins).as_hours() / 24;
        (weeks(passed(day)) + 1, weeks(passed(ends)))
    };
    if day < first_week(year) {
        of(year - 1)
    } else if day >= first_week(year + 1) {
        of(year + 1)
    } else {
        of(year)
    }
}
