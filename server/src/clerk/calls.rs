//! What commands ask about accounts, groups and API keys.

use serde::{Deserialize, Serialize};

/// A wish about accounts.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AccountCall {
    /// `convoke account list`
    List {},
    /// `convoke account show`
    Show {
        /// Whose.
        email: String,
    },
    /// `convoke account disable`
    Disable {
        /// Whose.
        email: String,
    },
    /// `convoke account enable`
    Enable {
        /// Whose.
        email: String,
    },
    /// `convoke account reset`
    Reset {
        /// Whose.
        email: String,
    },
    /// `convoke account totp-off`
    TotpOff {
        /// Whose.
        email: String,
    },
    /// `convoke account set`
    Set {
        /// Whose.
        email: String,
        /// To what.
        change: AccountChange,
    },
}

/// What of an account is changed; what is not given stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountChange {
    /// What it signs in with.
    pub email: Option<String>,
    /// What its person is called.
    pub name: Option<String>,
    /// Its time zone; empty for none.
    pub time_zone: Option<String>,
    /// Its own privileges, by their words.
    pub privileges: Option<Vec<String>>,
    /// The groups it is in, by name.
    pub groups: Option<Vec<String>>,
}

/// A wish about groups.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum GroupCall {
    /// `convoke group list`
    List {},
    /// `convoke group add`
    Add {
        /// What it is called.
        name: String,
        /// What its accounts may do, by words.
        privileges: Vec<String>,
    },
    /// `convoke group set`
    Set {
        /// Which.
        name: String,
        /// What it is called from here on.
        rename: Option<String>,
        /// What its accounts may do, by words.
        privileges: Option<Vec<String>>,
    },
    /// `convoke group remove`
    Remove {
        /// Which.
        name: String,
    },
}

/// A wish about API keys.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum KeyCall {
    /// `convoke key list`
    List {
        /// Only those of this account.
        email: Option<String>,
    },
    /// `convoke key make`
    Make {
        /// For which account it acts.
        email: String,
        /// What it is called.
        name: String,
        /// What it is good for, by their words.
        scopes: Vec<String>,
        /// Until when; nothing for as long as nobody revokes it.
        expires_ms: Option<u64>,
    },
    /// `convoke key revoke`
    Revoke {
        /// Which.
        number: u32,
    },
}
