//! What letters say, and what operators may make of it.

use super::*;
use convoke_model::meeting::plan::{Exception, LocalTime, Rule};
use convoke_model::text::Zone;

fn about(news: News) -> About {
    let start = LocalTime::new("2026-11-30T10:00").expect("a time");
    let zone = Zone::new("Europe/Berlin").expect("a zone");
    let rule = Rule::new("FREQ=WEEKLY;COUNT=3").expect("a rule");
    About {
        news,
        id: MeetingId::new(88_137_455).expect("eight digits"),
        topic: "Budget <2027>".into(),
        host: "Ann".into(),
        when: calendar::when(&start, 60, &zone, Some(&rule)).ok(),
        now: Millis(1_795_000_000_000),
        join_url: "https://meet.example.org/join?id=88137455".into(),
        password: Some(Secret::new("apple-39".to_owned())),
        numbers: vec!["+49 30 1234567".into()],
        access_code: Some("1234567897".into()),
        reason: Some("Holidays.".into()),
    }
}

fn words() -> Words {
    Words::load(None, Language::En).expect("the built-in templates are whole")
}

#[test]
fn an_invitation_says_everything_that_is_needed_to_come() {
    let letter = Letter::Meeting { about: Box::new(about(News::Invited)), calendar: None };
    let said = words().letter(&letter).expect("written");
    assert_eq!(said.subject, "Invitation: Budget <2027>");
    assert_eq!(
        said.body,
        "Ann invites you to a meeting.\n\nBudget <2027>\n\
         When: Monday, 30 November 2026, 10:00–11:00 (Europe/Berlin)\n\
         Then: Monday, 7 December 2026; Monday, 14 December 2026\n\n\
         Join: https://meet.example.org/join?id=88137455\nMeeting ID: 8813-7455\n\
         Password: apple-39\nTelephone: +49 30 1234567\nAccess code: 1234567897\n"
    );
    let copied = words().copy(&about(News::Copy), Language::Zh).expect("written");
    assert!(
        copied.starts_with("Budget <2027>\n时间：2026年11月30日 星期一 10:00–11:00"),
        "{copied}"
    );
}

#[test]
fn a_date_that_was_moved_is_told_with_its_hour_and_one_called_off_is_not_told() {
    let mut about = about(News::Changed);
    let date = |text| LocalTime::new(text).expect("a time");
    let moved =
        Exception { date: date("2026-12-07T10:00"), moved: LocalTime::new("2026-12-08T16:30") };
    let off = Exception { date: date("2026-12-14T10:00"), moved: None };
    let when = about.when.take().expect("a series");
    about.when = calendar::except(when, vec![moved, off]).ok();
    let said = words().meeting(&about, Language::En).expect("written");
    assert!(said.body.contains("Then: Tuesday, 8 December 2026, 16:30\n"), "{}", said.body);
}

#[test]
fn who_need_not_come_is_not_told_how() {
    let said = words().meeting(&about(News::Cancelled), Language::En).expect("written");
    assert_eq!(said.subject, "Cancelled: Budget <2027>");
    assert!(said.body.contains("Ann has cancelled this meeting. Holidays."));
    assert!(!said.body.contains("apple-39") && !said.body.contains("join?"));
}

#[test]
fn an_operators_template_stands_in_and_a_wrong_one_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("en")).expect("made");
    let path = folder.path().join("en/invitation.txt");
    std::fs::write(&path, "Subject: {{ topic }}\nCome: {{ join_url }}\n").expect("written");
    let own = Words::load(Some(folder.path()), Language::En).expect("whole");
    let said = own.meeting(&about(News::Invited), Language::En).expect("written");
    assert_eq!(said.body, "Come: https://meet.example.org/join?id=88137455\n");
    for wrong in ["Subject: {{ tpoic }}\nx", "Subject: {{ topic\nx", "no head\nx", ""] {
        std::fs::write(&path, wrong).expect("written");
        let error = Words::load(Some(folder.path()), Language::En).err().expect(wrong);
        assert!(error.to_string().contains("en/invitation.txt"), "{error}");
    }
}

#[test]
fn what_was_typed_never_becomes_a_line_of_the_head() {
    for typed in ["a\r\nBcc: x@example.org", "a\nBcc: x", "a\r\n\r\nx"] {
        let mut about = about(News::Invited);
        about.topic = typed.to_owned();
        let said = words().meeting(&about, Language::En).expect("written");
        assert!(!said.subject.contains(['\r', '\n']), "{:?}", said.subject);
    }
}
