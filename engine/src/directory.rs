//! The directory: what is durable of accounts and meetings, for readers on any thread.

mod callers;
mod codes;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use convoke_model::meeting::{self, dial_in::Call, life};
use convoke_model::policy::Hook;
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::privilege::Privilege;
use convoke_model::site::accounts::{self, Account, Accounts, Email};
use convoke_model::site::connections::Connections;
use convoke_model::site::keys::Keys;
use convoke_model::site::scripts::Scripts;
use convoke_model::site::settings::Settings;
use convoke_model::site::webhooks::Webhooks;
use convoke_model::site::{self, Site};
use convoke_model::text::Sentence;
use convoke_model::view::session::SessionView;
use convoke_model::{
    AccountId, ClientId, MeetingId, Millis, ParticipantId, Position, Record, SessionNumber,
    StreamId,
};

use callers::Callers;
use codes::Codes;
pub use requests::Carried;
use requests::Requests;

use crate::seats::Seats;

/// What is known of a meeting from outside.
#[derive(Clone, Debug)]
pub struct MeetingInfo {
    /// What it is now: as it was made, with every change since.
    pub details: life::Creation,
    /// When it was called off, if it was.
    pub cancelled: Option<Millis>,
    /// Why, if that was said.
    pub cancel_reason: Option<Sentence>,
    /// How often its plan was changed.
    pub changes: u32,
    /// When its plan was last changed.
    pub changed: Millis,
    /// Who was asked to come.
    pub invited: BTreeSet<Email>,
    /// When it was made.
    pub at: Millis,
    /// The session that is open.
    pub open: Option<OpenSession>,
    /// How many sessions it had.
    pub sessions: u32,
    /// The place of its latest fact in its own stream.
    pub position: Position,
}

/// What is known of an open session from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Which.
    pub session: SessionNumber,
    /// Whether only hosts come in.
    pub locked: bool,
    /// How many people are in it.
    pub here: u32,
}

/// A call that a bridge carries into an open session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerInfo {
    /// The meeting.
    pub meeting: MeetingId,
    /// Its session.
    pub session: SessionNumber,
    /// Who they are in it.
    pub who: ParticipantId,
    /// Where they are.
    pub place: CallerPlace,
    /// Whether a host muted them.
    pub muted: bool,
    /// Whether their microphone is off, as the bridge says.
    pub quiet: bool,
}

/// Where a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerPlace {
    /// In the lobby.
    Lobby,
    /// In the session.
    Here,
    /// No longer: a host removed them or turned them away.
    Removed,
    /// No longer, for any other reason.
    Gone,
}

/// A projection of the durable log that shards keep up to date before they answer anybody.
#[derive(Debug, Default)]
pub struct Directory {
    inner: RwLock<Inner>,
    pub(crate) seats: Seats,
}

#[derive(Debug, Default)]
struct Inner {
    site: Site,
    meetings: BTreeMap<MeetingId, MeetingInfo>,
    owners: BTreeMap<AccountId, BTreeSet<MeetingId>>,
    codes: Codes,
    callers: Callers,
    requests: Requests,
    /// Facts of the site and of meetings' lives taken in.
    revision: u64,
    /// Those among them that public lists may have to tell of.
    public_revision: u64,
}

impl Directory {
    /// An account by what it signs in with.
    #[must_use]
    pub fn account_by_email(&self, email: &Email) -> Option<(AccountId, Account)> {
        let inner = self.read();
        let id = inner.site.accounts.by_email(email)?;
        inner.site.accounts.get(id).map(|account| (id, account.clone()))
    }

