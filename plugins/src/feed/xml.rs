//! The list as XML, with names in the vendor's manner. `schemas/public/meetings.xsd` tells its
//! shape; the vendor never published one.

use std::fmt::Display;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::text::{for_xml, instant};
use super::{PublicList, PublicMeeting, Times};

/// A document that is being written. Writing to memory does not fail.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    pub(super) fn new() -> Self {
        let mut xml = Self(Writer::new(Vec::new()));
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    fn put(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("writing to memory does not fail");
    }

    /// Begins an element.
    pub(super) fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.put(Event::Start(element(name, attributes)));
    }

    /// Ends an element.
    pub(super) fn end(&mut self, name: &str) {
        self.put(Event::End(BytesEnd::new(name)));
    }

    /// An element that holds nothing.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.put(Event::Empty(element(name, attributes)));
    }

    /// An element that holds text.
    pub(super) fn text(&mut self, name: &str, text: impl Display) {
        self.begin(name, &[]);
        self.put(Event::Text(BytesText::new(&for_xml(&text.to_string()))));
        self.end(name);
    }

    /// The same, if there is text.
    pub(super) fn maybe(&mut self, name: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(super) fn into_string(self) -> String {
        String::from_utf8(self.0.into_inner()).expect("only text was written")
    }
}

fn element<'a>(name: &'a str, attributes: &[(&'a str, &'a str)]) -> BytesStart<'a> {
    BytesStart::new(name).with_attributes(attributes.iter().copied())
}

pub(super) fn render(list: &PublicList, base: &str) -> String {
    let mut xml = Xml::new();
    xml.begin("PublicMeetings", &[("Version", "1"), ("Updated", &instant(list.updated))]);
    xml.text("Server", &list.server);
    xml.maybe("Title", list.title.as_ref());
    for meeting in &list.meetings {
        one(&mut xml, meeting, base);
    }
    xml.end("PublicMeetings");
    xml.into_string()
}

fn one(xml: &mut Xml, meeting: &PublicMeeting, base: &str) {
    xml.begin("Meeting", &[("Key", &meeting.urn())]);
    xml.maybe("MeetingId", meeting.meeting);
    xml.maybe("MeetingTopic", meeting.topic.as_ref());
    xml.maybe("MeetingType", meeting.kind.map(|kind| kind.number()));
    xml.maybe("HostName", meeting.host.as_ref());
    let letter = |yes: bool| if yes { "Y" } else { "N" };
    match &meeting.times {
        Times::Untold => {}
        Times::Anytime { recurring } => xml.text("IsRecurring", letter(*recurring)),
        Times::Planned { zone, rule, recurring, minutes, dates } => {
            xml.text("IsRecurring", letter(*recurring));
            xml.maybe("Recurrence", rule.as_ref());
            xml.text("TimeZone", zone);
            xml.maybe("Minutes", *minutes);
            for date in dates {
                xml.begin("Date", &[]);
                xml.text("StartTime", instant(date.begins));
                xml.maybe("EndTime", meeting.end_of(date).map(instant));
                xml.text("LocalStartTime", &date.local);
                xml.end("Date");
            }
        }
    }
    xml.maybe("JoinUrl", meeting.join_url(base));
    xml.end("Meeting");
}

#[cfg(test)]
mod tests {
    use super::super::tests::list;
    use super::*;

    #[test]
    fn a_topic_is_text_and_has_no_letter_that_xml_cannot_have() {
        let text = render(&list("<a>&amp;]]>\u{1}\u{ffff}"), "https://meet.example.org");
        let expected = "<MeetingTopic>&lt;a&gt;&amp;amp;]]&gt;</MeetingTopic>";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("<JoinUrl>https://meet.example.org/join?id=88137455</JoinUrl>"));
    }
}
