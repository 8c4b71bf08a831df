//! The list as a page for people: whole without its script, which only knows better what time it is
//! where the viewer is. Links are relative, so that the page is the same under every name.

use super::text::{escape, instant};
use super::words::{Language, Shown, Words};
use super::{PublicList, PublicMeeting, Times};

/// From so many meetings on the page offers to find one.
const FIND_FROM: usize = 8;

struct Page {
    text: String,
    language: Language,
    words: &'static Words,
}

pub(super) fn render(list: &PublicList, language: Language) -> String {
    let words = language.words();
    let text = String::with_capacity(4096 + list.meetings.len() * 1024);
    let mut page = Page { text, language, words };
    page.head(list);
    page.top(list);
    if list.meetings.is_empty() {
        page.empty();
    } else {
        page.raw("<ul class=\"list\" id=\"list\">\n");
        for meeting in &list.meetings {
            page.meeting(meeting);
        }
        page.raw("</ul>\n<p class=\"nothing\" id=\"nothing\" role=\"status\" hidden>");
        page.say(words.none_found);
        page.raw("</p>\n");
    }
    page.foot();
    page.text
}

impl Page {
    fn raw(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    fn say(&mut self, text: &str) {
        escape(&mut self.text, text);
    }

    fn head(&mut self, list: &PublicList) {
        self.raw("<!doctype html>\n<html lang=\"");
        self.raw(self.language.tag());
        self.raw(
            "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
                  content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" \
                  content=\"light dark\">\n<title>",
        );
        self.say(list.title.as_deref().unwrap_or(self.words.heading));
        self.say(" · ");
        self.say(&list.server);
        self.raw("</title>\n<link rel=\"stylesheet\" href=\"/embed/list.css\">\n");
        if let Some(colour) = &list.colour {
            self.raw("<link rel=\"stylesheet\" href=\"/embed/theme-");
            self.say(colour.trim_start_matches('#'));
            self.raw(".css\">\n");
        }
        self.raw(
            "<link rel=\"alternate\" type=\"application/atom+xml\" href=\"meetings.atom\">\n\
                  <script src=\"/embed/list.js\" defer></script>\n</head>\n<body>\n",
        );
    }

    fn top(&mut self, list: &PublicList) {
        self.raw("<header class=\"top\">\n<p class=\"server\">");
        self.say(&list.server);
        self.raw("</p>\n<h1>");
        self.say(list.title.as_deref().unwrap_or(self.words.heading));
        self.raw("</h1>\n<p class=\"zone\" id=\"zone\" hidden>");
        self.say(self.words.zone);
        self.raw(" <b></b></p>\n");
        if list.meetings.len() >= FIND_FROM {
            self.raw("<label class=\"find\" id=\"find\" hidden><span>");
            self.say(self.words.find);
            self.raw("</span><input type=\"search\" autocomplete=\"off\"></label>\n");
        }
        self.raw("</header>\n<main>\n");
    }

    fn empty(&mut self) {
        self.raw(
            "<section class=\"empty\">\n<svg viewBox=\"0 0 48 48\" aria-hidden=\"true\">\
                  <rect x=\"7\" y=\"10\" width=\"34\" height=\"31\" rx=\"7\"/>\
                  <path d=\"M7 20h34M16 6v8M32 6v8M18 30h12\"/></svg>\n<h2>",
        );
        self.say(self.words.empty);
        self.raw("</h2>\n<p>");
        self.say(self.words.empty_more);
        self.raw("</p>\n</section>\n");
    }

    fn meeting(&mut self, meeting: &PublicMeeting) {
        self.raw("<li class=\"meeting\">\n");
        let next = meeting.next();
        let shown = next.and_then(|date| Shown::of(&date.local, self.language));
        self.raw("<div class=\"tile\" aria-hidden=\"true\">");
        if let Some(shown) = &shown {
            self.raw("<span class=\"month\">");
            self.say(&shown.month);
            self.raw("</span><span class=\"day\">");
            self.say(&shown.day);
            self.raw("</span><span class=\"weekday\">");
            self.say(shown.weekday);
            self.raw("</span>");
        } else {
            self.raw("<span class=\"day\">–</span>");
        }
        self.raw("</div>\n<div class=\"what\">\n<h2>");
        self.say(meeting.topic.as_deref().unwrap_or(self.words.unnamed));
        self.raw("</h2>\n<p class=\"when\">");
        self.when(meeting);
        self.raw("</p>\n<p class=\"facts\">");
        self.facts(meeting);
        self.raw("</p>\n");
        self.more(meeting);
        self.raw("</div>\n");
        if let Some(id) = meeting.meeting {
            self.raw("<a class=\"join\" target=\"_blank\" rel=\"noopener\" href=\"/join?id=");
            self.raw(&id.number().to_string());
            self.raw("\">");
            self.say(self.words.join);
            self.raw("<span class=\"sr\"> ");
            self.say(meeting.topic.as_deref().unwrap_or(self.words.unnamed));
            self.raw("</span></a>\n");
        }
        self.raw("</li>\n");
    }

    fn when(&mut self, meeting: &PublicMeeting) {
        match &meeting.times {
            Times::Untold => self.say(self.words.untold),
            Times::Anytime { .. } => self.say(self.words.anytime),
            Times::Planned { zone, .. } => {
                if let Some(date) = meeting.next() {
                    self.date(meeting, date, zone);
                }
            }
        }
    }

    fn date(&mut self, meeting: &PublicMeeting, date: &super::Date, zone: &str) {
        let Some(shown) = Shown::of(&date.local, self.language) else { return };
        self.raw("<time datetime=\"");
        self.raw(&instant(date.begins));
        self.raw("\"");
        let minutes = meeting.minutes();
        if let Some(minutes) = minutes {
            self.raw(" data-minutes=\"");
            self.raw(&minutes.to_string());
            self.raw("\"");
        }
        self.raw(">");
        self.say(&shown.whole);
        if let Some(minutes) = minutes {
            self.raw("–");
            self.say(&later(&shown.time, minutes));
        }
        self.raw(" <span class=\"of\">");
        self.say(zone);
        self.raw("</span></time>");
    }

    fn facts(&mut self, meeting: &PublicMeeting) {
        self.raw("<span class=\"tag live\" hidden>");
        self.say(self.words.now);
        self.raw("</span>");
        if let Some(kind) = meeting.kind {
            self.raw("<span class=\"tag\">");
            let name = self.words.kinds.get(usize::from(kind.number()));
            self.say(name.copied().unwrap_or(self.words.unnamed));
            self.raw("</span>");
        }
        let (recurring, rule) = match &meeting.times {
            Times::Untold => (false, None),
            Times::Anytime { recurring } => (*recurring, None),
            Times::Planned { recurring, rule, .. } => (*recurring, rule.as_deref()),
        };
        if recurring {
            self.raw("<span class=\"tag\">");
            self.say(&self.words.comes_again(rule));
            self.raw("</span>");
        }
        let pairs = [
            (self.words.host, meeting.host.clone()),
            (self.words.id, meeting.meeting.map(|id| id.to_string())),
        ];
        for (label, fact) in pairs {
            if let Some(fact) = fact {
                self.raw("<span class=\"fact\"><span class=\"label\">");
                self.say(label);
                self.raw("</span> ");
                self.say(&fact);
                self.raw("</span>");
            }
        }
    }

    fn more(&mut self, meeting: &PublicMeeting) {
        let Times::Planned { zone, dates, .. } = &meeting.times else { return };
        if dates.len() < 2 {
            return;
        }
        self.raw("<details class=\"more\"><summary>");
        self.say(self.words.more);
        self.raw("</summary><ul>");
        for date in &dates[1..] {
            self.raw("<li>");
            self.date(meeting, date, zone);
            self.raw("</li>");
        }
        self.raw("</ul></details>\n");
    }

    fn foot(&mut self) {
        self.raw("</main>\n<footer class=\"foot\"><span>");
        self.say(self.words.subscribe);
        self.raw("</span><a href=\"meetings.ics\">");
        self.say(self.words.calendar);
        self.raw(
            "</a><a href=\"meetings.atom\">Atom</a><a href=\"meetings.json\">JSON</a><a \
                  href=\"meetings.xml\">XML</a></footer>\n</body>\n</html>\n",
        );
    }
}

/// The time on the same clock so many minutes later; which day that is, is not said.
fn later(time: &str, minutes: u32) -> String {
    let mut parts = time.split(':').map(|part| part.parse::<u32>().unwrap_or(0));
    let (hour, minute) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let at = (hour * 60 + minute).saturating_add(minutes) % (24 * 60);
    format!("{:02}:{:02}", at / 60, at % 60)
}

#[cfg(test)]
mod tests {
    use super::super::tests::list;
    use super::*;

