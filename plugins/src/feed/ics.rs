//! The list as a calendar (RFC 5545): an event for each date to come, in UTC, so that no reader
//! needs to know our time zones.

use convoke_wire::ics::Ics;

use super::text::compact;
use super::{Date, PublicList, PublicMeeting};

pub(super) fn render(list: &PublicList, base: &str) -> String {
    let mut ics = Ics::default();
    ics.begin("VCALENDAR").line("VERSION", "2.0").line("PRODID", "-//Convoke//Public meetings//EN");
    ics.line("CALSCALE", "GREGORIAN").line("METHOD", "PUBLISH");
    let name = list.title.as_deref().unwrap_or(&list.server);
    ics.text("NAME", name).text("X-WR-CALNAME", name);
    ics.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H").line("X-PUBLISHED-TTL", "PT1H");
    let mut events = 0;
    for meeting in &list.meetings {
        for date in meeting.dates() {
            event(&mut ics, meeting, date, base);
            events += 1;
        }
    }
    if events == 0 {
        // A calendar has at least one component.
        ics.begin("VTIMEZONE").line("TZID", "UTC").begin("STANDARD");
        ics.line("DTSTART", "19700101T000000").line("TZOFFSETFROM", "+0000");
        ics.line("TZOFFSETTO", "+0000").end("STANDARD").end("VTIMEZONE");
    }
    ics.end("VCALENDAR");
    ics.into_string()
}

fn event(ics: &mut Ics, meeting: &PublicMeeting, date: &Date, base: &str) {
    ics.begin("VEVENT");
    let uid = format!("{}-{}", meeting.urn().trim_start_matches("urn:uuid:"), date.begins.0 / 1000);
    ics.line("UID", &uid);
    ics.line("DTSTAMP", &compact(meeting.changed)).line("LAST-MODIFIED", &compact(meeting.changed));
    ics.line("SEQUENCE", &meeting.changes.to_string());
    ics.line("DTSTART", &compact(date.begins));
    if let Some(end) = meeting.end_of(date) {
        ics.line("DTEND", &compact(end));
    }
    ics.text("SUMMARY", meeting.topic.as_deref().unwrap_or("Meeting"));
    let join = meeting.join_url(base);
    let host = meeting.host.as_ref().map(|host| format!("Host: {host}"));
    let id = meeting.meeting.map(|id| format!("Meeting ID: {id}"));
    let words: Vec<String> = host.into_iter().chain(id).chain(join.clone()).collect();
    if !words.is_empty() {
        ics.text("DESCRIPTION", &words.join("\n"));
    }
    if let Some(join) = join {
        ics.line("URL", &join);
    }
    ics.line("CLASS", "PUBLIC").line("STATUS", "CONFIRMED").end("VEVENT");
}

#[cfg(test)]
mod tests {
    use super::super::tests::list;
    use super::*;

    #[test]
    fn each_date_is_an_event_and_a_topic_is_text() {
        let text = render(&list("A; B, C\\\nD"), "https://meet.example.org");
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 2);
        assert!(text.contains("SUMMARY:A\\; B\\, C\\\\\\nD\r\n"), "{text}");
        assert!(text.contains("DTSTART:20261130T090000Z\r\nDTEND:20261130T103000Z\r\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 75));
    }

    #[test]
    fn an_empty_list_is_a_calendar_too() {
        let text = render(&PublicList::default(), "https://meet.example.org");
        assert_eq!(text.matches("BEGIN:VTIMEZONE").count(), 1);
        assert!(text.ends_with("END:VCALENDAR\r\n"));
    }
}
