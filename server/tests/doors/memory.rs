//! An engine that remembers and forgets at the end of the test, for the doors to talk to.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use convoke::control::{
    Account, Answer, Engine, EngineError, Meeting, MeetingState, NewAccount, NewMeeting,
};
use convoke::entropy;
use convoke_engine::directory::OpenSession;
use convoke_model::meeting::{self, life};
use convoke_model::site::accounts::{self, Email, External};
use convoke_model::site::connections::Connections;
use convoke_model::site::groups::{self, Group};
use convoke_model::site::keys::{self, ApiKey};
use convoke_model::site::settings::Settings;
use convoke_model::site::webhooks::{self, Webhooks};
use convoke_model::site::{Event, Site};
use convoke_model::{
    AccountId, Actor, ApiKeyId, GroupId, MeetingId, Millis, Position, Proposal, Record, Refusal,
    SessionNumber, site,
};

#[derive(Default)]
pub(crate) struct MemoryEngine {
    site: Mutex<Site>,
    meetings: Mutex<Vec<Meeting>>,
    pub(crate) recorded: Mutex<Vec<site::Command>>,
    /// What became facts of it, and who did each.
    pub(crate) facts: Mutex<Vec<(Actor, Event)>>,
    pub(crate) read_only: AtomicBool,
    /// What the server itself wished of sessions.
    pub(crate) session_wishes: Mutex<Vec<meeting::Command>>,
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

impl MemoryEngine {
    /// What the rules make of a wish: the number of what it made.
    fn put(&self, by: Actor, command: site::Command) -> Result<u32, EngineError> {
        let mut site = self.site.lock().expect("not poisoned");
        let proposal = Proposal { by, at: Millis(1), request: None, command };
        let events = site.decide(&proposal).map_err(EngineError::Refused)?;
        let mut made = 0;
        for event in events {
            made = match &event {
                Event::Accounts(
                    accounts::Event::Added { account, .. } | accounts::Event::Known { account, .. },
                ) => account.0,
                Event::Groups(groups::Event::Added { group, .. }) => group.0,
                Event::Webhooks(webhooks::Event::Added { webhook, .. }) => webhook.0,
                Event::Keys(keys::Event::Made { key, .. }) => key.0,
                _ => made,
            };
            self.facts.lock().expect("not poisoned").push((by, event.clone()));
            let position = Position { epoch: 1, seq: 1 };
            site.apply(&Record { position, time: Millis(1), actor: by, request: None, event });
        }
        Ok(made)
    }

    fn known(
        &self,
        find: impl FnOnce(&accounts::Accounts) -> Option<AccountId>,
    ) -> Option<Account> {
        let site = self.site.lock().expect("not poisoned");
        let id = find(&site.accounts)?;
        site.accounts.get(id).map(|account| Account::of(id, account, &site.accounts))
    }

    /// The facts of accounts of one kind.
    pub(crate) fn account_facts(&self, wanted: impl Fn(&accounts::Event) -> bool) -> usize {
        let facts = self.facts.lock().expect("not poisoned");
        let fits = |event: &Event| matches!(event, Event::Accounts(event) if wanted(event));
        facts.iter().filter(|(_, event)| fits(event)).count()
    }
}

/// Asks the model's rules what becomes of a meeting, and lets it become that.
fn changed(meeting: &mut Meeting, by: Actor, command: life::Command) -> Result<Position, Refusal> {
    let created = life::Event::Created(life::Creation {
        meeting: meeting.id,
        owner: meeting.owner,
        kind: meeting.kind,
        topic: meeting.topic.clone(),
        has_password: meeting.has_password,
        plan: meeting.plan.clone(),
    });
    let mut life = life::Meeting::default();
    let mut seq = 0;
    let mut apply = |life: &mut life::Meeting, event: life::Event| {
        seq += 1;
        let (position, time) = (Position { epoch: 1, seq }, Millis(seq));
        life.apply(&Record { position, time, actor: by, request: None, event });
    };
    apply(&mut life, created);
    if let MeetingState::Cancelled(_) = meeting.state {
        apply(&mut life, life::Event::Cancelled { reason: None });
    }
    let before = life.changes;
    let proposal = Proposal { by, at: Millis(1), request: None, command };
    for event in life.decide(&proposal)? {
        apply(&mut life, event);
        meeting.position.seq += 1;
    }
    let details = life.details.expect("it was made");
    (meeting.owner, meeting.kind) = (details.owner, details.kind);
    (meeting.topic, meeting.has_password) = (details.topic, details.has_password);
    meeting.plan = details.plan;
    meeting.invited.extend(life.invited);
    meeting.changes += life.changes - before;
    match (life.cancelled, meeting.state) {
        (Some(when), _) => meeting.state = MeetingState::Cancelled(when),
        (None, MeetingState::Cancelled(_)) => meeting.state = MeetingState::NotStarted,
        (None, _) => {}
    }
    Ok(meeting.position)
}

impl Engine for MemoryEngine {
    fn add_account(&self, new: NewAccount) -> Answer<'_, AccountId> {
        let NewAccount { email, name, administrator, first } = new;
        let add = accounts::Command::Add { email, name, administrator, first };
        ready(self.put(Actor::Server, site::Command::Accounts(add)).map(AccountId))
    }

