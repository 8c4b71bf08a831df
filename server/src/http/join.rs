//! The door of a meeting: what somebody shows, what that proves, and the ticket it buys.
//!
//! Before a right password or invitation every "no" is `cannot_join`: unknown number, wrong
//! password, and a meeting without a password that is not open answer alike, after the same work.
//! After it, `not_started` and `ended` are told apart. A number alone opens one door: the lobby of
//! a meeting that has no password and is open now. `full` and `locked` are said by the session
//! itself when the ticket is used; a lobby's ticket has given away by then that the number exists.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use convoke_model::grant::Role;
use convoke_model::policy::Credential;
use convoke_model::text::Name;
use convoke_model::{MeetingId, Refusal};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::api;
use super::refusal::No;
use super::site::{Caller, Site};
use crate::config::JoinLimits;
use crate::control::{Meeting, MeetingState};
use crate::limits::{Buckets, Door, Guesses, Rate, Slow};
use crate::tickets::Admission;
use crate::vault::SecretOf;

/// Stands in for the number of a call that names none that could exist.
const NO_NUMBER: u32 = 0;

/// All limits on trying to join.
pub(super) struct Limits {
    joins: Buckets<IpAddr>,
    door: Door,
    guesses: Guesses,
}

impl Limits {
    pub(super) fn new(limits: &JoinLimits) -> Self {
        let failures = Rate::per_minute(limits.failures_per_minute, limits.failures_burst);
        let window = Duration::from_secs(u64::from(limits.wrong_passwords_window_s));
        Self {
            joins: Buckets::new(Rate::per_minute(limits.per_minute, limits.burst)),
            door: Door::new(failures, Rate::per_second(limits.failures_per_second_total)),
            guesses: Guesses::new(limits.wrong_passwords_max, window),
        }
    }

    /// Whether this address may ask for anything here now.
    pub(super) fn may_ask(&self, from: IpAddr, now: Duration) -> Result<(), No> {
        self.joins.take(&from.to_canonical(), now).map_err(No::slow)
    }

    /// Whether this address may try now.
    pub(super) fn may_try(&self, from: IpAddr, now: Duration) -> Result<(), No> {
        self.may_ask(from, now)?;
        self.door.may_try(from, now).map_err(|Slow(wait)| No::slow(wait))
    }

    /// Notes a failure; with the meeting number whose password was wrong.
    pub(super) fn failed(&self, from: IpAddr, number: Option<u32>, now: Duration) {
        self.door.failed(from, now);
        if let Some(number) = number {
            self.guesses.wrong(number, now);
        }
    }
}

/// What somebody shows at the door.
pub(super) struct Shown<'a> {
    /// The number, if it can be one.
    pub(super) meeting: Option<MeetingId>,
    pub(super) password: Option<&'a Secret>,
    pub(super) invitation: Option<&'a str>,
}

/// A door that opened.
pub(super) struct Opened {
    pub(super) meeting: Meeting,
    pub(super) credential: Credential,
}

impl Site {
    /// Whether this caller may try a door now; asked before anything else is done for it.
    pub(super) fn may_try(&self, caller: &Caller) -> Result<(), No> {
        self.join_limits.may_try(caller.from(), self.clock.uptime())
    }

    /// Whether what is shown opens the door. The same steps are taken whether the meeting exists or
    /// not.
    pub(super) async fn open_door(&self, shown: &Shown<'_>, from: IpAddr) -> Result<Opened, No> {
        let now = self.clock.uptime();
        let number = shown.meeting.map_or(NO_NUMBER, MeetingId::number);
        if shown.password.is_some() {
            let wait = self.join_limits.guesses.wait(number, now);
            if !wait.is_zero() {
                return Err(No::slow(wait));
            }
        }
        // A number that is never drawn stands in, so that the same lookups are made for it.
        let asked = shown.meeting.unwrap_or(self.no_meeting);
        let meeting = self.engine.meeting(asked).await?;
        // Without a password of its own a meeting has one that nobody knows: to read and to open a
        // secret takes a while, which would tell the numbers that have one from all others.
        let guarded = meeting.as_ref().is_some_and(|meeting| meeting.has_password);
        let holder = if guarded { asked } else { self.no_meeting };
        let stored = self.vault.get(SecretOf::Meeting(holder))?;
        let given = shown.password.map_or("", Secret::expose);
        let expected = stored.as_ref().map_or(&b""[..], |stored| stored.as_slice());
        let right = bool::from(given.as_bytes().ct_eq(expected)) && stored.is_some();
        let invited = self.invitations.fits(asked, shown.invitation.unwrap_or_default());
        let credential = match &meeting {
            Some(_) if invited => Some(Credential::Invitation),
            Some(meeting) if meeting.has_password => right.then_some(Credential::Password),
            // A number says nothing until its meeting goes on: who has only that is a guesser.
            Some(meeting) if matches!(meeting.state, MeetingState::Open(_)) => {
                Some(Credential::Nothing)
            }
            Some(_) | None => None,
        };
        match (meeting, credential) {
            (Some(meeting), Some(credential)) => Ok(Opened { meeting, credential }),
            _ => {
                let guessed = shown.password.map(|_| number);
                self.join_limits.failed(from, guessed, self.clock.uptime());
                Err(No::because(Refusal::CannotJoin))
            }
        }
    }

