//! The view: what people see of a session, and the lines it is compared by.

use super::super::chat::To;
use super::super::{Event, Session};
use super::super::{chat, floor, hand, lifecycle, lock, recording, roster, track};
use super::given::{ANN, BEN, CHI, VIC, name_of, opening, role_of};
use crate::grant::Role;
use crate::id::{Millis, ParticipantId, Position, TrackId};
use crate::record::{Actor, Audience, Record};
use crate::text::ChatText;
use crate::view::session::{CHAT_MAX, SessionView, Viewer};

struct Seen(SessionView, u64);

impl Seen {
    fn opened() -> Self {
        let mut seen = Self(SessionView::default(), 0);
        seen.happens(Actor::Server, lifecycle::Event::Opened(opening()));
        seen
    }

    fn happens(&mut self, actor: impl Into<Actor>, event: impl Into<Event>) {
        self.1 += 1;
        let position = Position { epoch: 1, seq: self.1 };
        let time = Millis(self.1 * 100);
        let (actor, event) = (actor.into(), event.into());
        self.0.apply(&Record { position, time, actor, request: None, event });
    }

    fn joins(&mut self, who: ParticipantId) {
        let (name, role) = (name_of(who), role_of(who));
        self.happens(Actor::Server, roster::Event::Joined { who, name, role });
    }

    fn says(&mut self, who: ParticipantId, to: To, text: &str) {
        let text = ChatText::new(text).expect("a text");
        self.happens(who, chat::Event::Said { to, text });
    }

    fn lines(&self, who: ParticipantId) -> Vec<String> {
        let view = self.0.for_viewer(Viewer::Participant(who, role_of(who)));
        view.chat.iter().map(|line| line.text.clone()).collect()
    }
}

#[test]
fn the_canonical_state_is_these_lines() {
    let mut seen = Seen::opened();
    seen.joins(ANN);
    seen.happens(ANN, floor::Event::PresenterChanged { who: Some(ANN) });
    seen.joins(VIC);
    seen.happens(Actor::Server, roster::Event::Waiting { who: BEN, name: name_of(BEN) });
    seen.happens(
        ANN,
        track::Event::Opened {
            track: TrackId(1),
            kind: track::Kind::Screen,
            codec: "vp09.00.10.08".into(),
            width: 1920,
            height: 1080,
            to: None,
        },
    );
    seen.happens(ANN, track::Event::Paused { track: TrackId(1), generation: 2 });
    seen.happens(ANN, hand::Event::Raised { who: ANN });
    seen.happens(ANN, track::Event::Muted { who: VIC });
    seen.happens(ANN, chat::Event::Silenced { who: VIC });
    seen.happens(Actor::Server, roster::Event::Disconnected { who: VIC, at: None });
    seen.happens(ANN, lock::Event::Locked {});
    seen.happens(ANN, recording::Event::Started {});
    seen.says(ANN, To::Everyone, "counted");
    seen.says(ANN, To::Hosts, "not counted");
    assert_eq!(
        seen.0.canonical(),
        "session 88137455 1 type=0 started=100 ended=0 locked=1 recording=1 presenter=1 said=1\n\
         person 1 role=host joined=2 since=200 away=0 hand=8 muted=0 silenced=0\n\
         person 4 role=viewer joined=4 since=400 away=1 hand=0 muted=1 silenced=1\n\
         waiting 2 since=500\n\
         track 1 owner=1 kind=screen codec=vp09.00.10.08 width=1920 height=1080 generation=2 \
         paused=1\n"
    );
}

#[test]
fn the_canonical_state_holds_nothing_that_people_typed() {
    let mut seen = Seen::opened();
    seen.joins(ANN);
    seen.says(ANN, To::Everyone, "a secret");
    let lines = seen.0.canonical();
    for typed in [opening().topic.as_str(), name_of(ANN).as_str(), "a secret"] {
        assert!(!lines.contains(typed), "{typed} is in {lines}");
    }
}

