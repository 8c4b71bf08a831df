//! Chat: what is said, who hears it, and who may not write.

use super::super::chat::{Command, Event, To};
use super::super::roster::LeaveReason;
use super::given::{
    ANN, BEN, CHI, PAM, VIC, everyone, given, happened, hosts, joined, left, say, waiting,
};
use crate::record::Audience;
use crate::refusal::Refusal;
use crate::text::ChatText;

fn said(to: To, text: &str) -> Event {
    Event::Said { to, text: ChatText::new(text).expect("a text") }
}

#[test]
fn what_is_said_to_everyone_is_for_everyone() {
    given([joined(BEN)])
        .when(BEN, say(To::Everyone, "hello"))
        .then([everyone(said(To::Everyone, "hello"))]);
}

#[test]
fn what_is_said_to_hosts_is_for_hosts() {
    given([joined(BEN)])
        .when(BEN, say(To::Hosts, "may I?"))
        .then([hosts(said(To::Hosts, "may I?"))]);
}

#[test]
fn what_is_said_to_one_is_for_one() {
    given([joined(BEN), joined(CHI)])
        .when(BEN, say(To::One(CHI), "psst"))
        .then([(Audience::One(CHI), said(To::One(CHI), "psst").into())]);
}

#[test]
fn markup_is_said_as_it_was_typed() {
    let typed = "<script>alert('&amp;')</script>";
    given([joined(BEN)])
        .when(BEN, say(To::Everyone, typed))
        .then([everyone(said(To::Everyone, typed))]);
}

#[test]
fn nothing_is_said_to_somebody_who_is_not_here() {
    given([joined(BEN), joined(CHI), left(CHI, LeaveReason::Left)])
        .when(BEN, say(To::One(CHI), "psst"))
        .refused(Refusal::NotPresent)
        .when(BEN, say(To::One(PAM), "psst"))
        .refused(Refusal::NotPresent);
}

#[test]
fn who_waits_or_only_watches_says_nothing() {
    given([waiting(BEN), joined(VIC)])
        .when(BEN, say(To::Hosts, "let me in"))
        .refused(Refusal::NotAllowed)
        .when(VIC, say(To::Everyone, "hello"))
        .refused(Refusal::NotAllowed);
}

#[test]
fn who_was_granted_no_chat_says_nothing() {
    let mut entered = super::given::entered(BEN);
    let grant =
        crate::grant::Grant { chat: false, ..crate::grant::Grant::of(super::given::role_of(BEN)) };
    let super::super::Event::Roster(super::super::roster::Event::Entered {
        grant: given_grant,
        ..
    }) = &mut entered[0].1
    else {
        panic!("entered is the first fact");
    };
    *given_grant = grant;
    given([entered, happened(super::given::join(BEN).1)])
        .when(BEN, say(To::Everyone, "hello"))
        .refused(Refusal::NotAllowed);
}

#[test]
fn who_is_silenced_is_refused_until_a_host_allows_it_again() {
    given([joined(ANN), joined(BEN)])
        .when(ANN, Command::Silence { who: BEN })
        .then([everyone(Event::Silenced { who: BEN })])
        .when(BEN, say(To::Everyone, "hello"))
        .refused(Refusal::Silenced)
        .when(BEN, say(To::Hosts, "please"))
        .refused(Refusal::Silenced)
        .when(ANN, Command::Unsilence { who: BEN })
        .then([everyone(Event::Unsilenced { who: BEN })])
        .when(BEN, say(To::Everyone, "thanks"))
        .then([everyone(said(To::Everyone, "thanks"))]);
}

#[test]
fn silencing_happens_once_and_to_people_who_are_here() {
    given([joined(ANN), joined(BEN), happened(Event::Silenced { who: BEN })])
        .when(ANN, Command::Silence { who: BEN })
        .refused(Refusal::AlreadyDone)
        .when(ANN, Command::Silence { who: CHI })
        .refused(Refusal::NotPresent)
        .when(ANN, Command::Unsilence { who: CHI })
        .refused(Refusal::AlreadyDone);
}