    #[test]
    fn markup_in_a_topic_is_text() {
        for payload in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "</title></ul><svg onload=alert(1)>",
            "' onmouseover='alert(1)",
            "&lt;b&gt;",
        ] {
            let mut list = list(payload);
            list.title = Some(payload.to_owned());
            list.server = payload.to_owned();
            let page = render(&list, Language::English);
            for mark in ["<script>", "<img", "<svg onload", "onmouseover='"] {
                assert!(!page.contains(mark), "{mark}: {page}");
            }
            assert_eq!(page.matches("<script").count(), 1, "our own");
            assert_eq!(page.matches("</title>").count(), 1);
        }
    }

    #[test]
    fn it_is_whole_without_its_script() {
        let page = render(&list("Talk"), Language::English);
        assert!(page.contains("Mon 30 Nov 2026, 10:00–11:30 <span class=\"of\">Europe/Zurich"));
        assert!(page.contains("href=\"/join?id=88137455\""));
        assert!(page.contains("Every week"));
        let page = render(&list("Talk"), Language::Chinese);
        assert!(page.contains("<html lang=\"zh-Hans\">"));
        assert!(page.contains("2026年11月30日 周一 10:00–11:30"));
    }

    #[test]
    fn nothing_to_list_is_told_with_what_to_do() {
        let page = render(&PublicList::default(), Language::English);
        assert!(page.contains("No public meetings are planned"));
        assert!(!page.contains("id=\"list\""));
    }
}
