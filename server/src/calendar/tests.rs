//! Series against what another implementation makes of the same rules, and against clocks that are
//! changed.

use super::*;

fn zone(name: &str) -> Zone {
    Zone::new(name).expect("a zone")
}

fn at(text: &str) -> LocalTime {
    LocalTime::new(text).expect("a time")
}

fn planned(start: &str, zone_name: &str, rule: &str) -> Result<When, Refusal> {
    when(&at(start), 60, &zone(zone_name), Rule::new(rule).as_ref())
}

fn beginnings(when: &When, max: usize) -> Vec<String> {
    let all = occurrences(when, Millis(0), Millis(u64::MAX), max);
    all.into_iter().map(|one| one.local.as_str().to_owned()).collect()
}

/// Each line: a start, a rule, its first days (at most eight) as python-dateutil 2.9 gives them.
const SERIES: &str = include_str!("series.tsv");

#[test]
fn series_are_those_of_another_implementation() {
    for line in SERIES.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [start, rule, days] = columns.as_slice() else { panic!("three columns: {line}") };
        let when = planned(&format!("{start}T10:00"), "UTC", rule)
            .unwrap_or_else(|refusal| panic!("{refusal:?}: {line}"));
        let expected: Vec<String> = days.split(' ').map(|day| format!("{day}T10:00")).collect();
        let got = beginnings(&when, expected.len());
        assert_eq!(got, expected, "{line}");
        assert_eq!(when.start.as_str(), expected[0], "{line}");
        // Looked at from the middle, it is the same series.
        let middle = &occurrences(&when, Millis(0), Millis(u64::MAX), 8)[expected.len() / 2];
        let later = occurrences(&when, middle.begins, Millis(u64::MAX), 1);
        assert_eq!(later.first(), Some(middle), "{line}");
        if let Some(ends) = when.ends {
            let all = occurrences(&when, Millis(0), Millis(u64::MAX), usize::MAX);
            assert_eq!(all.last().map(|one| one.ends), Some(ends), "{line}");
        }
    }
}

#[test]
fn ten_o_clock_stays_ten_o_clock_when_the_clocks_are_changed() {
    let when = planned("2026-03-22T10:00", "Europe/Berlin", "FREQ=WEEKLY;COUNT=3").expect("a plan");
    let all = occurrences(&when, Millis(0), Millis(u64::MAX), 10);
    let gaps: Vec<u64> =
        all.windows(2).map(|pair| (pair[1].begins.0 - pair[0].begins.0) / 3_600_000).collect();
    assert_eq!(gaps, [7 * 24 - 1, 7 * 24], "the last Sunday of March has 23 hours");
    assert!(all.iter().all(|one| one.local.as_str().ends_with("T10:00")));
    assert_eq!(when.ends, Some(all[2].ends));
}

#[test]
fn a_time_that_is_left_out_is_later_and_one_that_comes_twice_is_the_first() {
    let utc = |local: &str| planned(local, "UTC", "").expect("a plan").begins;
    let berlin = |local: &str| planned(local, "Europe/Berlin", "").expect("a plan").begins;
    assert_eq!(berlin("2026-03-29T02:30"), utc("2026-03-29T01:30"), "there is no half past two");
    assert_eq!(berlin("2026-10-25T02:30"), utc("2026-10-25T00:30"), "still summer time");
    let fold = |from: &str, to: &str| minutes_between(&at(from), &at(to), &zone("Europe/Berlin"));
    assert_eq!(fold("2026-10-25T01:30", "2026-10-25T03:30"), Some(180));
    assert_eq!(fold("2026-10-25T01:30", "2026-10-25T01:30"), None);
    assert_eq!(fold("2026-10-25T01:30", "2026-10-24T01:30"), None);
    assert_eq!(fold("2026-02-30T01:30", "2026-10-24T01:30"), None);
}

#[test]
fn what_is_no_date_no_zone_and_no_series_is_refused_by_name() {
    use Refusal::{RuleInvalid, TimesInvalid, ZoneInvalid};
    for start in ["2026-02-30T10:00", "2026-11-30T24:00", "0001-01-01T10:00", "9999-12-31T23:59"] {
        assert_eq!(planned(start, "UTC", ""), Err(TimesInvalid), "{start}");
    }
    assert_eq!(planned("2026-11-30T10:00", "Europe/Atlantis", ""), Err(ZoneInvalid));
    for minutes in [0, When::MINUTES_MAX + 1] {
        let made = when(&at("2026-11-30T10:00"), minutes, &zone("UTC"), None);
        assert_eq!(made, Err(TimesInvalid));
    }
    for rule in [
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=4000",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=5000",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;",
        "FREQ=DAILY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=99999999999",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;UNTIL=20200101",
        "FREQ=YEARLY;UNTIL=2027",
        "FREQ=YEARLY;UNTIL=20270101T1",
        "FREQ=YEARLY;NO=1",
    ] {
        assert_eq!(planned("2026-11-30T10:00", "UTC", rule), Err(RuleInvalid), "{rule}");
    }
}

