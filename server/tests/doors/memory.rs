//! An engine that remembers and forgets at the end of the test, for the doors to talk to.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use convoke::control::{
    Account, Answer, Engine, EngineError, Meeting, MeetingState, NewAccount, NewMeeting,
};
use convoke::entropy;
use convoke_model::site::accounts::Email;
use convoke_model::{AccountId, MeetingId, Millis, Refusal, SessionNumber, site};

#[derive(Default)]
pub(crate) struct MemoryEngine {
    accounts: Mutex<Vec<Account>>,
    meetings: Mutex<Vec<Meeting>>,
    pub(crate) recorded: Mutex<Vec<site::Command>>,
    pub(crate) read_only: AtomicBool,
}

impl MemoryEngine {
    /// Ends or opens a meeting behind the doors' back.
    pub(crate) fn set_state(&self, id: MeetingId, state: MeetingState) {
        let mut meetings = self.meetings.lock().expect("not poisoned");
        for meeting in meetings.iter_mut().filter(|meeting| meeting.id == id) {
            meeting.state = state;
        }
    }

    pub(crate) fn audits(&self) -> Vec<site::Audit> {
        let recorded = self.recorded.lock().expect("not poisoned");
        let audit = |command: &site::Command| match command {
            site::Command::Audit(audit) => Some(audit.clone()),
            _ => None,
        };
        recorded.iter().filter_map(audit).collect()
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, EngineError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Engine for MemoryEngine {
    fn add_account(&self, new: NewAccount) -> Answer<'_, AccountId> {
        let mut accounts = self.accounts.lock().expect("not poisoned");
        if new.first && accounts.iter().any(|account| account.administrator) {
            return ready(Err(EngineError::Refused(Refusal::SetupDone)));
        }
        if accounts.iter().any(|account| account.email == new.email) {
            return ready(Err(EngineError::Refused(Refusal::Taken)));
        }
        let id = AccountId(u32::try_from(accounts.len()).expect("few") + 1);
        let NewAccount { email, name, administrator, first: _ } = new;
        accounts.push(Account { id, email, name, administrator });
        ready(Ok(id))
    }

    fn account_by_email<'a>(&'a self, email: &'a Email) -> Answer<'a, Option<Account>> {
        let accounts = self.accounts.lock().expect("not poisoned");
        ready(Ok(accounts.iter().find(|account| account.email == *email).cloned()))
    }

    fn account(&self, id: AccountId) -> Answer<'_, Option<Account>> {
        let accounts = self.accounts.lock().expect("not poisoned");
        ready(Ok(accounts.iter().find(|account| account.id == id).cloned()))
    }

    fn has_administrator(&self) -> Answer<'_, bool> {
        let accounts = self.accounts.lock().expect("not poisoned");
        ready(Ok(accounts.iter().any(|account| account.administrator)))
    }

    fn create_meeting(&self, new: NewMeeting) -> Answer<'_, MeetingId> {
        let id = entropy::meeting_id();
        let NewMeeting { kind, topic, owner, has_password } = new;
        let state = MeetingState::NotStarted;
        let created = Millis(1);
        let meeting = Meeting { id, kind, topic, owner, has_password, created, state };
        self.meetings.lock().expect("not poisoned").push(meeting);
        ready(Ok(id))
    }

    fn meeting(&self, id: MeetingId) -> Answer<'_, Option<Meeting>> {
        let meetings = self.meetings.lock().expect("not poisoned");
        ready(Ok(meetings.iter().find(|meeting| meeting.id == id).cloned()))
    }

    fn meetings_of(&self, owner: AccountId) -> Answer<'_, Vec<Meeting>> {
        let meetings = self.meetings.lock().expect("not poisoned");
        ready(Ok(meetings.iter().rev().filter(|m| m.owner == owner).cloned().collect()))
    }

    fn open_session(&self, meeting: MeetingId, _: AccountId) -> Answer<'_, SessionNumber> {
        self.set_state(meeting, MeetingState::Open(SessionNumber(1)));
        ready(Ok(SessionNumber(1)))
    }

    fn record(&self, wish: site::Command) -> Answer<'_, ()> {
        if self.read_only.load(Ordering::Relaxed) {
            return ready(Err(EngineError::Unavailable("the disk is full".to_owned())));
        }
        self.recorded.lock().expect("not poisoned").push(wish);
        ready(Ok(()))
    }

    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, ()> {
        let made = std::fs::create_dir_all(to).and_then(|()| std::fs::write(to.join("log"), "log"));
        ready(made.map_err(|error| EngineError::Unavailable(error.to_string())))
    }

    fn writable(&self) -> bool {
        !self.read_only.load(Ordering::Relaxed)
    }

    fn caught_up(&self) -> bool {
        true
    }
}