    /// An account by its number.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<Account> {
        self.read().site.accounts.get(account).cloned()
    }

    /// Whether what a host's account covers includes this.
    #[must_use]
    pub fn host_may(&self, host: AccountId, privilege: Privilege) -> bool {
        self.read().site.accounts.privileges_of_host(host).has(privilege)
    }

    /// What is known of the accounts as a whole.
    pub fn accounts<T>(&self, ask: impl FnOnce(&Accounts) -> T) -> T {
        ask(&self.read().site.accounts)
    }

    /// What is known of the operator's scripts.
    pub fn scripts<T>(&self, ask: impl FnOnce(&Scripts) -> T) -> T {
        ask(&self.read().site.scripts)
    }

    /// A meeting.
    #[must_use]
    pub fn meeting(&self, meeting: MeetingId) -> Option<MeetingInfo> {
        self.read().meetings.get(&meeting).cloned()
    }

    /// The meetings of an account, newest id last.
    #[must_use]
    pub fn meetings_of(&self, owner: AccountId) -> Vec<MeetingInfo> {
        let inner = self.read();
        let own = inner.owners.get(&owner).into_iter().flatten();
        own.filter_map(|meeting| inner.meetings.get(meeting).cloned()).collect()
    }

    /// What is known of all meetings, by number. Others wait meanwhile: pick, and be brief.
    pub fn meetings<T>(&self, ask: impl FnOnce(&BTreeMap<MeetingId, MeetingInfo>) -> T) -> T {
        ask(&self.read().meetings)
    }

    /// Meetings that have a room and no open session: their rooms can be given to others.
    #[must_use]
    pub fn idle_rooms(&self) -> Vec<MeetingId> {
        let inner = self.read();
        let is_idle = |meeting: &MeetingId| {
            inner.meetings.get(meeting).is_none_or(|info| info.open.is_none())
        };
        inner.site.rooms.meetings().filter(is_idle).collect()
    }

    /// How many people are in all open sessions together, those included whose entering is not
    /// durable yet.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.seats.taken().into()
    }

    /// Whether as many are in all open sessions together as administrators allow.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.seats.are_full()
    }

    /// What is known of the site as a whole and of all meetings, at one moment. Others wait
    /// meanwhile: pick, and be brief.
    pub fn all<T>(&self, ask: impl FnOnce(&Site, &BTreeMap<MeetingId, MeetingInfo>) -> T) -> T {
        let inner = self.read();
        ask(&inner.site, &inner.meetings)
    }

    /// What administrators set.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.read().site.settings.clone()
    }

    /// Who else is told of events.
    pub fn webhooks<T>(&self, ask: impl FnOnce(&Webhooks) -> T) -> T {
        ask(&self.read().site.webhooks)
    }

    /// Whom this server asks and is asked by, as administrators set it.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.read().site.connections.clone()
    }

    /// What is known of the keys by which programs act for accounts.
    pub fn keys<T>(&self, ask: impl FnOnce(&Keys) -> T) -> T {
        ask(&self.read().site.keys)
    }

    /// The meetings whose access code this is now, in order.
    #[must_use]
    pub fn meetings_by_code(&self, code: &str) -> Vec<MeetingInfo> {
        let inner = self.read();
        let found = inner.codes.holders(code);
        found.filter_map(|meeting| inner.meetings.get(&meeting).cloned()).collect()
    }

    /// Whether an access code is or ever was some meeting's: then it is not drawn again.
    #[must_use]
    pub fn code_was_used(&self, code: &str) -> bool {
        self.read().codes.was_used(code)
    }

    /// Codes that are in use, at most so many of them.
    #[must_use]
    pub fn codes_in_use(&self, max: usize) -> Vec<String> {
        self.read().codes.in_use().take(max).map(str::to_owned).collect()
    }

    /// A call into a session that is open.
    #[must_use]
    pub fn caller(&self, call: &Call) -> Option<CallerInfo> {
        self.read().callers.find(call)
    }

    /// Every call into a session that is open and that was not let go of.
    #[must_use]
    pub fn callers(&self) -> Vec<(Call, CallerInfo)> {
        self.read().callers.here().map(|(call, info)| (call.clone(), *info)).collect()
    }

    /// Grows with every fact of the site and of a meeting's life: what was worked out at one
    /// revision holds until the next.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Grows like `revision`, but only with facts that public lists may have to tell of.
    #[must_use]
    pub fn public_revision(&self) -> u64 {
        self.read().public_revision
    }

    /// What is known of a program's request, if it became facts not long ago.
    #[must_use]
    pub fn carried(&self, client: ClientId) -> Option<Carried> {
        self.read().requests.get(client)
    }

    /// Whether a number is a meeting's.
    #[must_use]
    pub fn has_meeting(&self, meeting: MeetingId) -> bool {
        self.read().meetings.contains_key(&meeting)
    }

    /// Every session that is open now.
    #[must_use]
    pub fn open_sessions(&self) -> Vec<(MeetingId, OpenSession)> {
        let inner = self.read();
        let open = inner.meetings.iter();
        open.filter_map(|(&meeting, info)| info.open.map(|open| (meeting, open))).collect()
    }

    pub(crate) fn site(&self, record: &Record<site::Event>) {
        let mut inner = self.write();
        inner.revision += 1;
        inner.public_revision += u64::from(is_told(&record.event));
        let Record { request, position, time, .. } = *record;
        inner.requests.note(request, StreamId::SITE, position, time);
        inner.site.apply(record);
        self.seats.allow(inner.site.settings.limits.participants);
    }

    pub(crate) fn life(&self, meeting: MeetingId, record: &Record<life::Event>) {
        let mut inner = self.write();
        inner.revision += 1;
        let Record { request, position, time, .. } = *record;
        inner.requests.note(request, StreamId::meeting(meeting), position, time);
        let created = matches!(record.event, life::Event::Created(_));
        inner.public_revision += u64::from(created || record.event.changes_plan());
        if let life::Event::Transferred { from, to } = record.event {
            inner.owners.entry(from).or_default().remove(&meeting);
            inner.owners.entry(to).or_default().insert(meeting);
        }
        if let Some(info) = inner.meetings.get_mut(&meeting) {
            info.position = record.position;
        }
        let before = inner.code_of(meeting);
        if record.event.changes_plan()
            && let Some(info) = inner.meetings.get_mut(&meeting)
        {
            info.changes = info.changes.saturating_add(1);
            info.changed = record.time;
            info.details.follow(&record.event);
        }
        match &record.event {
            life::Event::Created(created) => {
                inner.owners.entry(created.owner).or_default().insert(meeting);
                let info = MeetingInfo {
                    details: created.clone(),
                    cancelled: None,
                    cancel_reason: None,
                    changes: 0,
                    changed: record.time,
                    invited: BTreeSet::new(),
                    at: record.time,
                    open: None,
                    sessions: 0,
                    position: record.position,
                };
                inner.meetings.insert(meeting, info);
            }
            life::Event::Cancelled { reason } => {
                if let Some(info) = inner.meetings.get_mut(&meeting) {
                    info.cancelled = Some(record.time);
                    info.cancel_reason = reason.clone();
                }
            }
            life::Event::Restored {} => {
                if let Some(info) = inner.meetings.get_mut(&meeting) {
                    info.cancelled = None;
                    info.cancel_reason = None;
                }
            }
            life::Event::Invited { people } => {
                if let Some(info) = inner.meetings.get_mut(&meeting) {
                    info.invited.extend(people.iter().cloned());
                }
            }
            life::Event::Changed(_)
            | life::Event::Transferred { .. }
            | life::Event::CodeDrawn { .. } => {}
            life::Event::SessionOpened { session } => {
                if let Some(info) = inner.meetings.get_mut(&meeting) {
                    info.sessions = session.0;
                    info.open = Some(OpenSession { session: *session, locked: false, here: 0 });
                }
            }
            life::Event::SessionEnded { .. } => {
                if let Some(info) = inner.meetings.get_mut(&meeting) {
                    info.open = None;
                }
                inner.callers.forget(meeting);
            }
        }
        let after = inner.code_of(meeting);
        inner.codes.change(meeting, before, after);
    }

    /// A fact of a session, as far as callers are concerned.
    pub(crate) fn call(&self, meeting: MeetingId, session: SessionNumber, event: &meeting::Event) {
        if callers::concerns(event) {
            self.write().callers.follow(meeting, session, event);
        }
    }

    pub(crate) fn session(&self, meeting: MeetingId, view: &SessionView) {
        let mut inner = self.write();
        let info = inner.meetings.get_mut(&meeting).and_then(|info| info.open.as_mut());
        if let Some(open) = info.filter(|open| open.session.0 == view.session) {
            open.locked = view.locked;
            open.here = u32::try_from(view.people.len()).unwrap_or(u32::MAX);
        }
    }

    // A panic while the lock was held leaves a projection that is behind at worst; it is read on.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether public lists may have to tell of a fact of the site.
fn is_told(event: &site::Event) -> bool {
    match event {
        site::Event::Settings(_) | site::Event::Scripts(_) => true,
        site::Event::Policy(decided) => decided.question.hook() == Hook::Publish,
        site::Event::Accounts(event) => matches!(
            event,
            accounts::Event::Known { .. }
                | accounts::Event::Renamed { .. }
                | accounts::Event::Readdressed { .. }
        ),
        site::Event::Groups(_)
        | site::Event::Rooms(_)
        | site::Event::Webhooks(_)
        | site::Event::Keys(_)
        | site::Event::Connections(_)
        | site::Event::Alarm(_)
        | site::Event::Audit(_)
        | site::Event::Started { .. }
        | site::Event::Lost(_)
        | site::Event::Erased(_)
        | site::Event::Deed(_) => false,
    }
}

impl Inner {
    fn code_of(&self, meeting: MeetingId) -> Option<AccessCode> {
        self.meetings.get(&meeting)?.details.dial_in()?.code.clone()
    }
}
