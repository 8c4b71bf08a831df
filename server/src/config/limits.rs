//! How much of what: joins, signing in, chat, people of a meeting, the disk, connections.

use convoke_journal::watermark::Watermarks;
use serde::{Deserialize, Serialize};

/// How joining is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinLimits {
    /// Joins of one address in a minute, successful or not.
    pub per_minute: u32,
    /// Joins of one address at once.
    pub burst: u32,
    /// Failed joins of one address in a minute.
    pub failures_per_minute: u32,
    /// Failed joins of one address at once.
    pub failures_burst: u32,
    /// Failed joins of everybody in a second, before addresses that failed before have to wait.
    pub failures_per_second_total: u32,
    /// Wrong passwords for one meeting number within the window, before passwords are not looked
    /// at.
    pub wrong_passwords_max: u32,
    /// That window, in seconds.
    pub wrong_passwords_window_s: u32,
}

impl Default for JoinLimits {
    fn default() -> Self {
        Self {
            per_minute: 600,
            burst: 600,
            failures_per_minute: 10,
            failures_burst: 20,
            failures_per_second_total: 5,
            wrong_passwords_max: 5,
            wrong_passwords_window_s: 900,
        }
    }
}

/// How signing in is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInLimits {
    /// Failures of one address in a minute.
    pub failures_per_minute: u32,
    /// Failures of one address at once.
    pub failures_burst: u32,
    /// Failures of one account in a row, before each further try has to wait.
    pub backoff_after: u32,
    /// The longest such wait, in seconds.
    pub backoff_max_s: u32,
    /// Passwords waiting to be checked, before `busy` is answered.
    pub queue_max: u32,
    /// Whether administrators must sign in with a code of an authenticator app. One who has none
    /// may do nothing but set it up.
    pub administrators_need_codes: bool,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            failures_per_minute: 10,
            failures_burst: 20,
            backoff_after: 5,
            backoff_max_s: 900,
            queue_max: 64,
            administrators_need_codes: false,
        }
    }
}

/// How fast one participant may chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatLimits {
    /// Messages in a second, sustained.
    pub per_second: u32,
    /// Messages at once.
    pub burst: u32,
}

impl Default for ChatLimits {
    fn default() -> Self {
        // Whatever a client may have unanswered fits: what it asks again after a lost connection is
        // not too fast.
        Self { per_second: 5, burst: 80 }
    }
}

/// How large a meeting may be, and how long its people may be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeetingLimits {
    /// People in one session at once.
    pub participants_max: u32,
    /// Whoever lost the connection may come back within this time, in seconds; then they have left.
    pub resume_s: u32,
}

impl Default for MeetingLimits {
    fn default() -> Self {
        Self { participants_max: 5000, resume_s: 60 }
    }
}

/// How much of the disk is left free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskMarks {
    /// Below this share free (percent) the operator is warned.
    pub low_percent: u8,
    /// Below this share free (percent) no session is opened and no media recorded.
    pub very_low_percent: u8,
    /// The same below this many MiB, whatever the share.
    pub very_low_mib: u32,
    /// Below this many MiB no new fact is taken: meetings can be watched only.
    pub full_mib: u32,
}

impl Default for DiskMarks {
    fn default() -> Self {
        Self { low_percent: 15, very_low_percent: 5, very_low_mib: 1024, full_mib: 512 }
    }
}

impl From<DiskMarks> for Watermarks {
    fn from(marks: DiskMarks) -> Self {
        let DiskMarks { low_percent, very_low_percent, very_low_mib, full_mib } = marks;
        Self {
            low_percent: low_percent.into(),
            very_low_percent: very_low_percent.into(),
            very_low_bytes: u64::from(very_low_mib) << 20,
            full_bytes: u64::from(full_mib) << 20,
        }
    }
}

/// How many connections are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionLimits {
    /// Connections of one address that have not redeemed a ticket.
    pub unadmitted_per_address_max: u32,
    /// Connections of one address that have.
    pub admitted_per_address_max: u32,
    /// Connections of everybody; 0 means what the operating system allows, less 256.
    pub total_max: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { unadmitted_per_address_max: 50, admitted_per_address_max: 5000, total_max: 0 }
    }
}
