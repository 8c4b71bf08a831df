//! A meeting's own life: created once, opened as often as its host likes. Its stream holds no
//! session's facts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::lifecycle::{EndReason, MeetingType};
use super::plan::{DialIn, Plan};
use crate::id::{AccountId, MeetingId, Millis, Position, SessionNumber};
use crate::policy::draw_code::AccessCode;
use crate::record::{Actor, Proposal, Record};
use crate::refusal::Refusal;
use crate::site::accounts::Email;
use crate::text::{Sentence, Topic};

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make it.
    Create(Creation),
    /// Change what it is planned as.
    Change {
        /// To what.
        change: Change,
        /// In whose name.
        right: Right,
    },
    /// Call it off. It can be restored.
    Cancel {
        /// Why, for those who were invited.
        reason: Option<Sentence>,
        /// In whose name.
        right: Right,
    },
    /// Take back that it was called off.
    Restore {
        /// In whose name.
        right: Right,
    },
    /// Give it to another host.
    Transfer {
        /// Whose it will be.
        to: AccountId,
        /// In whose name.
        right: Right,
    },
    /// Give it an access code that was drawn for it.
    GiveCode {
        /// Which.
        code: AccessCode,
    },
    /// Ask people to come. Who was asked before stays as they are.
    Invite {
        /// Their addresses.
        people: Vec<Email>,
        /// In whose name.
        right: Right,
    },
    /// Open a session.
    OpenSession {},
    /// Note that a session ended.
    EndSession {
        /// Which.
        session: SessionNumber,
        /// Why.
        reason: EndReason,
        /// Its last position.
        tail: Position,
        /// The hash of its stream at that place.
        #[serde(with = "crate::record::bytes32")]
        hash: [u8; 32],
    },
}

/// What a meeting is made as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creation {
    /// Its id, drawn by the server.
    pub meeting: MeetingId,
    /// Whose it is.
    pub owner: AccountId,
    /// What it is for.
    pub kind: MeetingType,
    /// What it is about.
    pub topic: Topic,
    /// Whether a password lets people in. The password itself lies in the vault.
    pub has_password: bool,
    /// What it is planned as; nothing for one that was started on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

/// In whose name somebody changes a meeting. Whoever asks has been checked at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// As the one whose it is.
    Owner,
    /// As an administrator of the site.
    Administrator,
}

/// What a meeting becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is for.
    pub kind: MeetingType,
    /// What it is about.
    pub topic: Topic,
    /// Whether a password lets people in.
    pub has_password: bool,
    /// Whether that password is another one than before.
    #[serde(default)]
    pub password_changed: bool,
    /// What it is planned as.
    pub plan: Plan,
}

/// Facts. For the log and its owner only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It exists.
    Created(Creation),
    /// It is planned as something else.
    Changed(Change),
    /// It was called off.
    Cancelled {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// It is held after all.
    Restored {},
    /// It is another host's.
    Transferred {
        /// Whose it was.
        from: AccountId,
        /// Whose it is.
        to: AccountId,
    },
    /// An access code was drawn for it.
    CodeDrawn {
        /// Which.
        code: AccessCode,
    },
    /// People were asked to come.
    Invited {
        /// Their addresses.
        people: Vec<Email>,
    },
    /// A session was opened.
    SessionOpened {
        /// Which.
        session: SessionNumber,
    },
    /// A session ended.
    SessionEnded {
        /// Which.
        session: SessionNumber,
        /// Why.
        reason: EndReason,
        /// Its last position.
        tail: Position,
        /// The hash of its stream at that place.
        #[serde(with = "crate::record::bytes32")]
        hash: [u8; 32],
    },
}

impl Event {
    /// Whether those who have it in a calendar should hear of it.
    #[must_use]
    pub fn changes_plan(&self) -> bool {
        match self {
            Self::Changed(_)
            | Self::Cancelled { .. }
            | Self::Restored {}
            | Self::Transferred { .. }
            | Self::CodeDrawn { .. } => true,
            Self::Created(_)
            | Self::Invited { .. }
            | Self::SessionOpened { .. }
            | Self::SessionEnded { .. } => false,
        }
    }
}

impl Right {
    fn covers(self, now: &Creation, by: Actor) -> Result<(), Refusal> {
        match self {
            Self::Owner if by == now.owner.into() => Ok(()),
            Self::Owner => Err(Refusal::NotAllowed),
            Self::Administrator => Ok(()),
        }
    }
}

impl Creation {
    /// How to reach it by telephone, if anything was said of that.
    #[must_use]
    pub fn dial_in(&self) -> Option<&DialIn> {
        self.plan.as_ref()?.dial_in.as_ref()
    }

    /// Takes in what a fact changes of it.
    pub fn follow(&mut self, event: &Event) {
        match event {
            Event::Changed(change) => {
                let Change { kind, topic, has_password, password_changed: _, plan } =
                    change.clone();
                (self.kind, self.topic, self.has_password) = (kind, topic, has_password);
                self.plan = Some(plan);
            }
            Event::Transferred { from: _, to } => self.owner = *to,
            Event::CodeDrawn { code } => {
                let plan = self.plan.get_or_insert_default();
                plan.dial_in.get_or_insert_default().code = Some(code.clone());
            }
            Event::Created(creation) => *self = creation.clone(),
            Event::Cancelled { .. }
            | Event::Restored {}
            | Event::Invited { .. }
            | Event::SessionOpened { .. }
            | Event::SessionEnded { .. } => {}
        }
    }
}

