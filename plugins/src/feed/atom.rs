//! The list as an Atom feed (RFC 4287): an entry for each meeting.

use super::text::instant;
use super::xml::Xml;
use super::{PublicList, PublicMeeting, Times};

pub(super) fn render(list: &PublicList, base: &str) -> String {
    let mut xml = Xml::new();
    let own = format!("{base}/as/public/meetings.atom");
    let page = format!("{base}/as/public/meetings.html");
    xml.begin("feed", &[("xmlns", "http://www.w3.org/2005/Atom")]);
    xml.text("id", &own);
    xml.text("title", list.title.as_ref().unwrap_or(&list.server));
    xml.text("updated", instant(list.updated));
    xml.begin("author", &[]);
    xml.text("name", &list.server);
    xml.end("author");
    let kind = "application/atom+xml";
    xml.empty("link", &[("rel", "self"), ("type", kind), ("href", &own)]);
    xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)]);
    for meeting in &list.meetings {
        entry(&mut xml, meeting, base, &page);
    }
    xml.end("feed");
    xml.into_string()
}

fn entry(xml: &mut Xml, meeting: &PublicMeeting, base: &str, page: &str) {
    xml.begin("entry", &[]);
    xml.text("id", meeting.urn());
    xml.text("title", meeting.topic.as_deref().unwrap_or("Meeting"));
    xml.text("updated", instant(meeting.changed));
    if let Some(host) = &meeting.host {
        xml.begin("author", &[]);
        xml.text("name", host);
        xml.end("author");
    }
    let join = meeting.join_url(base);
    let href = join.as_deref().unwrap_or(page);
    xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", href)]);
    xml.text("summary", summary(meeting));
    xml.end("entry");
}

fn summary(meeting: &PublicMeeting) -> String {
    let mut words = Vec::new();
    match &meeting.times {
        Times::Untold => {}
        Times::Anytime { .. } => words.push("No fixed time.".to_owned()),
        Times::Planned { zone, minutes, dates, .. } => {
            if let Some(date) = dates.first() {
                let local = date.local.replacen('T', " ", 1);
                words.push(format!("{local} ({zone}), {}.", instant(date.begins)));
            }
            words.extend(minutes.map(|minutes| format!("{minutes} minutes.")));
            let more = dates.len().saturating_sub(1);
            words.extend((more > 0).then(|| format!("{more} more dates.")));
        }
    }
    words.extend(meeting.meeting.map(|id| format!("Meeting ID {id}.")));
    if words.is_empty() { "A meeting.".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::super::tests::list;
    use super::*;

    #[test]
    fn an_entry_tells_what_may_be_told() {
        let text = render(&list("Talk"), "https://meet.example.org");
        assert_eq!(text.matches("<entry>").count(), 3);
        assert!(
            text.contains(
                "<summary>2026-11-30 10:00 (Europe/Zurich), 2026-11-30T09:00:00Z. \
                               90 minutes. 1 more dates. Meeting ID 8813-7455.</summary>"
            ),
            "{text}"
        );
        assert!(text.contains("<summary>A meeting.</summary>"));
    }
}
