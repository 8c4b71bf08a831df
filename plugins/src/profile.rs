//! Who signed in, as a directory or another server tells it.

use std::collections::{BTreeMap, BTreeSet};

use convoke_model::policy::Value;
use serde::{Deserialize, Serialize};

/// Something an account may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// Hold interactive meetings.
    InteractiveMeeting,
    /// Hold seminars and webinars.
    Seminar,
    /// Give remote support.
    RemoteSupport,
    /// Reach own computers from afar.
    RemoteAccess,
    /// Send files.
    SendFile,
    /// Chat.
    Chat,
    /// Record.
    Record,
    /// Hold video conferences.
    VideoConference,
}

impl Privilege {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::InteractiveMeeting,
        Self::Seminar,
        Self::RemoteSupport,
        Self::RemoteAccess,
        Self::SendFile,
        Self::Chat,
        Self::Record,
        Self::VideoConference,
    ];

    /// Its name in settings and scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InteractiveMeeting => "interactive_meeting",
            Self::Seminar => "seminar",
            Self::RemoteSupport => "remote_support",
            Self::RemoteAccess => "remote_access",
            Self::SendFile => "send_file",
            Self::Chat => "chat",
            Self::Record => "record",
            Self::VideoConference => "video_conference",
        }
    }
}

/// What is known of somebody who signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// What the other side calls this person.
    pub user_id: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Whether this server may be administered; only ever true when the settings allow it.
    pub administrator: bool,
    /// What they may do.
    pub privileges: BTreeSet<Privilege>,
    /// The groups they are in, as the directory names them.
    pub groups: Vec<String>,
    /// Whatever else was told.
    pub others: BTreeMap<String, String>,
}

impl From<&Profile> for Value {
    fn from(profile: &Profile) -> Self {
        let Profile {
            first_name,
            last_name,
            phone,
            email,
            user_id,
            time_zone,
            administrator,
            privileges,
            groups,
            others,
        } = profile;
        let others = others.iter().map(|(name, text)| (name.clone(), text.as_str().into()));
        Self::map([
            ("first_name", first_name.clone().into()),
            ("last_name", last_name.clone().into()),
            ("phone", phone.clone().into()),
            ("email", email.clone().into()),
            ("user_id", user_id.clone().into()),
            ("time_zone", time_zone.clone().into()),
            ("administrator", (*administrator).into()),
            ("privileges", Self::List(privileges.iter().map(|p| p.name().into()).collect())),
            ("groups", Self::List(groups.iter().map(|group| group.as_str().into()).collect())),
            ("others", Self::Map(others.collect())),
        ])
    }
}
