//! What the control plane needs of the engine, in plain words: accounts, meetings, sessions, audit facts.

use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;

use convoke_model::text::{Name, Topic};
use convoke_model::{AccountId, MeetingId, Millis, SessionNumber};

/// An answer that comes when the fact behind it is durable.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Why the engine did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The rules say no: a stable code and a sentence to act on.
    #[error("{sentence}")]
    Refused {
        /// The stable code.
        code: String,
        /// One sentence.
        sentence: String,
    },
    /// It could not: the log is not writable, or the engine is stopping.
    #[error("{0}")]
    Unavailable(String),
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its address, normalised by [`crate::accounts::normal_email`].
    pub email: String,
    /// The name to show.
    pub name: Name,
    /// Whether it may administer this server.
    pub administrator: bool,
}

/// An account to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Normalised address.
    pub email: String,
    /// The name to show.
    pub name: Name,
    /// Whether it may administer this server.
    pub administrator: bool,
}

/// The kinds of meeting, with the legacy numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingType {
    /// 0
    Interactive,
    /// 4
    Video,
}

impl MeetingType {
    /// The legacy number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Interactive => 0,
            Self::Video => 4,
        }
    }

    /// From the legacy number; `None` for a type that is not available.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Interactive),
            4 => Some(Self::Video),
            _ => None,
        }
    }
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
    /// Whether those without password or invitation wait in the lobby.
    pub lobby: bool,
}

/// Whether a meeting is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingState {
    /// No session is open and the meeting can be opened.
    NotStarted,
    /// This session is open.
    Open(SessionNumber),
    /// It is over for good.
    Ended,
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
    /// Whether it is going on.
    pub state: MeetingState,
}

/// How a secret became exposed on its way here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// In the address of a GET.
    InAddress,
    /// Over plain HTTP from another machine.
    PlainHttp,
}

/// What the site's log is told about doors and secrets. No secret and no typed address of an
/// unknown account is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditFact {
    /// Somebody signed in.
    SignedIn {
        /// Who.
        account: AccountId,
        /// From where.
        from: IpAddr,
    },
    /// Somebody failed to.
    SignInFailed {
        /// The account that was tried, if there is one.
        account: Option<AccountId>,
        /// From where.
        from: IpAddr,
    },
    /// Somebody signed out.
    SignedOut {
        /// Who.
        account: AccountId,
    },
    /// An account's password was set; the number counts its versions.
    PasswordSet {
        /// Whose.
        account: AccountId,
        /// Which version of it.
        version: u32,
    },
    /// A password arrived where others may have read it.
    CredentialExposed {
        /// How.
        how: Exposure,
        /// The account it belongs to, if one was named and exists.
        account: Option<AccountId>,
        /// The meeting it belongs to, if one was named and exists.
        meeting: Option<MeetingId>,
        /// From where it came.
        from: IpAddr,
    },
}

/// The engine, as seen from the doors. Every answer waits until what it rests on is durable.
pub trait Engine: Send + Sync {
    /// Adds an account. Refused `account_exists` when the address is taken.
    fn add_account(&self, new: NewAccount) -> Answer<'_, AccountId>;
    /// The account of a normalised address.
    fn account_by_email<'a>(&'a self, email: &'a str) -> Answer<'a, Option<Account>>;
    /// The account of a number.
    fn account(&self, id: AccountId) -> Answer<'_, Option<Account>>;
    /// Whether anybody may administer this server.
    fn has_administrator(&self) -> Answer<'_, bool>;
    /// Creates a meeting under a number that was free.
    fn create_meeting(&self, new: NewMeeting) -> Answer<'_, MeetingId>;
    /// A meeting by number.
    fn meeting(&self, id: MeetingId) -> Answer<'_, Option<Meeting>>;
    /// An account's meetings, newest first.
    fn meetings_of(&self, owner: AccountId) -> Answer<'_, Vec<Meeting>>;
    /// The open session of a meeting, opened if none is.
    fn open_session(&self, meeting: MeetingId, by: AccountId) -> Answer<'_, SessionNumber>;
    /// Records an audit fact.
    fn record(&self, fact: AuditFact) -> Answer<'_, ()>;
    /// Copies the log to a folder while it is in use.
    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, ()>;
    /// Whether the log takes writes, for `/readyz`.
    fn writable(&self) -> bool;
    /// Whether everything derived from the log has caught up with it, for `/readyz`.
    fn caught_up(&self) -> bool;
}
