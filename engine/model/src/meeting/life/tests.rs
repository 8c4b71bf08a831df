//! What becomes of a meeting, and who may change it.

use super::*;

const OWNER: AccountId = AccountId(7);

fn creation(kind: MeetingType) -> Creation {
    Creation {
        meeting: MeetingId::new(88_137_455).expect("eight digits"),
        owner: OWNER,
        kind,
        topic: Topic::new("Plans").expect("a topic"),
        has_password: true,
        plan: None,
    }
}

fn end(session: u32) -> Command {
    Command::EndSession {
        session: SessionNumber(session),
        reason: EndReason::Host,
        tail: Position { epoch: 1, seq: 9 },
        hash: [3; 32],
    }
}

fn asked(meeting: &Meeting, by: impl Into<Actor>, command: Command) -> Result<Event, Refusal> {
    let (by, at) = (by.into(), Millis(1));
    let mut facts = meeting.decide(&Proposal { by, at, request: None, command })?;
    assert_eq!(facts.len(), 1, "each wish here is one fact");
    Ok(facts.remove(0))
}

fn given(wishes: &[Command]) -> Meeting {
    let mut meeting = Meeting::default();
    for (seq, wish) in (1..).zip(wishes) {
        let event = asked(&meeting, OWNER, wish.clone()).expect("granted");
        let position = Position { epoch: 1, seq };
        let (time, actor) = (Millis(seq), OWNER.into());
        meeting.apply(&Record { position, time, actor, request: None, event });
    }
    meeting
}

fn created() -> Command {
    Command::Create(creation(MeetingType::Interactive))
}

#[test]
fn a_meeting_is_made_once() {
    assert_eq!(asked(&given(&[created()]), OWNER, created()), Err(Refusal::Taken));
}

#[test]
fn a_meeting_is_made_only_of_a_type_that_works() {
    let webinar = Command::Create(creation(MeetingType::Webinar));
    assert_eq!(asked(&Meeting::default(), OWNER, webinar), Err(Refusal::TypeNotAvailable));
    let conference = Command::Create(creation(MeetingType::VideoConference));
    assert!(asked(&Meeting::default(), OWNER, conference).is_ok());
}

#[test]
fn what_was_never_made_has_no_sessions() {
    for command in [Command::OpenSession {}, end(1)] {
        assert_eq!(asked(&Meeting::default(), OWNER, command), Err(Refusal::NotFound));
    }
}

#[test]
fn only_its_owner_opens_a_session() {
    let meeting = given(&[created()]);
    let open = || Command::OpenSession {};
    assert_eq!(asked(&meeting, AccountId(8), open()), Err(Refusal::NotAllowed));
    assert_eq!(asked(&meeting, Actor::Server, open()), Err(Refusal::NotAllowed));
    let opened = Event::SessionOpened { session: SessionNumber(1) };
    assert_eq!(asked(&meeting, OWNER, open()), Ok(opened));
}

#[test]
fn one_session_is_open_at_a_time_and_they_are_counted() {
    let open = || Command::OpenSession {};
    let meeting = given(&[created(), open()]);
    assert_eq!(asked(&meeting, OWNER, open()), Err(Refusal::AlreadyDone));
    let meeting = given(&[created(), open(), end(1)]);
    let second = Event::SessionOpened { session: SessionNumber(2) };
    assert_eq!(asked(&meeting, OWNER, open()), Ok(second));
}

#[test]
fn only_the_open_session_ends_and_its_tail_is_kept() {
    let meeting = given(&[created(), Command::OpenSession {}]);
    assert_eq!(asked(&meeting, Actor::Server, end(2)), Err(Refusal::AlreadyDone));
    let ended = asked(&meeting, Actor::Server, end(1)).expect("it is open");
    let Event::SessionEnded { tail, hash, .. } = ended else { panic!("it ends") };
    assert_eq!((tail.seq, hash), (9, [3; 32]));
    let meeting = given(&[created(), Command::OpenSession {}, end(1)]);
    assert_eq!(asked(&meeting, Actor::Server, end(1)), Err(Refusal::AlreadyDone));
}

fn change(topic: &str) -> Change {
    Change {
        kind: MeetingType::Interactive,
        topic: Topic::new(topic).expect("a topic"),
        has_password: true,
        password_changed: false,
        plan: Plan { public: true, ..Plan::default() },
    }
}

