//! What the control plane needs of the engine: accounts, meetings, sessions, audit facts.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use convoke_engine::directory::{Carried, OpenSession};
use convoke_journal::LogReader;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::Plan;
use convoke_model::meeting::{self, life};
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site;
use convoke_model::site::accounts::{self, Email, External};
use convoke_model::site::connections::Connections;
use convoke_model::site::groups::Group;
use convoke_model::site::keys::ApiKey;
use convoke_model::site::settings::Settings;
use convoke_model::site::webhooks::{Webhook, Webhooks};
use convoke_model::text::{Name, Sentence, Topic, Zone};
use convoke_model::{
    AccountId, Actor, ApiKeyId, ClientId, GroupId, MeetingId, Millis, Position, Refusal,
    SessionNumber, WebhookId,
};

use crate::events::EventLog;
use crate::telephone::Telephone;

/// An answer that comes when what it rests on is durable.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Why the engine did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The rules say no.
    #[error("{}", .0.sentence())]
    Refused(Refusal),
    /// It could not: the log is not writable, or the engine is stopping.
    #[error("{0}")]
    Unavailable(String),
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What it signs in with.
    pub email: Email,
    /// What its person is called.
    pub name: Name,
    /// What it may do: its own privileges and those of its groups.
    pub privileges: Privileges,
    /// What it may do of its own.
    pub own: Privileges,
    /// The groups it is in.
    pub groups: Vec<GroupId>,
    /// Its time zone, when one was chosen.
    pub zone: Option<Zone>,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Who it is elsewhere; then it has no password here.
    pub external: Option<External>,
    /// Whether it signs in with a code too.
    pub codes: bool,
}

impl Account {
    /// An account as the site knows it.
    #[must_use]
    pub fn of(id: AccountId, known: &accounts::Account, all: &accounts::Accounts) -> Self {
        Self {
            id,
            email: known.email.clone(),
            name: known.name.clone(),
            privileges: all.privileges(known),
            own: known.own,
            groups: known.groups.iter().copied().collect(),
            zone: known.zone.clone(),
            enabled: known.enabled,
            external: known.external.clone(),
            codes: known.codes,
        }
    }

    /// Whether it may administer this server.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.privileges.has(Privilege::Administrator)
    }

    /// Whether it may see what was done on this server and how it is set.
    #[must_use]
    pub fn looks_over(&self) -> bool {
        self.administers() || self.privileges.has(Privilege::Auditor)
    }
}

/// An account to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What it signs in with.
    pub email: Email,
    /// What its person is called.
    pub name: Name,
    /// Whether it may administer this server.
    pub administrator: bool,
    /// Whether it is meant as the very first administrator; refused `setup_done` if there is one.
    pub first: bool,
}

/// A meeting to be.
#[derive(Clone, Debug)]
pub struct NewMeeting {
    /// Its kind.
    pub kind: MeetingType,
    /// What it is about.
    pub topic: Topic,
    /// Whose it is.
    pub owner: AccountId,
    /// That it has a password; the password itself is in the vault.
    pub has_password: bool,
    /// What it is planned as; nothing for one that is started on the spot.
    pub plan: Option<Plan>,
}

/// Whether a meeting is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingState {
    /// No session is open; its host can open one.
    NotStarted,
    /// This session is open.
    Open(SessionNumber),
    /// A session was held and is over; its host can open another one.
    Ended,
    /// It was called off, then.
    Cancelled(Millis),
}

/// A meeting as the control plane sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its number.
    pub id: MeetingId,
    /// Its kind.
    pub kind: MeetingType,
    /// What it is about.
    pub topic: Topic,
    /// Whose it is.
    pub owner: AccountId,
    /// Whether it has a password.
    pub has_password: bool,
    /// When it was made.
    pub created: Millis,
    /// What it is planned as.
    pub plan: Option<Plan>,
    /// How often its plan was changed: the `SEQUENCE` of calendars.
    pub changes: u32,
    /// When its plan was last changed.
    pub changed: Millis,
    /// How many sessions it had.
    pub sessions: u32,
    /// Who was asked to come.
    pub invited: BTreeSet<Email>,
    /// Why it was called off, if it was and that was said.
    pub cancel_reason: Option<Sentence>,
    /// Whether it is going on.
    pub state: MeetingState,
    /// The place of its latest fact in its own stream.
    pub position: Position,
}

