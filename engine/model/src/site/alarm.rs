//! Alarms: what an operator should hear of at once.

use serde::{Deserialize, Serialize};

use crate::id::AccountId;
use crate::text::Address;

/// Something an operator should hear of at once. A fact beside the fact that raised it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// Nobody got into an account for this many tries in a row.
    ManyFailures {
        /// Whose.
        account: AccountId,
        /// How many in a row.
        failures: u32,
        /// Where the last came from.
        from: Option<Address>,
    },
    /// One address failed this often within an hour, whatever the accounts.
    ManyFailuresFrom {
        /// Which.
        from: Address,
        /// How often.
        failures: u32,
    },
    /// Somebody may administer the server who could not before.
    NewAdministrator {
        /// Who.
        account: AccountId,
    },
    /// An administrator signed in with a password of this server, where accounts are known from
    /// elsewhere: the way in for when the other place is broken.
    BreakGlass {
        /// Who.
        account: AccountId,
        /// From where.
        from: Option<Address>,
    },
}

/// Failures in a row, or of one address, that are still no alarm.
pub const FAILURES_QUIET_MAX: u32 = 30;

/// Whether this many failures raise an alarm: the first beyond the quiet ones, and then each
/// doubling, so that an attack of days is neither one line nor a million.
#[must_use]
pub fn is_alarming(failures: u32) -> bool {
    let first = FAILURES_QUIET_MAX + 1;
    failures >= first && failures.is_multiple_of(first) && (failures / first).is_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thirty_first_failure_is_an_alarm_and_then_each_doubling() {
        let loud: Vec<u32> = (0..1000).filter(|&failures| is_alarming(failures)).collect();
        assert_eq!(loud, [31, 62, 124, 248, 496, 992]);
    }
}
