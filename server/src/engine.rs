//! The engine behind the doors: the control plane's calls as wishes to the cores, its questions as
//! looks into the directory.

mod asking;

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use convoke_engine::directory::{Carried, OpenSession};
use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Answer as Granted, Directory, Wish};
use convoke_journal::LogReader;
use convoke_model::meeting::{
    self,
    life::{self, Creation},
};
use convoke_model::policy::{Decided, Hook, Question, record};
use convoke_model::site::accounts::{Accounts as Known, Command as Accounts, Email, External};
use convoke_model::site::connections::Connections;
use convoke_model::site::groups::Group;
use convoke_model::site::keys::{ApiKey, Keys};
use convoke_model::site::rooms;
use convoke_model::site::settings::Settings;
use convoke_model::site::webhooks::{Webhook, Webhooks};
use convoke_model::{
    AccountId, Actor, ApiKeyId, ClientId, GroupId, MeetingId, Millis, Position, Refusal,
    SessionNumber, WebhookId, site,
};
use convoke_plugins::rhai::{Policies, Secret};
use tokio::sync::watch;

use crate::control::{
    Account, Answer, Engine, EngineError, Meeting, MeetingState, NewAccount, NewMeeting, Tally,
    is_ahead,
};
use crate::entropy;
use crate::events::EventLog;
use crate::request;
use crate::space::Space;
use crate::telephone::Telephone;
use crate::worker::{Cores, ask_record};

use asking::requested;
pub(crate) use asking::wish;

/// Meeting numbers drawn before the site is taken to be full.
const DRAWS_MAX: u32 = 1000;

/// The index follows within a second; one that is this far behind does not follow.
const INDEX_LAG_MAX: Duration = Duration::from_secs(10);

/// Makes a copy of the log while it is in use.
pub trait Backup: Send + Sync {
    /// Copies the log to a folder: the entries copied.
    ///
    /// # Errors
    /// What went wrong, as a sentence.
    fn backup(&self, to: &Path) -> Result<u64, String>;
}

/// The cores and the directory, as the control plane uses them.
pub struct LiveEngine {
    /// Where wishes go.
    pub cores: Arc<Cores>,
    /// Where questions are answered.
    pub directory: Arc<Directory>,
    /// The built-in rules, where no script is asked.
    pub policies: Recorded<Builtin>,
    /// Scripts.
    pub scripts: Option<Arc<Policies>>,
    /// People in one session at once.
    pub participants_max: u32,
    /// Copies the log.
    pub backup: Arc<dyn Backup>,
    /// Says why, once the log cannot be written.
    pub failed: watch::Receiver<Option<String>>,
    /// How full the disk is.
    pub space: Arc<Space>,
    /// Reads the log, and knows how far its index is behind.
    pub log: Arc<dyn LogReader>,
    /// The log as events.
    pub events: Arc<EventLog>,
    /// Access codes and callers.
    pub telephone: Telephone,
}

impl LiveEngine {
    async fn put(
        &self,
        meeting: Option<MeetingId>,
        by: Actor,
        wish: Wish,
    ) -> Result<Granted, EngineError> {
        // What the server adds of its own says nothing about whether a call was done.
        let request = match (by, &wish) {
            (Actor::Number(_), _) | (_, Wish::Session(..)) => request::current(),
            (Actor::Server, _) => None,
        };
        requested(&self.cores, meeting, by, request, wish).await
    }

    /// What the `record` hook says: a script where one is set, else the built-in rule, at once.
    async fn ask_record(&self, meeting: MeetingId) -> Decided {
        let scripts = self.scripts.as_ref().filter(|scripts| scripts.is_set(Hook::Record));
        let Some(scripts) = scripts else { return ask_record(&self.policies, meeting) };
        let info = self.directory.meeting(meeting);
        let around = info.map(|info| record::Around {
            topic: info.details.topic.as_str().to_owned(),
            kind: info.details.kind,
            host: self
                .directory
                .account(info.details.owner)
                .map(|account| account.email.as_str().to_owned()),
        });
        let question = Question::Record(record::Question { meeting, around });
        scripts.decide(question, Secret::none()).await
    }