    /// The ticket for somebody for whom the door opened.
    pub(super) fn ticket(
        &self,
        opened: &Opened,
        name: Name,
        viewer: bool,
        caller: &Caller,
    ) -> Result<String, No> {
        match opened.meeting.state {
            MeetingState::Open(_) => {}
            MeetingState::NotStarted => return Err(No::because(Refusal::NotStarted)),
            MeetingState::Ended => return Err(No::because(Refusal::Ended)),
            MeetingState::Cancelled(_) => return Err(No::because(Refusal::Cancelled)),
        }
        let plan = opened.meeting.plan.as_ref();
        let own = plan.is_some_and(|plan| plan.own_network);
        if own && !self.config.is_in_own_network(caller.from()) {
            return Err(No::because(Refusal::OwnNetworkOnly));
        }
        let lobby = plan.is_some_and(|plan| plan.lobby);
        let admission = Admission {
            meeting: opened.meeting.id,
            role: if viewer { Role::Viewer } else { Role::Attendee },
            credential: opened.credential,
            name,
            account: None,
            lobby: lobby || opened.credential == Credential::Nothing,
            family: caller.browser.family(),
            from: caller.from(),
        };
        self.issue(admission)
    }

    /// Whether one more may be in a meeting of this site. Whoever joins with a ticket meanwhile may
    /// be first: the engine counts again, exactly, when somebody enters.
    pub(super) fn has_seat(&self) -> Result<(), No> {
        if self.engine.is_full() { Err(No::because(Refusal::SiteFull)) } else { Ok(()) }
    }

    /// Issues a ticket.
    pub(super) fn issue(&self, admission: Admission) -> Result<String, No> {
        let ticket = self.tickets.issue(admission, self.clock.uptime());
        ticket.ok_or_else(|| No::because(Refusal::Busy))
    }
}

/// What somebody joins with.
#[derive(Deserialize, ToSchema)]
#[schema(as = Joining)]
pub(super) struct Wanted {
    /// Eight digits, as a text or as a number.
    id: Value,
    name: String,
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
    #[serde(default)]
    invitation: Option<String>,
    #[serde(default)]
    viewer: bool,
}

/// A ticket, and the meeting that it opens.
#[derive(Serialize, ToSchema)]
pub(super) struct Joined {
    /// Good once, for a minute.
    ticket: String,
    meeting: Entered,
}

/// A meeting as those see it who enter.
#[derive(Serialize, ToSchema)]
#[schema(as = EnteredMeeting)]
pub(super) struct Entered {
    id: String,
    topic: String,
    #[serde(rename = "type")]
    kind: u8,
}

impl Entered {
    pub(super) fn of(meeting: &Meeting) -> Self {
        Self {
            id: meeting.id.number().to_string(),
            topic: meeting.topic.as_str().to_owned(),
            kind: meeting.kind.number(),
        }
    }
}

/// `POST /api/v1/join`
pub(super) async fn join(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<Joined>, No> {
    let wanted: Wanted = api::read(&body)?;
    let name = Name::new(&wanted.name).map_err(|_| Refusal::NameInvalid)?;
    let id = match &wanted.id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown = Shown {
        meeting: id.parse().ok(),
        password: wanted.password.as_ref(),
        invitation: wanted.invitation.as_deref(),
    };
    site.may_try(&caller)?;
    if wanted.password.is_some() {
        site.exposed(&caller, "/api/v1/join", false).await?;
    }
    let opened = site.open_door(&shown, caller.from()).await?;
    site.has_seat()?;
    let ticket = site.ticket(&opened, name, wanted.viewer, &caller)?;
    Ok(Json(Joined { ticket, meeting: Entered::of(&opened.meeting) }))
}
