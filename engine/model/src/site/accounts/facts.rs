//! Wishes and facts about accounts. Never the secret itself: only that it is there or changed.

use serde::{Deserialize, Serialize};

use super::Email;
use crate::id::{AccountId, GroupId};
use crate::privilege::Privileges;
use crate::text::{Address, ForeignId, Name, Source, Zone};

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The sign-in page.
    Page,
    /// A legacy URL.
    Legacy,
    /// The one-time set-up link.
    Setup,
}

/// What was shown after the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Second {
    /// A code of an authenticator app.
    Code,
    /// A recovery code, used up by it.
    RecoveryCode,
}

/// Who somebody is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct External {
    /// The name of the place that knows them.
    pub source: Source,
    /// What they are known by there.
    pub id: ForeignId,
}

/// What another place says of somebody at each sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Who it is there.
    pub external: External,
    /// The e-mail address.
    pub email: Email,
    /// What the person is called.
    pub name: Name,
    /// What the policy lets them do.
    pub privileges: Privileges,
    /// The time zone, when it is known there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make an account; its password comes into the vault next.
    Add {
        /// What it signs in with.
        email: Email,
        /// What its person is called.
        name: Name,
        /// Whether it may administer the server.
        administrator: bool,
        /// Whether it is meant as the very first administrator.
        first: bool,
    },
    /// Make or refresh the account of somebody whom another place knows.
    Know(Profile),
    /// Its password was replaced in the vault.
    ChangePassword {
        /// Whose.
        account: AccountId,
    },
    /// Somebody signed in.
    SignIn {
        /// Who.
        account: AccountId,
        /// How.
        via: Via,
        /// From where.
        from: Option<Address>,
        /// What was shown after the password.
        second: Option<Second>,
    },
    /// Somebody failed to sign in to an account.
    FailSignIn {
        /// The account, when there is one of that name.
        account: Option<AccountId>,
        /// How.
        via: Via,
        /// From where.
        from: Option<Address>,
    },
    /// Change what a person is called.
    Rename {
        /// Whose.
        account: AccountId,
        /// To what.
        name: Name,
    },
    /// Change what an account signs in with.
    Readdress {
        /// Whose.
        account: AccountId,
        /// To what.
        email: Email,
    },
    /// Change or clear a time zone.
    SetZone {
        /// Whose.
        account: AccountId,
        /// To what.
        zone: Option<Zone>,
    },
    /// Change an account's own privileges.
    SetPrivileges {
        /// Whose.
        account: AccountId,
        /// To what.
        privileges: Privileges,
    },
    /// Change which groups an account is in.
    SetGroups {
        /// Whose.
        account: AccountId,
        /// To which.
        groups: Vec<GroupId>,
    },
    /// Switch an account off.
    Disable {
        /// Which.
        account: AccountId,
    },
    /// Switch it on again.
    Enable {
        /// Which.
        account: AccountId,
    },
    /// Its codes were confirmed: from here on it signs in with both.
    TurnCodesOn {
        /// Whose.
        account: AccountId,
    },
    /// A password is enough from here on.
    TurnCodesOff {
        /// Whose.
        account: AccountId,
    },
    /// A link to set a new password was made.
    IssueReset {
        /// Whose.
        account: AccountId,
    },
    /// Sign-ins of an account were ended by somebody.
    EndSignIns {
        /// Whose.
        account: AccountId,
        /// How many.
        count: u32,
    },
}

/// Facts. Facts of changes say what was there before, where an answer to "who could then do what"
/// needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An account exists, with everyday privileges.
    Added {
        /// Its number.
        account: AccountId,
        /// What it signs in with.
        email: Email,
        /// What its person is called.
        name: Name,
        /// Whether it may administer the server.
        administrator: bool,
    },
    /// Its password was replaced.
    PasswordChanged {
        /// Whose.
        account: AccountId,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        account: AccountId,
        /// How.
        via: Via,
        /// From where; older records do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Address>,
        /// What was shown after the password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<Second>,
    },
    /// Somebody failed to sign in.
    SignInFailed {
        /// The account, when there is one of that name.
        account: Option<AccountId>,
        /// How.
        via: Via,
        /// From where; older records do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Address>,
    },
    /// Somebody whom another place knows has an account here. It has no password here.
    Known {
        /// Its number.
        account: AccountId,
        /// What the other place said.
        profile: Profile,
    },
    /// A person is called something else.
    Renamed {
        /// Whose.
        account: AccountId,
        /// What it is now.
        name: Name,
    },
    /// An account signs in with something else.
    Readdressed {
        /// Whose.
        account: AccountId,
        /// What it is now.
        email: Email,
    },
    /// A time zone was chosen or cleared.
    ZoneSet {
        /// Whose.
        account: AccountId,
        /// What it is now.
        zone: Option<Zone>,
    },
    /// An account's own privileges changed.
    PrivilegesSet {
        /// Whose.
        account: AccountId,
        /// What they were.
        before: Privileges,
        /// What they are now.
        privileges: Privileges,
    },
    /// An account is in other groups.
    GroupsSet {
        /// Whose.
        account: AccountId,
        /// Which they were.
        before: Vec<GroupId>,
        /// Which they are now.
        groups: Vec<GroupId>,
    },
    /// An account was switched off.
    Disabled {
        /// Which.
        account: AccountId,
    },
    /// An account was switched on again.
    Enabled {
        /// Which.
        account: AccountId,
    },
    /// An account asks for codes from here on.
    CodesTurnedOn {
        /// Whose.
        account: AccountId,
    },
    /// An account asks for no codes any more.
    CodesTurnedOff {
        /// Whose.
        account: AccountId,
    },
    /// A link to set a new password was made.
    ResetIssued {
        /// Whose.
        account: AccountId,
    },
    /// Sign-ins of an account were ended by somebody.
    SignInsEnded {
        /// Whose.
        account: AccountId,
        /// How many.
        count: u32,
    },
}