    /// A meeting is there with or without a code; one that lacks it gets it with the next change.
    async fn give_code(&self, meeting: MeetingId) {
        if let Err(error) = self.telephone.give_code(meeting).await {
            tracing::warn!(%meeting, %error, "a meeting has no access code");
        }
    }

    fn has_space(&self) -> Result<(), EngineError> {
        if self.space.is_very_low() {
            return Err(EngineError::Refused(Refusal::ReadOnly));
        }
        Ok(())
    }

    /// New facts need room; what is left when the disk is full is for those under way.
    fn takes_facts(&self) -> Result<(), EngineError> {
        if self.space.is_full() {
            return Err(EngineError::Refused(Refusal::ReadOnly));
        }
        Ok(())
    }

    fn known(&self, find: impl FnOnce(&Known) -> Option<AccountId>) -> Option<Account> {
        self.directory.accounts(|all| {
            let id = find(all)?;
            all.get(id).map(|account| Account::of(id, account, all))
        })
    }
}

impl Engine for LiveEngine {
    fn add_account(&self, new: NewAccount) -> Answer<'_, AccountId> {
        Box::pin(async move {
            self.takes_facts()?;
            let NewAccount { email, name, administrator, first } = new;
            let add = Accounts::Add { email, name, administrator, first };
            let wish = Wish::Site(site::Command::Accounts(add));
            let granted = self.put(None, Actor::Server, wish).await?;
            Ok(AccountId(granted.made))
        })
    }

    fn account_by_email<'a>(&'a self, email: &'a Email) -> Answer<'a, Option<Account>> {
        Box::pin(async move { Ok(self.known(|all| all.by_email(email))) })
    }

    fn account(&self, id: AccountId) -> Answer<'_, Option<Account>> {
        Box::pin(async move { Ok(self.known(|_| Some(id))) })
    }

    fn account_by_external<'a>(&'a self, external: &'a External) -> Answer<'a, Option<Account>> {
        Box::pin(async move { Ok(self.known(|all| all.by_external(external))) })
    }

    fn accounts(&self) -> Answer<'_, Vec<Account>> {
        Box::pin(async {
            Ok(self.directory.accounts(|all| {
                all.iter().map(|(id, account)| Account::of(id, account, all)).collect()
            }))
        })
    }

    fn accounts_after(
        &self,
        last: Option<AccountId>,
        count_max: usize,
    ) -> Answer<'_, Vec<Account>> {
        Box::pin(async move {
            Ok(self.directory.accounts(|all| {
                let behind = all.behind(last).take(count_max);
                behind.map(|(id, account)| Account::of(id, account, all)).collect()
            }))
        })
    }

    fn groups(&self) -> Answer<'_, Vec<(GroupId, Group)>> {
        Box::pin(async {
            let groups = |all: &Known| -> Vec<_> {
                all.groups().iter().map(|(id, group)| (id, group.clone())).collect()
            };
            Ok(self.directory.accounts(groups))
        })
    }

    fn has_administrator(&self) -> Answer<'_, bool> {
        Box::pin(async { Ok(self.directory.accounts(|accounts| accounts.has_administrator())) })
    }

    fn create_meeting(&self, new: NewMeeting) -> Answer<'_, MeetingId> {
        Box::pin(async move {
            self.has_space()?;
            let NewMeeting { kind, topic, owner, has_password, plan } = new;
            for _ in 0..DRAWS_MAX {
                let meeting = entropy::meeting_id();
                if self.directory.has_meeting(meeting) {
                    continue;
                }
                let (topic, plan) = (topic.clone(), plan.clone());
                let creation = Creation { meeting, owner, kind, topic, has_password, plan };
                let wish = Wish::Create(Box::new(creation));
                match self.put(Some(meeting), owner.into(), wish).await {
                    Ok(_) => {
                        self.give_code(meeting).await;
                        return Ok(meeting);
                    }
                    Err(EngineError::Refused(Refusal::Taken)) => {}
                    Err(error) => return Err(error),
                }
            }
            Err(EngineError::Unavailable("no meeting number is free".into()))
        })
    }

    fn meeting(&self, id: MeetingId) -> Answer<'_, Option<Meeting>> {
        Box::pin(async move { Ok(self.directory.meeting(id).map(seen)) })
    }

    fn meetings_of(&self, owner: AccountId) -> Answer<'_, Vec<Meeting>> {
        Box::pin(async move {
            let mut meetings: Vec<Meeting> =
                self.directory.meetings_of(owner).into_iter().map(seen).collect();
            meetings.sort_by_key(|meeting| std::cmp::Reverse(meeting.created));
            Ok(meetings)
        })
    }

    fn all_meetings(&self) -> Answer<'_, Vec<Meeting>> {
        Box::pin(async {
            Ok(self.directory.meetings(|all| all.values().cloned().map(seen).collect()))
        })
    }

    fn meetings_after(
        &self,
        last: Option<MeetingId>,
        count_max: usize,
    ) -> Answer<'_, Vec<Meeting>> {
        Box::pin(async move {
            let from = last.map_or(Bound::Unbounded, Bound::Excluded);
            Ok(self.directory.meetings(|all| {
                let behind = all.range((from, Bound::Unbounded)).take(count_max);
                behind.map(|(_, info)| seen(info.clone())).collect()
            }))
        })
    }

    fn invited_meetings(&self) -> Answer<'_, Vec<Meeting>> {
        Box::pin(async {
            Ok(self.directory.meetings(|all| {
                let asked = all.values().filter(|info| !info.invited.is_empty());
                asked.cloned().map(seen).collect()
            }))
        })
    }

    fn change_meeting(
        &self,
        id: MeetingId,
        by: Actor,
        mut change: life::Command,
    ) -> Answer<'_, Position> {
        Box::pin(async move {
            self.takes_facts()?;
            self.telephone.keep_code(id, &mut change);
            let granted = self.put(Some(id), by, Wish::Life(id, Box::new(change))).await?;
            self.give_code(id).await;
            Ok(granted.position)
        })
    }

    fn people(&self) -> u64 {
        self.directory.people()
    }

    fn is_full(&self) -> bool {
        self.directory.is_full()
    }

    fn settings(&self) -> Answer<'_, Settings> {
        Box::pin(async { Ok(self.directory.settings()) })
    }

    fn open_session(&self, meeting: MeetingId, by: AccountId) -> Answer<'_, SessionNumber> {
        Box::pin(async move {
            self.has_space()?;
            if self.directory.settings().limits.rooms > 0 {
                let over = self.directory.idle_rooms();
                let take = site::Command::Rooms(rooms::Command::Take { meeting, over });
                self.put(None, Actor::Server, Wish::Site(take)).await?;
            }
            let record = self.ask_record(meeting).await;
            let participants_max = self.participants_max;
            let record = Box::new(record);
            let wish = Wish::Open { meeting, host: by, participants_max, record };
            let granted = self.put(Some(meeting), by.into(), wish).await?;
            Ok(SessionNumber(granted.made))
        })
    }

    fn wish(&self, by: Actor, wish: site::Command) -> Answer<'_, u32> {
        Box::pin(async move { self.wish_placed(by, wish).await.map(|(made, _)| made) })
    }

    fn wish_placed(&self, by: Actor, wish: site::Command) -> Answer<'_, (u32, Position)> {
        Box::pin(async move {
            self.takes_facts()?;
            let granted = self.put(None, by, Wish::Site(wish)).await?;
            Ok((granted.made, granted.position))
        })
    }

    fn api_keys(&self) -> Answer<'_, Vec<(ApiKeyId, ApiKey)>> {
        Box::pin(async {
            let all = |keys: &Keys| keys.iter().map(|(id, key)| (id, key.clone())).collect();
            Ok(self.directory.keys(all))
        })
    }

    fn api_key(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKey>> {
        Box::pin(async move { Ok(self.directory.keys(|keys| keys.get(id).cloned())) })
    }

    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, ()> {
        let (backup, to) = (self.backup.clone(), to.to_owned());
        Box::pin(async move {
            let copied = tokio::task::spawn_blocking(move || backup.backup(&to)).await;
            let entries = copied
                .map_err(|_| EngineError::Unavailable("the copy was interrupted".into()))?
                .map_err(EngineError::Unavailable)?;
            let audit = site::Command::Audit(site::Audit::BackedUp { entries });
            self.put(None, Actor::Server, Wish::Site(audit)).await.map(drop)
        })
    }

    fn writable(&self) -> bool {
        self.failed.borrow().is_none() && !self.space.is_full()
    }

    fn caught_up(&self) -> bool {
        // Shards load everything before the doors open, and the directory is written before
        // answers; what can fall behind is the index.
        self.log.index_lag() < INDEX_LAG_MAX
    }

    fn events(&self) -> Option<Arc<EventLog>> {
        Some(Arc::clone(&self.events))
    }

    fn webhooks(&self) -> Webhooks {
        self.directory.webhooks(Clone::clone)
    }

    fn webhook(&self, number: WebhookId) -> Option<Webhook> {
        self.directory.webhooks(|all| all.get(number).cloned())
    }

    fn connections(&self) -> Connections {
        self.directory.connections()
    }

    fn telephone(&self) -> Option<Telephone> {
        Some(self.telephone.clone())
    }

    fn tally(&self, now: Millis) -> Answer<'_, Tally> {
        Box::pin(async move {
            // Counted where they are: nothing is copied for it.
            let mut tally = self.directory.meetings(|all| {
                let mut tally = Tally { meetings: all.len(), ..Tally::default() };
                for info in all.values() {
                    let plan = info.details.plan.as_ref();
                    if info.cancelled.is_some() {
                        tally.cancelled += 1;
                    } else if plan.is_some_and(|plan| is_ahead(plan, info.sessions == 0, now)) {
                        tally.planned += 1;
                    }
                }
                tally
            });
            self.directory.accounts(|all| {
                for (_, account) in all.iter() {
                    tally.accounts += 1;
                    tally.enabled += usize::from(account.enabled);
                }
            });
            Ok(tally)
        })
    }

    fn open_sessions(&self) -> Answer<'_, Vec<(MeetingId, OpenSession)>> {
        Box::pin(async { Ok(self.directory.open_sessions()) })
    }

    fn session_wish(
        &self,
        meeting: MeetingId,
        session: SessionNumber,
        wish: meeting::Command,
    ) -> Answer<'_, Position> {
        Box::pin(async move {
            self.takes_facts()?;
            let wish = Wish::Session(meeting, session, wish);
            Ok(self.put(Some(meeting), Actor::Server, wish).await?.position)
        })
    }

    fn log(&self) -> Option<Arc<dyn LogReader>> {
        Some(self.log.clone())
    }

    fn carried(&self, client: ClientId) -> Option<Carried> {
        self.directory.carried(client)
    }
}

fn seen(info: convoke_engine::directory::MeetingInfo) -> Meeting {
    let state = match (info.open, info.cancelled) {
        (Some(open), _) => MeetingState::Open(open.session),
        (None, Some(when)) => MeetingState::Cancelled(when),
        (None, None) if info.sessions == 0 => MeetingState::NotStarted,
        (None, None) => MeetingState::Ended,
    };
    let details = info.details;
    Meeting {
        id: details.meeting,
        kind: details.kind,
        topic: details.topic,
        owner: details.owner,
        has_password: details.has_password,
        created: info.at,
        plan: details.plan,
        changes: info.changes,
        changed: info.changed,
        sessions: info.sessions,
        invited: info.invited,
        cancel_reason: info.cancel_reason,
        state,
        position: info.position,
    }
}

#[cfg(test)]
mod tests;
