//! The calendar: when a meeting is held, by its rule and by its time zone's clocks.
//!
//! A series is worked out on the clocks of its zone, day by day, and each of its meetings is then
//! put to an instant, so that ten o'clock stays ten o'clock when the clocks are changed. A time
//! that a change of clocks leaves out is as much later; of one that comes twice, it is the first.

mod days;
mod rule;

use convoke_model::meeting::plan::{Exception, LocalTime, Rule, When};
use convoke_model::text::Zone;
use convoke_model::{Millis, Refusal};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use days::Days;
use rule::Series;

pub use rule::COUNT_MAX;

/// Years in which a meeting may begin.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// A meeting that is held once, or one of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Its beginning on the clocks of its zone.
    pub local: LocalTime,
    /// The instant of its beginning.
    pub begins: Millis,
    /// The instant of its end.
    pub ends: Millis,
}

/// When a meeting is held, with its first beginning and its last end worked out. A series begins
/// with the first day that its rule gives from `start` on.
///
/// # Errors
/// `times_invalid` when the start is no date or the length not 1 to [`When::MINUTES_MAX`] minutes,
/// `zone_invalid` when this machine does not know the zone, `rule_invalid` when the rule is none or
/// never comes.
pub fn when(
    start: &LocalTime,
    minutes: u32,
    zone: &Zone,
    rule: Option<&Rule>,
) -> Result<When, Refusal> {
    if !(1..=When::MINUTES_MAX).contains(&minutes) {
        return Err(Refusal::TimesInvalid);
    }
    let clocks = clocks(zone).ok_or(Refusal::ZoneInvalid)?;
    let at = date_time(start).filter(|at| YEARS.contains(&at.year()));
    let at = at.ok_or(Refusal::TimesInvalid)?;
    let (first, last) = match rule {
        None => (at, Some(at)),
        Some(rule) => {
            let series = Series::read(rule, at, &clocks).ok_or(Refusal::RuleInvalid)?;
            let first = Days::new(&series, at).next().ok_or(Refusal::RuleInvalid)?;
            let ends = !matches!(series.end, rule::End::Never);
            (first, ends.then(|| Days::new(&series, first).last().unwrap_or(first)))
        }
    };
    let instant = |at| instant(at, &clocks).ok_or(Refusal::TimesInvalid);
    let ends = last.map(instant).transpose()?.map(|last| last.plus(length_ms(minutes)));
    Ok(When {
        start: local(first),
        minutes,
        zone: zone.clone(),
        rule: rule.cloned(),
        exceptions: Vec::new(),
        begins: instant(first)?,
        ends,
    })
}

/// A series with some of its dates called off or moved, and its last end worked out anew.
///
/// # Errors
/// `times_invalid` when one of them is no date of the series or comes twice, is moved to what is no
/// date, or when none of the series is left; `too_long` above [`When::EXCEPTIONS_MAX`].
pub fn except(mut when: When, mut exceptions: Vec<Exception>) -> Result<When, Refusal> {
    if exceptions.len() > When::EXCEPTIONS_MAX {
        return Err(Refusal::TooLong);
    }
    exceptions.sort_by(|one, other| one.date.cmp(&other.date));
    exceptions.dedup();
    let clocks = clocks(&when.zone).ok_or(Refusal::ZoneInvalid)?;
    let holds = |one: &Exception| {
        let begins = begins(&one.date, &clocks)?;
        let to = Millis(begins.0.saturating_add(1));
        let regular = regular(&when, begins, to, usize::MAX);
        let moved = one.moved.as_ref().is_none_or(|moved| begins_in_years(moved, &clocks));
        Some(moved && regular.iter().any(|regular| regular.local == one.date))
    };
    let once = exceptions.windows(2).all(|pair| pair[0].date != pair[1].date);
    let is_series = when.rule.is_some() || exceptions.is_empty();
    if !once || !is_series || !exceptions.iter().all(|one| holds(one) == Some(true)) {
        return Err(Refusal::TimesInvalid);
    }
    when.exceptions = exceptions;
    if when.ends.is_some() {
        let last = occurrences(&when, Millis(0), Millis(u64::MAX), usize::MAX).pop();
        when.ends = Some(last.ok_or(Refusal::TimesInvalid)?.ends);
    }
    Ok(when)
}

/// One date of a plan: as its rule has it, and as it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Date {
    /// As the rule has it.
    pub regular: Occurrence,
    /// As it is held; nothing when it is called off.
    pub held: Option<Occurrence>,
}

/// The dates of a plan that are not over at an instant, those called off among them, in order, at
/// most so many.
#[must_use]
pub fn dates(when: &When, now: Millis, max: usize) -> Vec<Date> {
    let date = |regular: Occurrence| {
        let exception = when.exceptions.iter().find(|one| one.date == regular.local);
        let held = match exception.map(|one| &one.moved) {
            None => Some(regular.clone()),
            Some(None) => None,
            Some(Some(to)) => clocks(&when.zone).and_then(|clocks| held_at(when, to, &clocks)),
        };
        Date { regular, held }
    };
    let over = |date: &Date| date.held.as_ref().unwrap_or(&date.regular).ends <= now;
    let reach = max.saturating_add(when.exceptions.len());
    let mut all: Vec<Date> =
        regular(when, now, Millis(u64::MAX), reach).into_iter().map(date).collect();
    // A date that is over by the rule may have been moved to one that is not.
    all.extend(when.exceptions.iter().filter_map(|one| {
        let begins = begins(&one.date, &clocks(&when.zone)?)?;
        let regular = regular(when, begins, begins.plus(1), 1).pop()?;
        (regular.ends <= now).then(|| date(regular))
    }));
    all.retain(|date| !over(date));
    all.sort_by_key(|date| date.held.as_ref().unwrap_or(&date.regular).begins);
    all.truncate(max);
    all
}

