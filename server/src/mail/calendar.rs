//! A meeting as a calendar event (RFC 5545), sent as RFC 5546 has it: asked for, changed, called
//! off. The clocks of its zone go along, so that a series keeps its hour.

use convoke_model::Millis;
use convoke_model::meeting::plan::{Exception, Rule, When};
use convoke_wire::ics::{Ics, parameter};
use jiff::Timestamp;
use jiff::tz::{Dst, Offset, TimeZone};

use crate::calendar;
use crate::control::Meeting;

/// Years of a zone's changes of clocks that go along with an endless series.
const YEARS: u64 = 10;
const YEAR_MS: u64 = 366 * 24 * 3_600_000;

/// What the receiver's calendar does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Takes it in, or takes it in anew.
    Request,
    /// Takes it out.
    Cancel,
    /// Keeps a copy; nobody was asked to come.
    Publish,
}

impl Method {
    /// The word of RFC 5546.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
            Self::Publish => "PUBLISH",
        }
    }
}

/// Whom the event is between, and what else it says.
pub struct Around<'a> {
    /// Our host's name, which makes its id the only one of its kind.
    pub site: &'a str,
    /// Its host's name and address.
    pub organizer: (&'a str, &'a str),
    /// The receiver's address, of somebody who was asked to come.
    pub attendee: Option<&'a str>,
    /// The link that lets people in.
    pub join_url: &'a str,
    /// What to say besides.
    pub description: &'a str,
    /// The instant it is written.
    pub now: Millis,
}

/// The event of a meeting; nothing when it has no time.
#[must_use]
pub fn event(meeting: &Meeting, method: Method, around: &Around<'_>) -> Option<String> {
    let when = meeting.plan.as_ref()?.when.as_ref()?;
    let zone = TimeZone::get(when.zone.as_str()).ok()?;
    // A rule that this machine does not know any more gives the first date as it was planned.
    let first = calendar::regular(when, Millis(0), Millis(u64::MAX), 1).pop()?;
    let id = parameter(when.zone.as_str());
    let mut ics = Ics::default();
    ics.begin("VCALENDAR")
        .line("VERSION", "2.0")
        .line("PRODID", "-//Convoke//Meetings//EN")
        .line("CALSCALE", "GREGORIAN")
        .line("METHOD", method.word());
    clocks(&mut ics, when.zone.as_str(), &zone, when);
    let local = |name: &str| format!("{name};TZID={id}");
    begin(&mut ics, meeting, around, when);
    ics.line(&local("DTSTART"), &compact(first.local.as_str()));
    if let Some(rule) = &when.rule {
        ics.line("RRULE", &in_utc(rule, &zone));
    }
    for called_off in when.exceptions.iter().filter(|one| one.moved.is_none()) {
        ics.line(&local("EXDATE"), &compact(called_off.date.as_str()));
    }
    finish(&mut ics, meeting, method, around);
    // What is called off as a whole has no dates of its own any more.
    let exceptions = when.exceptions.iter().filter(|_| method != Method::Cancel);
    for Exception { date, moved } in exceptions {
        let Some(moved) = moved else { continue };
        begin(&mut ics, meeting, around, when);
        ics.line(&local("RECURRENCE-ID"), &compact(date.as_str()));
        ics.line(&local("DTSTART"), &compact(moved.as_str()));
        finish(&mut ics, meeting, method, around);
    }
    ics.end("VCALENDAR");
    Some(ics.into_string())
}

fn begin(ics: &mut Ics, meeting: &Meeting, around: &Around<'_>, when: &When) {
    ics.begin("VEVENT")
        .line("UID", &format!("meeting-{}@{}", meeting.id.number(), around.site))
        .line("SEQUENCE", &meeting.changes.to_string())
        .line("DTSTAMP", &utc(around.now))
        .line("DURATION", &format!("PT{}M", when.minutes));
}

fn finish(ics: &mut Ics, meeting: &Meeting, method: Method, around: &Around<'_>) {
    let status = match method {
        Method::Request | Method::Publish => "CONFIRMED",
        Method::Cancel => "CANCELLED",
    };
    let (host, address) = around.organizer;
    ics.text("SUMMARY", meeting.topic.as_str())
        .text("DESCRIPTION", around.description)
        .text("LOCATION", around.join_url)
        .line("URL", around.join_url)
        .line(&format!("ORGANIZER;CN={}", parameter(host)), &format!("mailto:{address}"));
    if let Some(attendee) = around.attendee {
        let asked = "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE";
        ics.line(asked, &format!("mailto:{attendee}"));
    }
    ics.line("STATUS", status).line("TRANSP", "OPAQUE").end("VEVENT");
}

