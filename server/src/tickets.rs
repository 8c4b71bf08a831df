//! Tickets: single-use rights to enter, held in memory, gone after a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use convoke_model::grant::Role;
use convoke_model::policy::Credential;
use convoke_model::text::Name;
use convoke_model::{AccountId, MeetingId};
use sha2::{Digest, Sha256};

use crate::entropy;

/// How long a ticket waits to be used.
pub const TICKET_LIFE: Duration = Duration::from_secs(60);
/// Tickets waiting at once.
const TICKETS_MAX: usize = 65_536;

/// What a ticket says about its bearer. The bearer can change nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The meeting to enter.
    pub meeting: MeetingId,
    /// As what.
    pub role: Role,
    /// What was shown at the door.
    pub credential: Credential,
    /// The name to show.
    pub name: Name,
    /// The account, for somebody who signed in.
    pub account: Option<AccountId>,
    /// Whether a host has to let this person in, for want of password and invitation.
    pub lobby: bool,
    /// A number for the browser or device, 0 when unknown: who was removed may not come back with
    /// it.
    pub family: u64,
    /// Where the ticket was asked for.
    pub from: IpAddr,
}

struct Waiting {
    until: Duration,
    admission: Admission,
}

/// All tickets that wait to be used. Only hashes of them are kept.
#[derive(Default)]
pub struct Tickets {
    waiting: Mutex<HashMap<[u8; 32], Waiting>>,
}

impl Tickets {
    /// Issues a ticket: 128 random bits as base64url. `None` when too many wait.
    pub fn issue(&self, admission: Admission, now: Duration) -> Option<String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if waiting.len() >= TICKETS_MAX {
            waiting.retain(|_, ticket| ticket.until > now);
            if waiting.len() >= TICKETS_MAX {
                return None;
            }
        }
        let ticket = entropy::token::<16>();
        waiting.insert(hash(&ticket), Waiting { until: now + TICKET_LIFE, admission });
        Some(ticket)
    }

    /// The meeting that a waiting ticket is for; the ticket stays good.
    pub fn meeting_of(&self, ticket: &str, now: Duration) -> Option<MeetingId> {
        let waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ticket = waiting.get(&hash(ticket))?;
        (ticket.until > now).then_some(ticket.admission.meeting)
    }

    /// Uses a ticket up. `None` when it was never issued, was used, or is too old.
    ///
    /// A lookup by hash: how long it takes says nothing about tickets that exist.
    pub fn redeem(&self, ticket: &str, now: Duration) -> Option<Admission> {
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ticket = waiting.remove(&hash(ticket))?;
        (ticket.until > now).then_some(ticket.admission)
    }
}

fn hash(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Admission {
        Admission {
            meeting: MeetingId::new(88_137_455).expect("a meeting id"),
            role: Role::Attendee,
            credential: Credential::Password,
            name: Name::new("Ann").expect("a name"),
            account: None,
            lobby: false,
            family: 0,
            from: IpAddr::from([127, 0, 0, 1]),
        }
    }

    #[test]
    fn a_ticket_works_once_and_for_a_minute() {
        let tickets = Tickets::default();
        let at = Duration::from_secs;
        let first = tickets.issue(admission(), at(0)).expect("issued");
        assert_eq!(tickets.redeem(&first, at(59)), Some(admission()));
        assert_eq!(tickets.redeem(&first, at(59)), None, "used");
        let late = tickets.issue(admission(), at(0)).expect("issued");
        assert_eq!(tickets.redeem(&late, at(60)), None, "too old");
        assert_eq!(tickets.redeem("AAAAAAAAAAAAAAAAAAAAAA", at(0)), None);
    }

    #[test]
    fn the_number_of_waiting_tickets_is_bounded() {
        let tickets = Tickets::default();
        for _ in 0..TICKETS_MAX {
            assert!(tickets.issue(admission(), Duration::ZERO).is_some());
        }
        assert!(tickets.issue(admission(), Duration::ZERO).is_none());
        assert!(tickets.issue(admission(), TICKET_LIFE).is_some(), "old ones make room");
    }
}