/// The meetings of a plan that are held at some time between two instants, in order, at most so
/// many: as its rule has them, but for those that are called off or moved.
#[must_use]
pub fn occurrences(when: &When, from: Millis, to: Millis, max: usize) -> Vec<Occurrence> {
    let exceptions = &when.exceptions;
    let mut all = regular(when, from, to, max.saturating_add(exceptions.len()));
    if exceptions.is_empty() {
        return all;
    }
    all.retain(|one| exceptions.binary_search_by(|other| other.date.cmp(&one.local)).is_err());
    let clocks = clocks(&when.zone);
    all.extend(exceptions.iter().filter_map(|exception| {
        let moved = held_at(when, exception.moved.as_ref()?, clocks.as_ref()?)?;
        (moved.ends > from && moved.begins < to).then_some(moved)
    }));
    all.sort_by_key(|one| one.begins);
    all.truncate(max);
    all
}

/// The same, as if none were called off or moved. A plan whose zone or rule this machine does not
/// know (any more) gives its first meeting as it was worked out when it was planned.
#[must_use]
pub fn regular(when: &When, from: Millis, to: Millis, max: usize) -> Vec<Occurrence> {
    let length = length_ms(when.minutes);
    let within = |one: &Occurrence| one.ends > from && one.begins < to;
    let known = clocks(&when.zone).zip(date_time(&when.start));
    let series = known.as_ref().and_then(|(clocks, start)| {
        when.rule.as_ref().and_then(|rule| Series::read(rule, *start, clocks))
    });
    let (Some((clocks, start)), Some(series)) = (known, series) else {
        let (local, begins) = (when.start.clone(), when.begins);
        let once = Occurrence { local, begins, ends: begins.plus(length) };
        return Some(once).filter(within).into_iter().take(max).collect();
    };
    // A meeting that is still held at `from` may have begun before; and clocks differ by a day.
    let before = Millis(from.0.saturating_sub(length + 2 * DAY_MS));
    let Some(first) = at_instant(before, &clocks) else { return Vec::new() };
    let all = Days::from(&series, start, first.date()).filter_map(|at| {
        let begins = instant(at, &clocks)?;
        Some(Occurrence { local: local(at), begins, ends: begins.plus(length) })
    });
    all.take_while(|one| one.begins < to).filter(within).take(max).collect()
}

/// The next meeting that has not ended at an instant.
#[must_use]
pub fn next(when: &When, now: Millis) -> Option<Occurrence> {
    occurrences(when, now, Millis(u64::MAX), 1).pop()
}

/// The minutes from one time to another on the clocks of a zone, rounded up; `None` when the second
/// is not later, or one is no date.
#[must_use]
pub fn minutes_between(start: &LocalTime, end: &LocalTime, zone: &Zone) -> Option<u32> {
    let clocks = clocks(zone)?;
    let (start, end) = (date_time(start)?, date_time(end)?);
    let ms = instant(end, &clocks)?.0.checked_sub(instant(start, &clocks)?.0)?;
    u32::try_from(ms.div_ceil(MINUTE_MS)).ok().filter(|&minutes| minutes > 0)
}

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

fn length_ms(minutes: u32) -> u64 {
    u64::from(minutes) * MINUTE_MS
}

fn clocks(zone: &Zone) -> Option<TimeZone> {
    TimeZone::get(zone.as_str()).ok()
}

fn date_time(local: &LocalTime) -> Option<DateTime> {
    local.as_str().parse().ok()
}

fn held_at(when: &When, local: &LocalTime, clocks: &TimeZone) -> Option<Occurrence> {
    let begins = begins(local, clocks)?;
    Some(Occurrence { local: local.clone(), begins, ends: begins.plus(length_ms(when.minutes)) })
}

fn begins(local: &LocalTime, clocks: &TimeZone) -> Option<Millis> {
    instant(date_time(local)?, clocks)
}

fn begins_in_years(local: &LocalTime, clocks: &TimeZone) -> bool {
    let in_years = date_time(local).is_some_and(|at| YEARS.contains(&at.year()));
    in_years && begins(local, clocks).is_some()
}

fn local(at: DateTime) -> LocalTime {
    let text = at.strftime("%Y-%m-%dT%H:%M").to_string();
    LocalTime::new(&text).expect("a year has four digits here")
}

fn instant(at: DateTime, clocks: &TimeZone) -> Option<Millis> {
    let instant = clocks.to_timestamp(at).ok()?;
    u64::try_from(instant.as_millisecond()).ok().map(Millis)
}

fn at_instant(at: Millis, clocks: &TimeZone) -> Option<DateTime> {
    let at = Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
    Some(clocks.to_datetime(at))
}

#[cfg(test)]
mod tests;