/// The zone's offsets while the meeting is held, each change of clocks by itself.
fn clocks(ics: &mut Ics, id: &str, zone: &TimeZone, when: &When) {
    let from = timestamp(Millis(when.begins.0.saturating_sub(YEAR_MS)));
    let until = when.ends.unwrap_or(Millis(when.begins.0 + YEARS * YEAR_MS));
    let until = timestamp(Millis(until.0.min(when.begins.0 + YEARS * YEAR_MS)));
    let mut offset = zone.to_offset(from);
    ics.begin("VTIMEZONE").line("TZID", id);
    observance(ics, "STANDARD", "19700101T000000", offset, offset);
    for change in zone.following(from).take_while(|change| change.timestamp() <= until) {
        let local = offset.to_datetime(change.timestamp()).strftime("%Y%m%dT%H%M%S").to_string();
        let kind = if change.dst() == Dst::Yes { "DAYLIGHT" } else { "STANDARD" };
        observance(ics, kind, &local, offset, change.offset());
        offset = change.offset();
    }
    ics.end("VTIMEZONE");
}

fn observance(ics: &mut Ics, kind: &str, start: &str, from: Offset, to: Offset) {
    ics.begin(kind)
        .line("DTSTART", start)
        .line("TZOFFSETFROM", &shift(from))
        .line("TZOFFSETTO", &shift(to))
        .end(kind);
}

fn shift(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// The rule, with its last day as an instant: RFC 5545, 3.3.10, where the start names a zone.
fn in_utc(rule: &Rule, zone: &TimeZone) -> String {
    let part = |part: &str| {
        let Some(until) = part.strip_prefix("UNTIL=").filter(|until| !until.ends_with('Z')) else {
            return part.to_owned();
        };
        let local = if until.len() == 8 { format!("{until}T235959") } else { until.to_owned() };
        let local = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", &local).ok();
        match local.and_then(|local| zone.to_timestamp(local).ok()) {
            Some(at) => format!("UNTIL={}", at.strftime("%Y%m%dT%H%M%SZ")),
            None => part.to_owned(),
        }
    };
    rule.as_str().split(';').map(part).collect::<Vec<_>>().join(";")
}

fn compact(local: &str) -> String {
    let digits: String = local.chars().filter(|c| *c != '-' && *c != ':').collect();
    digits + "00"
}

fn utc(at: Millis) -> String {
    timestamp(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn timestamp(at: Millis) -> Timestamp {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::meeting::plan::LocalTime;
    use convoke_model::text::Zone;

    #[test]
    fn the_last_day_of_a_series_is_an_instant() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let said = |rule: &str| in_utc(&Rule::new(rule).expect("a rule"), &zone);
        assert_eq!(said("FREQ=DAILY;UNTIL=20261130"), "FREQ=DAILY;UNTIL=20261130T225959Z");
        assert_eq!(said("FREQ=DAILY;UNTIL=20260701T100000"), "FREQ=DAILY;UNTIL=20260701T080000Z");
        assert_eq!(said("FREQ=DAILY;COUNT=3"), "FREQ=DAILY;COUNT=3");
    }

    #[test]
    fn the_zones_clocks_go_along() {
        let zone = Zone::new("America/New_York").expect("a zone");
        let start = LocalTime::new("2026-10-30T10:00").expect("a time");
        let rule = Rule::new("FREQ=WEEKLY;COUNT=4").expect("a rule");
        let when = calendar::when(&start, 60, &zone, Some(&rule)).expect("a plan");
        let mut ics = Ics::default();
        clocks(&mut ics, zone.as_str(), &TimeZone::get(zone.as_str()).expect("known"), &when);
        let text = ics.into_string();
        // 1 November 2026, two o'clock in summer time.
        let change = "BEGIN:STANDARD\r\nDTSTART:20261101T020000\r\nTZOFFSETFROM:-0400\r\n\
                      TZOFFSETTO:-0500\r\nEND:STANDARD\r\n";
        assert!(text.contains(change), "{text}");
    }
}