#[test]
fn a_series_ends_with_its_until_by_whatever_clock_it_is_told() {
    for (until, count) in [
        ("20261203", 4),
        ("20261203T100000", 4),
        ("20261203T095959", 3),
        ("20261203T180000Z", 4),
        ("20261203T175959Z", 3),
    ] {
        let rule = format!("FREQ=DAILY;UNTIL={until}");
        let when = planned("2026-11-30T10:00", "America/Los_Angeles", &rule).expect("a plan");
        assert_eq!(beginnings(&when, 100).len(), count, "{until}");
    }
}

#[test]
fn a_meeting_that_is_going_on_is_still_to_be_seen_and_one_that_is_over_is_not() {
    let when = planned("2026-11-30T10:00", "Asia/Shanghai", "FREQ=DAILY").expect("a plan");
    assert_eq!(when.ends, None);
    let next = |now: u64| super::next(&when, Millis(now)).expect("another one").begins.0;
    let begins = when.begins.0;
    assert_eq!(next(0), begins);
    assert_eq!(next(begins + 59 * MINUTE_MS), begins);
    assert_eq!(next(begins + 60 * MINUTE_MS), begins + DAY_MS);
    // Far on as well, and without walking there day by day.
    assert_eq!(next(begins + 20_000 * DAY_MS), begins + 20_000 * DAY_MS);
    assert_eq!(super::next(&when, Millis(begins + 40_000 * DAY_MS)), None, "a century is enough");
    assert_eq!(super::next(&when, Millis(u64::MAX)), None);
}

#[test]
fn a_plan_that_is_not_understood_any_more_keeps_its_first_meeting() {
    let mut when = planned("2026-11-30T10:00", "UTC", "FREQ=DAILY").expect("a plan");
    when.zone = zone("Europe/Atlantis");
    assert_eq!(beginnings(&when, 5), ["2026-11-30T10:00"]);
}

fn exception(date: &str, moved: Option<&str>) -> Exception {
    Exception { date: at(date), moved: moved.map(at) }
}

#[test]
fn dates_of_a_series_are_called_off_and_moved() {
    let weekly = planned("2026-03-22T10:00", "Europe/Berlin", "FREQ=WEEKLY;COUNT=4");
    let weekly = weekly.expect("a plan");
    let exceptions = vec![
        exception("2026-04-12T10:00", None),
        exception("2026-03-29T10:00", Some("2026-04-06T14:30")),
    ];
    let when = except(weekly.clone(), exceptions).expect("dates of it");
    let held = ["2026-03-22T10:00", "2026-04-05T10:00", "2026-04-06T14:30"];
    assert_eq!(beginnings(&when, 9), held);
    assert_eq!(beginnings(&when, 1), held[..1]);
    let all = occurrences(&when, Millis(0), Millis(u64::MAX), 9);
    assert_eq!((when.begins, when.ends), (weekly.begins, Some(all[2].ends)));
    assert_eq!(next(&when, all[1].ends), Some(all[2].clone()));
    assert_eq!(regular(&when, Millis(0), Millis(u64::MAX), 9).len(), 4);
    // Taken back, it is the series that it was.
    assert_eq!(except(when, Vec::new()), Ok(weekly));
}

#[test]
fn what_is_no_date_of_the_series_cannot_be_called_off() {
    let weekly = planned("2026-03-22T10:00", "Europe/Berlin", "FREQ=WEEKLY;COUNT=2");
    let weekly = weekly.expect("a plan");
    let (one, other) = ("2026-03-22T10:00", "2026-03-29T10:00");
    let odd: [&[Exception]; 6] = [
        &[exception("2026-03-23T10:00", None)],
        &[exception("2026-03-22T10:01", None)],
        &[exception("2026-02-30T10:00", None)],
        &[exception(one, Some("2026-02-30T10:00"))],
        &[exception(one, None), exception(one, Some("2026-03-23T10:00"))],
        &[exception(one, None), exception(other, None)],
    ];
    for odd in odd {
        assert_eq!(except(weekly.clone(), odd.to_vec()), Err(Refusal::TimesInvalid), "{odd:?}");
    }
    let once = when(&at(one), 60, &zone("UTC"), None).expect("a plan");
    assert_eq!(except(once, vec![exception(one, None)]), Err(Refusal::TimesInvalid));
    let many = vec![exception(one, None); When::EXCEPTIONS_MAX + 1];
    assert_eq!(except(weekly, many), Err(Refusal::TooLong));
}

#[test]
fn an_endless_series_stays_endless() {
    let daily = planned("2026-03-22T10:00", "UTC", "FREQ=DAILY").expect("a plan");
    let off = (22..=31).map(|day| exception(&format!("2026-03-{day}T10:00"), None)).collect();
    let when = except(daily, off).expect("dates of it");
    assert_eq!(
        (beginnings(&when, 2), when.ends),
        (vec!["2026-04-01T10:00".to_owned(), "2026-04-02T10:00".to_owned()], None,)
    );
}