/// What is known of a meeting.
#[derive(Clone, Debug, Default)]
pub struct Meeting {
    /// What it is now: as it was made, with every change since.
    pub details: Option<Creation>,
    /// When it was called off, if it was.
    pub cancelled: Option<Millis>,
    /// Who was asked to come.
    pub invited: BTreeSet<Email>,
    /// How often it was changed, called off, restored or given away: the `SEQUENCE` of calendars.
    pub changes: u32,
    /// How many sessions it had.
    pub sessions: u32,
    /// The session that is open now.
    pub open: Option<SessionNumber>,
}

impl Meeting {
    /// People who can be asked to come to one meeting.
    pub const INVITED_MAX: usize = 500;

    /// The facts that a wish would become, or why it is refused.
    ///
    /// # Errors
    /// The `Refusal` that the person is told.
    pub fn decide(&self, proposal: &Proposal<Command>) -> Result<Vec<Event>, Refusal> {
        match (&proposal.command, &self.details) {
            (Command::Create(_), Some(_)) => Err(Refusal::Taken),
            (Command::Create(creation), None) if !creation.kind.is_available() => {
                Err(Refusal::TypeNotAvailable)
            }
            (Command::Create(creation), None) => Ok(vec![Event::Created(creation.clone())]),
            (_, None) => Err(Refusal::NotFound),
            (Command::Change { change, right }, Some(now)) => {
                right.covers(now, proposal.by)?;
                self.change(now, change)
            }
            (Command::Cancel { reason, right }, Some(now)) => {
                right.covers(now, proposal.by)?;
                self.still_on()?;
                Ok(vec![Event::Cancelled { reason: reason.clone() }])
            }
            (Command::Restore { right }, Some(now)) => {
                right.covers(now, proposal.by)?;
                if self.cancelled.is_none() {
                    return Err(Refusal::AlreadyDone);
                }
                Ok(vec![Event::Restored {}])
            }
            (Command::Transfer { to, right }, Some(now)) => {
                right.covers(now, proposal.by)?;
                if now.owner == *to {
                    return Err(Refusal::AlreadyDone);
                }
                Ok(vec![Event::Transferred { from: now.owner, to: *to }])
            }
            (Command::GiveCode { code }, Some(now)) => {
                if proposal.by != Actor::Server {
                    return Err(Refusal::NotAllowed);
                }
                if now.dial_in().is_some_and(|dial_in| dial_in.code.is_some()) {
                    return Err(Refusal::AlreadyDone);
                }
                Ok(vec![Event::CodeDrawn { code: code.clone() }])
            }
            (Command::Invite { people, right }, Some(now)) => {
                right.covers(now, proposal.by)?;
                self.still_on()?;
                self.invite(people)
            }
            (Command::OpenSession {}, Some(now)) => {
                if proposal.by != now.owner.into() {
                    return Err(Refusal::NotAllowed);
                }
                if self.cancelled.is_some() {
                    return Err(Refusal::Cancelled);
                }
                if self.open.is_some() {
                    return Err(Refusal::AlreadyDone);
                }
                Ok(vec![Event::SessionOpened { session: SessionNumber(self.sessions + 1) }])
            }
            (Command::EndSession { session, .. }, Some(_)) if self.open != Some(*session) => {
                Err(Refusal::AlreadyDone)
            }
            (Command::EndSession { session, reason, tail, hash }, Some(_)) => {
                Ok(vec![Event::SessionEnded {
                    session: *session,
                    reason: *reason,
                    tail: *tail,
                    hash: *hash,
                }])
            }
        }
    }

    /// What is called off is changed by nobody, so that a plan and its cancellation do not cross.
    fn still_on(&self) -> Result<(), Refusal> {
        if self.cancelled.is_some() { Err(Refusal::Cancelled) } else { Ok(()) }
    }

    fn invite(&self, people: &[Email]) -> Result<Vec<Event>, Refusal> {
        let asked: BTreeSet<&Email> = people.iter().collect();
        let new: Vec<Email> =
            asked.into_iter().filter(|who| !self.invited.contains(*who)).cloned().collect();
        if self.invited.len() + new.len() > Self::INVITED_MAX {
            return Err(Refusal::TooLong);
        }
        if new.is_empty() { Ok(Vec::new()) } else { Ok(vec![Event::Invited { people: new }]) }
    }

    fn change(&self, now: &Creation, change: &Change) -> Result<Vec<Event>, Refusal> {
        self.still_on()?;
        if !change.kind.is_available() {
            return Err(Refusal::TypeNotAvailable);
        }
        let same = now.kind == change.kind
            && now.topic == change.topic
            && now.has_password == change.has_password
            && !change.password_changed
            && now.plan.as_ref() == Some(&change.plan);
        if same { Ok(Vec::new()) } else { Ok(vec![Event::Changed(change.clone())]) }
    }

    /// Takes in a fact.
    pub fn apply(&mut self, record: &Record<Event>) {
        if record.event.changes_plan() {
            self.changes = self.changes.saturating_add(1);
        }
        match &record.event {
            Event::Created(creation) => self.details = Some(creation.clone()),
            Event::Changed(_) | Event::Transferred { .. } | Event::CodeDrawn { .. } => {
                if let Some(details) = &mut self.details {
                    details.follow(&record.event);
                }
            }
            Event::Cancelled { .. } => self.cancelled = Some(record.time),
            Event::Restored {} => self.cancelled = None,
            Event::Invited { people } => self.invited.extend(people.iter().cloned()),
            Event::SessionOpened { session } => {
                self.sessions = session.0;
                self.open = Some(*session);
            }
            Event::SessionEnded { .. } => self.open = None,
        }
    }
}

#[cfg(test)]
mod tests {
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
        let again = Proposal {
            by: OWNER.into(),
            at: Millis(9),
            request: None,
            command: wish(Right::Owner),
        };
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
}
