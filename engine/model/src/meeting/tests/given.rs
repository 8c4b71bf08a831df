//! given(what happened).when(who, wishes).then(facts) or .refused(why): how the rules are told.

use super::super::{Command, Event, Facts, Session};
use super::super::{
    chat, control, delivery, dial_in, floor, hand, lifecycle, lock, recording, roster, track,
};
use crate::grant::{Grant, Role};
use crate::id::{AccountId, ClientId, MeetingId, Millis, ParticipantId, Position, SessionNumber};
use crate::record::{Actor, Audience, Proposal, Record};
use crate::refusal::Refusal;
use crate::text::{ChatText, Name, Topic};

/// Ann is a host.
pub(super) const ANN: ParticipantId = ParticipantId(1);
/// Ben is an attendee.
pub(super) const BEN: ParticipantId = ParticipantId(2);
/// Chi is an attendee.
pub(super) const CHI: ParticipantId = ParticipantId(3);
/// Vic is a viewer.
pub(super) const VIC: ParticipantId = ParticipantId(4);
/// Pam is a panelist.
pub(super) const PAM: ParticipantId = ParticipantId(5);
/// Hal is another host.
pub(super) const HAL: ParticipantId = ParticipantId(6);
/// The server itself.
pub(super) const SERVER: Actor = Actor::Server;
/// How many people fit into a session here.
pub(super) const PARTICIPANTS_MAX: u32 = 4;

/// Something that happened, and who did it.
pub(super) type Past = Vec<(Actor, Event)>;

/// A session with a past.
pub(super) struct Given {
    pub(super) session: Session,
    seq: u64,
}

/// A session that was asked something.
pub(super) struct When {
    given: Given,
    by: Actor,
    pub(super) answer: Result<Facts, Refusal>,
}

/// A session that was opened, and what happened since.
pub(super) fn given<const N: usize>(past: [Past; N]) -> Given {
    let mut given = Given { session: Session::default(), seq: 0 };
    given.happens(Actor::Server, lifecycle::Event::Opened(opening()).into());
    for (actor, event) in past.into_iter().flatten() {
        given.happens(actor, event);
    }
    given
}

impl Given {
    /// Takes in a fact.
    pub(super) fn happens(&mut self, actor: Actor, event: Event) {
        self.seq += 1;
        let position = Position { epoch: 1, seq: self.seq };
        let time = Millis(self.seq * 1000);
        self.session.apply(&Record { position, time, actor, request: None, event });
    }

    /// Asks for something.
    pub(super) fn when(self, by: impl Into<Actor>, command: impl Into<Command>) -> When {
        let (by, command) = (by.into(), command.into());
        let at = Millis(self.seq * 1000 + 1);
        let answer = self.session.decide(&Proposal { by, at, request: None, command });
        When { given: self, by, answer }
    }
}

impl When {
    /// The wish becomes exactly these facts; what follows is asked of the session that took them
    /// in.
    #[track_caller]
    pub(super) fn then<const N: usize>(mut self, facts: [(Audience, Event); N]) -> Given {
        assert_eq!(self.answer, Ok(facts.to_vec()));
        for (_, event) in facts {
            self.given.happens(self.by, event);
        }
        self.given
    }

    /// The wish is not granted.
    #[track_caller]
    pub(super) fn refused(self, refusal: Refusal) -> Given {
        assert_eq!(self.answer, Err(refusal));
        self.given
    }
}

macro_rules! topics {
    ($($topic:ident $name:ident)*) => {
        $(
            impl From<$topic::Command> for Command {
                fn from(command: $topic::Command) -> Self {
                    Self::$name(command)
                }
            }
            impl From<$topic::Event> for Event {
                fn from(event: $topic::Event) -> Self {
                    Self::$name(event)
                }
            }
        )*
    };
}

topics! {
    lifecycle Lifecycle
    roster Roster
    floor Floor
    control Control
    chat Chat
    track Track
    hand Hand
    lock Lock
    recording Recording
    delivery Delivery
    dial_in DialIn
}

