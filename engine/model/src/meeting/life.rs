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
mod tests;
