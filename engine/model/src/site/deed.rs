//! Deeds: what administrators did in the console, from where and why. Each is a fact beside the
//! facts it brought about, so that one look over them says who ran this server and how.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, GroupId, MeetingId};
use crate::policy::Value;
use crate::text::{Address, Sentence};

macro_rules! acts {
    ($($(#[$doc:meta])+ $name:ident $word:literal $reason:literal)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize)]
        pub enum Act {
            $($(#[$doc])+ #[serde(rename = $word)] $name,)*
        }

        impl Act {
            /// Every act there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its word, in records and for programs.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whether it takes something from somebody, or shows what others said: then there is
            /// a reason.
            #[must_use]
            pub fn needs_reason(self) -> bool {
                match self { $(Self::$name => $reason,)* }
            }
        }
    };
}

acts! {
    /// Looked who is in a meeting.
    LookAtMeeting "meeting.look" false
    /// Locked a meeting, or unlocked it.
    LockMeeting "meeting.lock" false
    /// Ended a meeting for everybody.
    EndMeeting "meeting.end" true
    /// Said something to everybody in a meeting.
    TellMeeting "meeting.message" false
    /// Called a meeting off.
    CancelMeeting "meeting.cancel" true
    /// Took that back.
    RestoreMeeting "meeting.restore" false
    /// Gave a meeting to another host.
    TransferMeeting "meeting.transfer" true
    /// Added an account.
    AddAccount "account.add" false
    /// Changed an account's name, address or time zone.
    ChangeAccount "account.change" false
    /// Changed what an account may do, or the groups it is in.
    SetPrivileges "account.privileges" true
    /// Switched an account off.
    DisableAccount "account.disable" true
    /// Switched an account on.
    EnableAccount "account.enable" false
    /// Made a link to set a new password.
    MakeLink "account.link" false
    /// Ended an account's sign-ins.
    EndSignIns "account.end_sign_ins" true
    /// Turned an account's codes off.
    TurnCodesOff "account.codes_off" true
    /// Added a group.
    AddGroup "group.add" false
    /// Changed a group's name, or what its accounts may do.
    ChangeGroup "group.change" true
    /// Removed a group.
    RemoveGroup "group.remove" true
    /// Changed a part of the settings.
    ChangeSettings "settings.change" false
    /// Set the integration code, or took it away.
    SetIntegrationCode "settings.integration_code" true
    /// Tried whether somebody outside answers, and whether a person is let in.
    TrySignIn "integration.try" false
    /// Set a connection to another server, or changed it.
    SetConnection "connection.set" true
    /// Took a connection away.
    RemoveConnection "connection.remove" true
    /// Brought an earlier version of the policies back.
    RollBack "policy.rollback" true
    /// Read what scripts decided, of whom and on what evidence.
    ReadDecisions "policy.read" false
    /// Read a report.
    ReadReport "report.read" false
    /// Took a report out as a file.
    ExportReport "report.export" true
}

/// What it was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The server as a whole.
    Site,
    /// An account.
    Account(AccountId),
    /// A group.
    Group(GroupId),
    /// A meeting.
    Meeting(MeetingId),
}

/// A deed. Who did it is the record's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What was done.
    pub act: Act,
    /// To what.
    pub on: Subject,
    /// How it was, as far as the deed changed it.
    #[serde(default)]
    pub before: Value,
    /// How it is.
    #[serde(default)]
    pub after: Value,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sentence>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// The sign-in it was done from, by its name; `key N` when a program did it with key N.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stable_and_name_one_act_each() {
        let mut words: Vec<_> = Act::ALL.iter().map(|act| act.word()).collect();
        let plain = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
        assert!(words.iter().all(|word| word.chars().all(plain)));
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Act::ALL.len());
    }
}