/// What every session here is opened as.
pub(super) fn opening() -> lifecycle::Opening {
    lifecycle::Opening {
        meeting: MeetingId::new(88_137_455).expect("eight digits"),
        session: SessionNumber(1),
        kind: lifecycle::MeetingType::Interactive,
        topic: Topic::new("Plans").expect("a topic"),
        host: AccountId(1),
        participants_max: PARTICIPANTS_MAX,
        recording: false,
        may_record: true,
        records_input: false,
        meeting_seq: 2,
        meeting_hash: [7; 32],
    }
}

/// The part that somebody plays in these tests.
pub(super) fn role_of(who: ParticipantId) -> Role {
    match who {
        ANN | HAL => Role::Host,
        VIC => Role::Viewer,
        PAM => Role::Panelist,
        _ => Role::Attendee,
    }
}

/// What somebody is called in these tests.
pub(super) fn name_of(who: ParticipantId) -> Name {
    Name::new(&format!("Somebody {who}")).expect("a name")
}

/// A ticket was used; client, family and ticket have the participant's number in them.
pub(super) fn entered(who: ParticipantId) -> Past {
    let fact = roster::Event::Entered {
        who,
        client: ClientId(100 + u64::from(who.0)),
        account: Some(AccountId(200 + who.0)),
        family: 300 + u64::from(who.0),
        ticket: 400 + u64::from(who.0),
        grant: Grant::of(role_of(who)),
    };
    vec![(SERVER, fact.into())]
}

/// Somebody came in.
pub(super) fn joined(who: ParticipantId) -> Past {
    let mut past = entered(who);
    past.push((SERVER, join(who).1));
    past
}

/// Somebody waits in the lobby.
pub(super) fn waiting(who: ParticipantId) -> Past {
    let mut past = entered(who);
    past.push((SERVER, roster::Event::Waiting { who, name: name_of(who) }.into()));
    past
}

/// Somebody is gone.
pub(super) fn left(who: ParticipantId, reason: roster::LeaveReason) -> Past {
    vec![(SERVER, roster::Event::Left { who, reason, at: None }.into())]
}

/// Somebody presents.
pub(super) fn presents(who: ParticipantId) -> Past {
    vec![(who.into(), floor::Event::PresenterChanged { who: Some(who) }.into())]
}

/// One fact by the server.
pub(super) fn happened(event: impl Into<Event>) -> Past {
    vec![(SERVER, event.into())]
}

/// One fact by somebody.
pub(super) fn did(who: ParticipantId, event: impl Into<Event>) -> Past {
    vec![(who.into(), event.into())]
}

/// A fact for everybody.
pub(super) fn everyone(event: impl Into<Event>) -> (Audience, Event) {
    (Audience::Everyone, event.into())
}

/// A fact for hosts.
pub(super) fn hosts(event: impl Into<Event>) -> (Audience, Event) {
    (Audience::Hosts, event.into())
}

/// A fact for the log only.
pub(super) fn log_only(event: impl Into<Event>) -> (Audience, Event) {
    (Audience::Nobody, event.into())
}

/// The fact that somebody joined.
pub(super) fn join(who: ParticipantId) -> (Audience, Event) {
    everyone(roster::Event::Joined { who, name: name_of(who), role: role_of(who) })
}

/// The fact that somebody in the session is gone.
pub(super) fn leave(who: ParticipantId, reason: roster::LeaveReason) -> (Audience, Event) {
    everyone(roster::Event::Left { who, reason, at: None })
}

/// The fact that somebody else presents, or nobody.
pub(super) fn presenter(who: Option<ParticipantId>) -> (Audience, Event) {
    everyone(floor::Event::PresenterChanged { who })
}

/// The wish to say something.
pub(super) fn say(to: chat::To, text: &str) -> Command {
    chat::Command::Say { to, text: ChatText::new(text).expect("a text") }.into()
}