#[test]
fn its_owner_and_administrators_change_it_and_nobody_else() {
    let meeting = given(&[created()]);
    let wish = |right| Command::Change { change: change("Budget"), right };
    let stranger = AccountId(8);
    assert_eq!(asked(&meeting, stranger, wish(Right::Owner)), Err(Refusal::NotAllowed));
    assert!(asked(&meeting, stranger, wish(Right::Administrator)).is_ok());
    assert!(asked(&meeting, OWNER, wish(Right::Owner)).is_ok());
    let changed = given(&[created(), wish(Right::Owner)]);
    let details = changed.details.as_ref().expect("it is there");
    assert_eq!(details.topic.as_str(), "Budget");
    assert!(details.plan.as_ref().is_some_and(|plan| plan.public));
    assert_eq!(changed.changes, 1);
    let again =
        Proposal { by: OWNER.into(), at: Millis(9), request: None, command: wish(Right::Owner) };
    assert_eq!(changed.decide(&again), Ok(Vec::new()), "no change is no fact");
}

#[test]
fn what_is_called_off_is_not_opened_until_it_is_restored() {
    let right = Right::Owner;
    let off = || Command::Cancel { reason: None, right };
    let meeting = given(&[created(), off()]);
    let open = || Command::OpenSession {};
    assert_eq!(asked(&meeting, OWNER, open()), Err(Refusal::Cancelled));
    assert_eq!(asked(&meeting, OWNER, off()), Err(Refusal::Cancelled));
    let edit = Command::Change { change: change("Budget"), right };
    assert_eq!(asked(&meeting, OWNER, edit), Err(Refusal::Cancelled));
    let meeting = given(&[created(), off(), Command::Restore { right }]);
    assert!(asked(&meeting, OWNER, open()).is_ok());
    assert_eq!(asked(&meeting, OWNER, Command::Restore { right }), Err(Refusal::AlreadyDone));
    assert_eq!(meeting.changes, 2);
}

#[test]
fn a_meeting_given_away_is_opened_by_its_new_host() {
    let to = AccountId(8);
    let give = Command::Transfer { to, right: Right::Owner };
    let meeting = given(&[created(), give.clone()]);
    let open = || Command::OpenSession {};
    assert_eq!(asked(&meeting, OWNER, open()), Err(Refusal::NotAllowed));
    assert!(asked(&meeting, to, open()).is_ok());
    assert_eq!(asked(&meeting, to, give), Err(Refusal::AlreadyDone));
}

#[test]
fn everybody_is_invited_once_and_there_is_an_end_to_it() {
    let right = Right::Owner;
    let email = |number: usize| Email::new(&format!("p{number}@example.org")).expect("one");
    let invite = |numbers: std::ops::Range<usize>| Command::Invite {
        people: numbers.map(email).collect(),
        right,
    };
    let meeting = given(&[created(), invite(0..2)]);
    let asked_again = asked(&meeting, OWNER, invite(1..3));
    assert_eq!(asked_again, Ok(Event::Invited { people: vec![email(2)] }));
    assert_eq!(asked(&meeting, AccountId(8), invite(2..3)), Err(Refusal::NotAllowed));
    assert_eq!(asked(&meeting, OWNER, invite(2..501)), Err(Refusal::TooLong));
    assert!(asked(&meeting, OWNER, invite(2..500)).is_ok());
    assert_eq!(meeting.changes, 0, "a calendar need not hear of it");
}

#[test]
fn a_code_is_drawn_once_and_by_the_server() {
    let code = AccessCode::new("123456789").expect("digits");
    let give = || Command::GiveCode { code: code.clone() };
    let meeting = given(&[created()]);
    assert_eq!(asked(&meeting, OWNER, give()), Err(Refusal::NotAllowed));
    let drawn = asked(&meeting, Actor::Server, give()).expect("granted");
    let mut meeting = meeting;
    let position = Position { epoch: 1, seq: 2 };
    let (time, actor) = (Millis(2), Actor::Server);
    meeting.apply(&Record { position, time, actor, request: None, event: drawn });
    assert_eq!(asked(&meeting, Actor::Server, give()), Err(Refusal::AlreadyDone));
}
