//! Making meetings and changing them: one way for everybody who does, with the same checks.
//!
//! What plans themselves may be is said by `schedule`; here is who may, and in which order facts
//! and passwords are written.

use convoke_model::meeting::life::{Change, Command, Right};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::Plan;
use convoke_model::privilege::Privilege;
use convoke_model::text::Topic;
use convoke_model::{AccountId, MeetingId, Refusal};
use convoke_wire::turbo::Secret;
use tokio::sync::{Mutex, MutexGuard};

use super::refusal::No;
use super::site::Site;
use crate::control::{Account, Meeting, NewMeeting};
use crate::vault::SecretOf;

/// Longest meeting password.
const PASSWORD_CHARS_MAX: usize = 64;

/// Changes that wait for each other.
const TURNS: u32 = 16;

/// Changes of one meeting follow each other: each is made of what the one before left.
pub(super) struct Turns([Mutex<()>; TURNS as usize]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turns {
    async fn take(&self, meeting: MeetingId) -> MutexGuard<'_, ()> {
        let turn = usize::try_from(meeting.number() % TURNS).unwrap_or(0);
        match self.0.get(turn) {
            Some(turn) => turn.lock().await,
            None => self.0[0].lock().await,
        }
    }
}

/// What becomes of a meeting's password.
pub(super) enum Password {
    /// It stays what it is.
    Keep,
    /// There is none.
    Nothing,
    /// It is this.
    Is(Secret),
}

impl Password {
    /// A password, or none.
    pub(super) fn of(password: Option<Secret>) -> Self {
        password.filter(|password| !password.is_empty()).map_or(Self::Nothing, Self::Is)
    }

    fn fits(&self) -> Result<(), No> {
        match self {
            Self::Is(password) if password.expose().chars().count() > PASSWORD_CHARS_MAX => {
                Err(No::because(Refusal::TooLong))
            }
            Self::Is(_) | Self::Keep | Self::Nothing => Ok(()),
        }
    }
}

/// A meeting as it is to be.
pub(super) struct Planned {
    pub(super) kind: MeetingType,
    pub(super) topic: Topic,
    pub(super) password: Password,
    /// Nothing for one that is started on the spot, or whose plan stays what it is.
    pub(super) plan: Option<Plan>,
}

/// Whether an account covers hosting meetings of this type.
pub(super) fn may_host(account: &Account, kind: MeetingType) -> Result<(), No> {
    if account.privileges.has(Privilege::to_host(kind)) {
        Ok(())
    } else {
        Err(No::because(Refusal::PrivilegeMissing))
    }
}

impl Site {
    /// Makes a meeting and stores its password.
    pub(super) async fn plan_meeting(
        &self,
        owner: &Account,
        planned: Planned,
    ) -> Result<Meeting, No> {
        let Planned { kind, topic, password, plan } = planned;
        if !kind.is_available() {
            return Err(No::because(Refusal::TypeNotAvailable));
        }
        may_host(owner, kind)?;
        password.fits()?;
        let password = match password {
            Password::Is(password) => Some(password),
            Password::Nothing | Password::Keep => None,
        };
        let has_password = password.is_some();
        let new = NewMeeting { kind, topic, owner: owner.id, has_password, plan };
        let id = self.engine.create_meeting(new).await?;
        // If this fails, the meeting exists with a password that nobody knows: invitations still
        // work, and its host is told that something went wrong and creates another one.
        if let Some(password) = password {
            self.vault.put(SecretOf::Meeting(id), password.expose().as_bytes())?;
        }
        let meeting = self.engine.meeting(id).await?;
        meeting.ok_or_else(|| No::fault("a meeting that was just created is not there"))
    }

    /// A meeting of this account, or of anybody for an administrator. To others it is not there.
    pub(super) async fn meeting_of(
        &self,
        by: &Account,
        id: MeetingId,
    ) -> Result<(Meeting, Right), No> {
        let meeting = self.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
        if meeting.owner == by.id {
            Ok((meeting, Right::Owner))
        } else if by.administers() {
            Ok((meeting, Right::Administrator))
        } else {
            Err(No::because(Refusal::NotFound))
        }
    }

    /// Changes what a meeting is. `change` is told what it is now, and may refuse.
    pub(super) async fn change_meeting(
        &self,
        by: &Account,
        id: MeetingId,
        change: impl FnOnce(&Meeting) -> Result<Planned, Refusal>,
    ) -> Result<Meeting, No> {
        let _turn = self.turns.take(id).await;
        let (now, right) = self.meeting_of(by, id).await?;
        let Planned { kind, topic, password, plan } = change(&now)?;
        if kind != now.kind {
            if !kind.is_available() {
                return Err(No::because(Refusal::TypeNotAvailable));
            }
            let owner = self.engine.account(now.owner).await?.ok_or(Refusal::NotFound)?;
            may_host(&owner, kind)?;
        }
        password.fits()?;
        let (has_password, password_changed) = match &password {
            Password::Keep => (now.has_password, false),
            Password::Nothing => (false, now.has_password),
            Password::Is(_) => (true, true),
        };
        let plan = plan.or(now.plan).unwrap_or_default();
        let change = Change { kind, topic, has_password, password_changed, plan };
        self.engine.change_meeting(id, by.id.into(), Command::Change { change, right }).await?;
        match password {
            Password::Is(password) => {
                self.vault.put(SecretOf::Meeting(id), password.expose().as_bytes())?;
            }
            Password::Nothing => self.vault.remove(SecretOf::Meeting(id))?,
            Password::Keep => {}
        }
        Ok(self.engine.meeting(id).await?.ok_or(Refusal::NotFound)?)
    }

    /// Calls a meeting off, takes that back, or gives the meeting away, if what it is now fits.
    pub(super) async fn turn_meeting(
        &self,
        by: &Account,
        id: MeetingId,
        fits: impl FnOnce(&Meeting) -> Result<(), Refusal>,
        turn: impl FnOnce(Right) -> Command,
    ) -> Result<Meeting, No> {
        let _turn = self.turns.take(id).await;
        let (now, right) = self.meeting_of(by, id).await?;
        fits(&now)?;
        self.engine.change_meeting(id, by.id.into(), turn(right)).await?;
        Ok(self.engine.meeting(id).await?.ok_or(Refusal::NotFound)?)
    }

    /// Who a meeting can be given to: an account that may sign in and host its kind.
    pub(super) async fn heir(&self, meeting: &Meeting, email: &str) -> Result<AccountId, No> {
        let heir = self.accounts.find(email).await?.ok_or(Refusal::NotFound)?;
        if !heir.enabled {
            return Err(No::because(Refusal::AccountDisabled));
        }
        may_host(&heir, meeting.kind)?;
        Ok(heir.id)
    }
}