    fn account_by_email<'a>(&'a self, email: &'a Email) -> Answer<'a, Option<Account>> {
        ready(Ok(self.known(|all| all.by_email(email))))
    }

    fn account(&self, id: AccountId) -> Answer<'_, Option<Account>> {
        ready(Ok(self.known(|_| Some(id))))
    }

    fn account_by_external<'a>(&'a self, external: &'a External) -> Answer<'a, Option<Account>> {
        ready(Ok(self.known(|all| all.by_external(external))))
    }

    fn accounts(&self) -> Answer<'_, Vec<Account>> {
        let site = self.site.lock().expect("not poisoned");
        let all = &site.accounts;
        ready(Ok(all.iter().map(|(id, account)| Account::of(id, account, all)).collect()))
    }

    fn groups(&self) -> Answer<'_, Vec<(GroupId, Group)>> {
        let site = self.site.lock().expect("not poisoned");
        ready(Ok(site.accounts.groups().iter().map(|(id, group)| (id, group.clone())).collect()))
    }

    fn has_administrator(&self) -> Answer<'_, bool> {
        ready(Ok(self.site.lock().expect("not poisoned").accounts.has_administrator()))
    }

    fn create_meeting(&self, new: NewMeeting) -> Answer<'_, MeetingId> {
        let id = entropy::meeting_id();
        let NewMeeting { kind, topic, owner, has_password, plan } = new;
        let state = MeetingState::NotStarted;
        let (created, changed) = (Millis(1), Millis(1));
        let (changes, sessions) = (0, 0);
        let meeting = Meeting {
            id,
            kind,
            topic,
            owner,
            has_password,
            created,
            plan,
            changes,
            changed,
            sessions,
            invited: BTreeSet::new(),
            cancel_reason: None,
            state,
            position: Position { epoch: 1, seq: 1 },
        };
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

    fn all_meetings(&self) -> Answer<'_, Vec<Meeting>> {
        ready(Ok(self.meetings.lock().expect("not poisoned").clone()))
    }

    fn open_sessions(&self) -> Answer<'_, Vec<(MeetingId, OpenSession)>> {
        let meetings = self.meetings.lock().expect("not poisoned");
        let open = meetings.iter().filter_map(|meeting| match meeting.state {
            MeetingState::Open(session) => {
                Some((meeting.id, OpenSession { session, locked: false, here: 0 }))
            }
            MeetingState::NotStarted | MeetingState::Ended | MeetingState::Cancelled(_) => None,
        });
        ready(Ok(open.collect()))
    }

    fn change_meeting(
        &self,
        id: MeetingId,
        by: Actor,
        command: life::Command,
    ) -> Answer<'_, Position> {
        let mut meetings = self.meetings.lock().expect("not poisoned");
        let Some(meeting) = meetings.iter_mut().find(|meeting| meeting.id == id) else {
            return ready(Err(EngineError::Refused(Refusal::NotFound)));
        };
        ready(changed(meeting, by, command).map_err(EngineError::Refused))
    }

    fn settings(&self) -> Answer<'_, Settings> {
        ready(Ok(self.site.lock().expect("not poisoned").settings.clone()))
    }

    fn open_session(&self, meeting: MeetingId, _: AccountId) -> Answer<'_, SessionNumber> {
        self.set_state(meeting, MeetingState::Open(SessionNumber(1)));
        ready(Ok(SessionNumber(1)))
    }

    fn session_wish(
        &self,
        id: MeetingId,
        session: SessionNumber,
        wish: meeting::Command,
    ) -> Answer<'_, Position> {
        let state = MeetingState::Open(session);
        let meetings = self.meetings.lock().expect("not poisoned");
        if !meetings.iter().any(|meeting| meeting.id == id && meeting.state == state) {
            return ready(Err(EngineError::Refused(Refusal::Ended)));
        }
        drop(meetings);
        self.session_wishes.lock().expect("not poisoned").push(wish);
        ready(Ok(Position { epoch: 1, seq: 1 }))
    }

    fn wish(&self, by: Actor, wish: site::Command) -> Answer<'_, u32> {
        if self.read_only.load(Ordering::Relaxed) {
            return ready(Err(EngineError::Unavailable("the disk is full".to_owned())));
        }
        self.recorded.lock().expect("not poisoned").push(wish.clone());
        ready(self.put(by, wish))
    }

    fn wish_placed(&self, by: Actor, wish: site::Command) -> Answer<'_, (u32, Position)> {
        Box::pin(async move {
            let made = self.wish(by, wish).await?;
            let seq = self.facts.lock().expect("not poisoned").len() as u64;
            Ok((made, Position { epoch: 1, seq }))
        })
    }

    fn api_keys(&self) -> Answer<'_, Vec<(ApiKeyId, ApiKey)>> {
        let site = self.site.lock().expect("not poisoned");
        ready(Ok(site.keys.iter().map(|(id, key)| (id, key.clone())).collect()))
    }

    fn api_key(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKey>> {
        ready(Ok(self.site.lock().expect("not poisoned").keys.get(id).cloned()))
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

    fn connections(&self) -> Connections {
        self.site.lock().expect("not poisoned").connections.clone()
    }

    fn webhooks(&self) -> Webhooks {
        self.site.lock().expect("not poisoned").webhooks.clone()
    }
}
