//! `authenticate`: who is this, and what may they do? The secret itself is never in a question: the
//! server keeps it and shows it to whom a script names.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::privilege::Privilege;
use crate::text::Sentence;

/// Somebody wants to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What was typed as the name or address.
    pub identity: String,
    /// Whether a password was given.
    pub has_secret: bool,
    /// The network address they come from.
    pub address: String,
    /// By which way they came.
    pub via: Via,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The sign-in page.
    Page,
    /// A call of the legacy product's form.
    Downloader,
    /// A program's call.
    Api,
    /// The operator's command line.
    Command,
}

impl Via {
    /// The word for it in questions.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Downloader => "downloader",
            Self::Api => "api",
            Self::Command => "command",
        }
    }
}

/// Whether they may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes, this is who they are.
    Allow {
        /// What is known of the person.
        profile: Profile,
        /// What they may do.
        privileges: BTreeSet<Privilege>,
    },
    /// No.
    Deny {
        /// What the person is told.
        reason: Sentence,
    },
}

/// What a directory knows of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What the person is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address they are reached at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The telephone number they are reached at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the directory calls the person, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// An IANA name such as `Asia/Shanghai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}
