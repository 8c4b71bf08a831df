//! A server whose log is not whole: it runs and says so, takes nothing and shows nothing, until
//! somebody has brought the missing files back or accepted the loss.

use std::path::Path;
use std::sync::Arc;

use convoke_journal::Quarantine as Found;
use convoke_journal::segments::Reason;
use convoke_model::meeting::life;
use convoke_model::site::accounts::{Email, External};
use convoke_model::site::groups::Group;
use convoke_model::site::keys::ApiKey;
use convoke_model::site::settings::Settings;
use convoke_model::{
    AccountId, Actor, ApiKeyId, GroupId, MeetingId, Position, SessionNumber, site,
};
use tokio::sync::watch;

use crate::backend::Backend;
use crate::control::{Account, Answer, Engine, EngineError, Meeting, NewAccount, NewMeeting};
use crate::http::{Handover, UpgradedSocket};

/// What to do about it, for whoever runs the server.
const ADVICE: &str = "Nothing was changed. Stop the server and put the missing files back from a \
                      backup, or accept the loss with `convoke recover --accept-loss`; then start \
                      it again.";

/// Why nothing is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// What is missing, for everybody who asks: places in the log, and no meeting's number, which
    /// would be an invitation to try it.
    pub missing: String,
    /// What is missing of which stream, and what to do: for the operator's eyes.
    pub why: String,
}

impl Quarantine {
    fn of(reason: &Reason) -> Self {
        Self { missing: missing(reason), why: format!("The log is not whole: {reason}\n{ADVICE}") }
    }
}

fn missing(reason: &Reason) -> String {
    match reason {
        Reason::Missing { by, size, known, .. } => {
            let first = size + 1;
            format!("entries {first} to {known} of the log, of which the {by} knows")
        }
        Reason::Damaged { damage, .. } => {
            let place = format!("{} at byte {}: {}", damage.file, damage.offset, damage.what);
            match damage.places {
                Some((first, last)) => {
                    format!("entries {} to {} of the log ({place})", first + 1, last + 1)
                }
                None => format!("an entry of the log ({place})"),
            }
        }
        Reason::WitnessLost => {
            "the head witness, which says how far the log reached (log/witness)".to_owned()
        }
    }
}

/// What stands behind the doors of such a server. The log stays locked until it stops, so that
/// nobody mends it under its feet.
pub fn backend(found: Found) -> Backend {
    let quarantine = Quarantine::of(found.reason());
    tracing::error!(why = quarantine.why, "in quarantine");
    let (alarm, failed) = watch::channel(None);
    let engine = Arc::new(Nothing { why: quarantine.why.clone() });
    let stop = Box::new(move || drop((found, alarm)));
    let (handover, quarantine) = (Arc::new(NoMeetings), Some(quarantine));
    Backend { engine, handover, failed, stop, quarantine, policies: None, known: None }
}

/// Hangs up: there is no meeting to be in.
struct NoMeetings;

impl Handover for NoMeetings {
    fn accept(&self, socket: UpgradedSocket) {
        drop(socket);
    }
}

/// An engine that does nothing and says why.
struct Nothing {
    why: String,
}

impl Nothing {
    fn no<T: Send + 'static>(&self) -> Answer<'_, T> {
        let why = self.why.clone();
        Box::pin(async move { Err(EngineError::Unavailable(why)) })
    }
}

impl Engine for Nothing {
    fn add_account(&self, _: NewAccount) -> Answer<'_, AccountId> {
        self.no()
    }

    fn account_by_email<'a>(&'a self, _: &'a Email) -> Answer<'a, Option<Account>> {
        self.no()
    }

    fn account(&self, _: AccountId) -> Answer<'_, Option<Account>> {
        self.no()
    }

    fn account_by_external<'a>(&'a self, _: &'a External) -> Answer<'a, Option<Account>> {
        self.no()
    }

    fn accounts(&self) -> Answer<'_, Vec<Account>> {
        self.no()
    }

    fn groups(&self) -> Answer<'_, Vec<(GroupId, Group)>> {
        self.no()
    }

    fn has_administrator(&self) -> Answer<'_, bool> {
        self.no()
    }

    fn create_meeting(&self, _: NewMeeting) -> Answer<'_, MeetingId> {
        self.no()
    }

    fn meeting(&self, _: MeetingId) -> Answer<'_, Option<Meeting>> {
        self.no()
    }

    fn meetings_of(&self, _: AccountId) -> Answer<'_, Vec<Meeting>> {
        self.no()
    }

    fn all_meetings(&self) -> Answer<'_, Vec<Meeting>> {
        self.no()
    }

    fn change_meeting(&self, _: MeetingId, _: Actor, _: life::Command) -> Answer<'_, Position> {
        self.no()
    }

    fn settings(&self) -> Answer<'_, Settings> {
        self.no()
    }

    fn open_session(&self, _: MeetingId, _: AccountId) -> Answer<'_, SessionNumber> {
        self.no()
    }

    fn wish(&self, _: Actor, _: site::Command) -> Answer<'_, u32> {
        self.no()
    }

    fn wish_placed(&self, _: Actor, _: site::Command) -> Answer<'_, (u32, Position)> {
        self.no()
    }

    fn api_keys(&self) -> Answer<'_, Vec<(ApiKeyId, ApiKey)>> {
        self.no()
    }

    fn api_key(&self, _: ApiKeyId) -> Answer<'_, Option<ApiKey>> {
        self.no()
    }

    fn backup<'a>(&'a self, _: &'a Path) -> Answer<'a, ()> {
        self.no()
    }

    fn writable(&self) -> bool {
        false
    }

    fn caught_up(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_journal::Damage;
    use convoke_journal::segments::StreamLoss;
    use convoke_model::StreamId;

    #[test]
    fn the_range_is_told_to_everybody_and_meetings_to_the_operator_alone() {
        let stream = StreamId { meeting: 88_137_455, session: 1 };
        let streams = vec![StreamLoss { stream, from: 4, to: 9 }];
        let short = Reason::Missing { by: "head witness", size: 12, known: 18, streams };
        let told = Quarantine::of(&short);
        assert_eq!(told.missing, "entries 13 to 18 of the log, of which the head witness knows");
        assert!(told.why.contains("seq 4 to 9") && told.why.contains("recover --accept-loss"));
        let damage = Damage {
            stream: None,
            seqs: None,
            places: Some((12, 17)),
            file: "log/1.seg".to_owned(),
            offset: 4096,
            what: "no block",
        };
        let damaged = Reason::Damaged { damage, streams: Vec::new() };
        let told = Quarantine::of(&damaged);
        assert_eq!(told.missing, "entries 13 to 18 of the log (log/1.seg at byte 4096: no block)");
        assert!(Quarantine::of(&Reason::WitnessLost).missing.contains("head witness"));
    }
}