/// How many there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Meetings.
    pub meetings: usize,
    /// Those that are still to be held.
    pub planned: usize,
    /// Those that were called off.
    pub cancelled: usize,
    /// Accounts.
    pub accounts: usize,
    /// Those that may sign in.
    pub enabled: usize,
}

impl Meeting {
    /// Whether it is still to be held.
    #[must_use]
    pub fn is_ahead(&self, now: Millis) -> bool {
        let fresh = match self.state {
            MeetingState::Cancelled(_) => return false,
            MeetingState::NotStarted => true,
            MeetingState::Open(_) | MeetingState::Ended => false,
        };
        self.plan.as_ref().is_some_and(|plan| is_ahead(plan, fresh, now))
    }
}

/// Whether a plan is still to be held, of a meeting that had no session yet or had some.
#[must_use]
pub fn is_ahead(plan: &Plan, fresh: bool, now: Millis) -> bool {
    match &plan.when {
        None => plan.recurring || fresh,
        Some(when) => when.ends.is_none_or(|ends| ends >= now),
    }
}

/// The engine, as seen from the doors. Every answer waits until what it rests on is durable.
pub trait Engine: Send + Sync {
    /// Adds an account. Refused `taken` when the address has one.
    fn add_account(&self, new: NewAccount) -> Answer<'_, AccountId>;
    /// The account of an address.
    fn account_by_email<'a>(&'a self, email: &'a Email) -> Answer<'a, Option<Account>>;
    /// The account of a number.
    fn account(&self, id: AccountId) -> Answer<'_, Option<Account>>;
    /// The account of somebody whom another place knows.
    fn account_by_external<'a>(&'a self, external: &'a External) -> Answer<'a, Option<Account>>;
    /// Every account, by number.
    fn accounts(&self) -> Answer<'_, Vec<Account>>;
    /// Accounts behind this one, by number, so many at most: whoever reads them all in turn keeps
    /// nobody waiting for long.
    fn accounts_after(
        &self,
        last: Option<AccountId>,
        count_max: usize,
    ) -> Answer<'_, Vec<Account>> {
        let all = self.accounts();
        Box::pin(async move {
            let behind = all.await?.into_iter().filter(|account| Some(account.id) > last);
            Ok(behind.take(count_max).collect())
        })
    }
    /// Every group, by number.
    fn groups(&self) -> Answer<'_, Vec<(GroupId, Group)>>;
    /// Whether anybody may administer this server.
    fn has_administrator(&self) -> Answer<'_, bool>;
    /// Creates a meeting under a number that was free.
    fn create_meeting(&self, new: NewMeeting) -> Answer<'_, MeetingId>;
    /// A meeting by number.
    fn meeting(&self, id: MeetingId) -> Answer<'_, Option<Meeting>>;
    /// An account's meetings, newest first.
    fn meetings_of(&self, owner: AccountId) -> Answer<'_, Vec<Meeting>>;
    /// Every meeting, by number.
    fn all_meetings(&self) -> Answer<'_, Vec<Meeting>>;
    /// Meetings behind this one, by number, so many at most.
    fn meetings_after(
        &self,
        last: Option<MeetingId>,
        count_max: usize,
    ) -> Answer<'_, Vec<Meeting>> {
        let all = self.all_meetings();
        Box::pin(async move {
            let mut all = all.await?;
            all.sort_by_key(|meeting| meeting.id);
            let behind = all.into_iter().filter(|meeting| Some(meeting.id) > last);
            Ok(behind.take(count_max).collect())
        })
    }
    /// Every meeting that somebody was asked to come to, by number.
    fn invited_meetings(&self) -> Answer<'_, Vec<Meeting>> {
        let all = self.all_meetings();
        Box::pin(async move {
            let asked = all.await?.into_iter().filter(|meeting| !meeting.invited.is_empty());
            Ok(asked.collect())
        })
    }

    /// Changes a meeting's plan or owner: the place of the fact in the meeting's stream.
    fn change_meeting(
        &self,
        id: MeetingId,
        by: Actor,
        change: life::Command,
    ) -> Answer<'_, Position>;
    /// How many people are in all open sessions together.
    fn people(&self) -> u64 {
        0
    }
    /// Whether as many are in all of them as administrators allow.
    fn is_full(&self) -> bool {
        false
    }

    /// What administrators set.
    fn settings(&self) -> Answer<'_, Settings>;
    /// The open session of a meeting, opened if none is.
    fn open_session(&self, meeting: MeetingId, by: AccountId) -> Answer<'_, SessionNumber>;
    /// Puts somebody's wish about the site to the log: the number of what it made, 0 for nothing.
    fn wish(&self, by: Actor, wish: site::Command) -> Answer<'_, u32>;
    /// Puts the server's own wish about the site to the log: sign-ins, audit facts.
    fn record(&self, wish: site::Command) -> Answer<'_, ()> {
        let put = self.wish(Actor::Server, wish);
        Box::pin(async move { put.await.map(drop) })
    }

    /// Puts somebody's wish about the site to the log: the number of what it made, and the place
    /// of the fact.
    fn wish_placed(&self, by: Actor, wish: site::Command) -> Answer<'_, (u32, Position)>;
    /// Every key by which programs act for accounts, by number.
    fn api_keys(&self) -> Answer<'_, Vec<(ApiKeyId, ApiKey)>>;
    /// A key by number.
    fn api_key(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKey>>;
    /// Copies the log to a folder while it is in use.
    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, ()>;
    /// Whether the log takes writes, for `/readyz`.
    fn writable(&self) -> bool;
    /// Whether everything derived from the log has caught up with it, for `/readyz`.
    fn caught_up(&self) -> bool;
    /// The log as events, where there is one to read.
    fn events(&self) -> Option<Arc<EventLog>> {
        None
    }

    /// Who else is told of events.
    fn webhooks(&self) -> Webhooks {
        Webhooks::default()
    }

    /// One of them.
    fn webhook(&self, number: WebhookId) -> Option<Webhook> {
        self.webhooks().get(number).cloned()
    }

    /// Whom this server asks and is asked by, as administrators set it.
    fn connections(&self) -> Connections {
        Connections::default()
    }

    /// What the telephone needs of it; nothing where no meeting can be held.
    fn telephone(&self) -> Option<Telephone> {
        None
    }
    /// How many meetings and accounts there are.
    fn tally(&self, now: Millis) -> Answer<'_, Tally> {
        Box::pin(async move {
            let (meetings, accounts) = (self.all_meetings().await?, self.accounts().await?);
            let off = |meeting: &&Meeting| matches!(meeting.state, MeetingState::Cancelled(_));
            Ok(Tally {
                meetings: meetings.len(),
                planned: meetings.iter().filter(|meeting| meeting.is_ahead(now)).count(),
                cancelled: meetings.iter().filter(off).count(),
                accounts: accounts.len(),
                enabled: accounts.iter().filter(|account| account.enabled).count(),
            })
        })
    }
    /// Every session that is open now.
    fn open_sessions(&self) -> Answer<'_, Vec<(MeetingId, OpenSession)>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// Puts the server's own wish about an open session to the log: the place of its last fact.
    fn session_wish(
        &self,
        _meeting: MeetingId,
        _session: SessionNumber,
        _wish: meeting::Command,
    ) -> Answer<'_, Position> {
        Box::pin(async { Err(EngineError::Refused(Refusal::Ended)) })
    }
    /// What is known of a program's request, if it became facts not long ago.
    fn carried(&self, _client: ClientId) -> Option<Carried> {
        None
    }
    /// Reads the log, where there is one.
    fn log(&self) -> Option<Arc<dyn LogReader>> {
        None
    }
}