#[test]
fn everybody_reads_what_is_theirs_since_they_joined() {
    let mut seen = Seen::opened();
    seen.joins(ANN);
    seen.joins(BEN);
    seen.says(ANN, To::Everyone, "before chi");
    seen.joins(CHI);
    seen.says(ANN, To::Everyone, "to all");
    seen.says(BEN, To::One(CHI), "ben to chi");
    seen.says(CHI, To::One(BEN), "chi to ben");
    seen.says(BEN, To::Hosts, "ben to hosts");
    assert_eq!(seen.lines(CHI), ["to all", "ben to chi", "chi to ben"]);
    assert_eq!(
        seen.lines(BEN),
        ["before chi", "to all", "ben to chi", "chi to ben", "ben to hosts"]
    );
    assert_eq!(seen.lines(ANN), ["before chi", "to all", "ben to hosts"]);
    assert!(seen.lines(VIC).is_empty(), "who is not here reads nothing");
    assert_eq!(seen.0.for_viewer(Viewer::Auditor), seen.0);
}

#[test]
fn only_hosts_see_the_lobby() {
    let mut seen = Seen::opened();
    seen.joins(ANN);
    seen.joins(CHI);
    seen.happens(Actor::Server, roster::Event::Waiting { who: BEN, name: name_of(BEN) });
    let lobby = |who| seen.0.for_viewer(Viewer::Participant(who, role_of(who))).lobby.len();
    assert_eq!((lobby(ANN), lobby(CHI)), (1, 0));
}

#[test]
fn a_fact_is_seen_by_its_audience_and_its_author() {
    let viewer = |who| Viewer::Participant(who, role_of(who));
    let by_ben = |who, audience| viewer(who).sees(audience, BEN.into());
    for who in [ANN, BEN, CHI] {
        assert!(by_ben(who, Audience::Everyone));
        assert!(!by_ben(who, Audience::Nobody));
    }
    let hosts = [ANN, BEN, CHI].map(|who| by_ben(who, Audience::Hosts));
    assert_eq!(hosts, [true, true, false]);
    let one = [ANN, BEN, CHI, VIC].map(|who| by_ben(who, Audience::One(CHI)));
    assert_eq!(one, [false, true, true, false]);
    assert!(Viewer::Auditor.sees(Audience::Nobody, Actor::Server));
    assert!(!Viewer::Participant(CHI, Role::Attendee).sees(Audience::Hosts, Actor::Server));
}

#[test]
fn a_view_keeps_the_last_messages_and_counts_them_all() {
    let mut seen = Seen::opened();
    seen.joins(ANN);
    for n in 0..CHAT_MAX + 5 {
        seen.says(ANN, To::Everyone, &format!("message {n}"));
    }
    assert_eq!((seen.0.chat.len(), seen.0.said), (CHAT_MAX, CHAT_MAX as u64 + 5));
    assert_eq!(seen.0.chat.front().map(|line| line.text.as_str()), Some("message 5"));
}

#[test]
fn a_line_keeps_the_name_of_somebody_who_is_gone() {
    let mut seen = Seen::opened();
    seen.joins(ANN);
    seen.joins(BEN);
    seen.says(BEN, To::Everyone, "bye");
    seen.happens(
        BEN,
        roster::Event::Left { who: BEN, reason: roster::LeaveReason::Left, at: None },
    );
    let line = seen.0.chat.back().expect("one line");
    assert_eq!((line.from, line.name.as_str()), (BEN, name_of(BEN).as_str()));
}

#[test]
fn a_fact_about_somebody_unknown_changes_nothing_and_does_no_harm() {
    let mut seen = Seen::opened();
    let before = seen.0.clone();
    let who = ParticipantId(77);
    let track = TrackId(77);
    let facts: [Event; 7] = [
        roster::Event::Disconnected { who, at: None }.into(),
        roster::Event::Left { who, reason: roster::LeaveReason::Left, at: None }.into(),
        hand::Event::Raised { who }.into(),
        track::Event::Muted { who }.into(),
        track::Event::Closed { track }.into(),
        track::Event::Paused { track, generation: 9 }.into(),
        chat::Event::Silenced { who }.into(),
    ];
    let mut session = Session::default();
    for event in facts {
        seen.happens(ANN, event.clone());
        let position = Position { epoch: 1, seq: 1 };
        let (time, actor) = (Millis(1), ANN.into());
        session.apply(&Record { position, time, actor, request: None, event });
    }
    assert_eq!(seen.0, before);
    assert_eq!(session.roster.count(), 0);
}
