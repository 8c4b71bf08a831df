//! Privileges: what an account may do on this server, as a set.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::meeting::lifecycle::MeetingType;

/// One thing that an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// Host interactive meetings.
    InteractiveMeeting,
    /// Host webinars.
    Seminar,
    /// Help on other people's computers.
    RemoteSupport,
    /// Reach own computers.
    RemoteAccess,
    /// Send files in meetings.
    SendFile,
    /// Have chat in the meetings it hosts.
    Chat,
    /// Record the meetings it hosts.
    Record,
    /// Host video conferences.
    VideoConference,
    /// Administer the server.
    Administrator,
    /// Look over what was done on the server, and change nothing.
    Auditor,
}

impl Privilege {
    /// Every privilege there is, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::InteractiveMeeting,
        Self::Seminar,
        Self::RemoteSupport,
        Self::RemoteAccess,
        Self::SendFile,
        Self::Chat,
        Self::Record,
        Self::VideoConference,
        Self::Administrator,
        Self::Auditor,
    ];

    /// Its word in records, commands and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::InteractiveMeeting => "interactive_meeting",
            Self::Seminar => "seminar",
            Self::RemoteSupport => "remote_support",
            Self::RemoteAccess => "remote_access",
            Self::SendFile => "send_file",
            Self::Chat => "chat",
            Self::Record => "record",
            Self::VideoConference => "video_conference",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// The privilege of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|privilege| privilege.word() == word)
    }

    /// What hosting a meeting of this type asks for.
    #[must_use]
    pub fn to_host(kind: MeetingType) -> Self {
        match kind {
            MeetingType::Interactive => Self::InteractiveMeeting,
            MeetingType::RemoteSupport => Self::RemoteSupport,
            MeetingType::RemoteAccess => Self::RemoteAccess,
            MeetingType::Webinar => Self::Seminar,
            MeetingType::VideoConference => Self::VideoConference,
        }
    }

    /// Whether it is over the whole server, not for one's own meetings.
    #[must_use]
    pub fn is_over_others(self) -> bool {
        matches!(self, Self::Administrator | Self::Auditor)
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// A set of privileges. In records it is a list of words, so that a log reads without this program.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Privileges(u16);

impl Privileges {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// All but to administer and to audit: what an account has of which nothing else was said.
    pub const EVERYDAY: Self = Self((1 << (Privilege::Administrator as u16)) - 1);

    /// Whether this one is among them.
    #[must_use]
    pub fn has(self, privilege: Privilege) -> bool {
        self.0 & privilege.bit() != 0
    }

    /// These and this one.
    #[must_use]
    pub fn with(self, privilege: Privilege) -> Self {
        Self(self.0 | privilege.bit())
    }

    /// These but this one.
    #[must_use]
    pub fn without(self, privilege: Privilege) -> Self {
        Self(self.0 & !privilege.bit())
    }

    /// The sum of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL.into_iter().filter(move |&privilege| self.has(privilege))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Privilege> for Privileges {
    fn from_iter<I: IntoIterator<Item = Privilege>>(privileges: I) -> Self {
        privileges.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (at, privilege) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}", privilege.word())?;
        }
        Ok(())
    }
}

impl Serialize for Privileges {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let words: Vec<&str> = self.iter().map(Privilege::word).collect();
        words.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Privileges {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<Privilege>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_and_the_set_is_what_was_put_in() {
        for privilege in Privilege::ALL {
            assert_eq!(Privilege::from_word(privilege.word()), Some(privilege));
            let alone = Privileges::NONE.with(privilege);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [privilege]);
            assert!(alone.without(privilege).is_empty());
            assert_eq!(Privileges::EVERYDAY.has(privilege), !privilege.is_over_others());
        }
        assert_eq!(Privilege::from_word("root"), None);
        assert_eq!(Privileges::NONE.to_string(), "none");
        let both =
            Privileges::NONE.with(Privilege::Chat).and(Privileges::NONE.with(Privilege::Record));
        assert_eq!(both.to_string(), "chat, record");
    }

    #[test]
    fn every_type_of_meeting_has_a_privilege_of_its_own() {
        let asked: Privileges =
            (0..5).filter_map(MeetingType::from_number).map(Privilege::to_host).collect();
        assert_eq!(asked.iter().count(), 5);
        assert!(!asked.has(Privilege::Administrator));
    }
}
