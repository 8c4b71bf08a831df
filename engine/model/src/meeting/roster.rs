//! Who is in the session, who waits in the lobby, and who may not come back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, control, dial_in, floor, hand, track};
use crate::grant::{Grant, Role};
use crate::id::{AccountId, ClientId, Millis, ParticipantId};
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;
use crate::text::Name;

/// What the door decided about somebody who comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entering {
    /// The client that will speak for this participant.
    pub client: ClientId,
    /// What the person is called.
    pub name: Name,
    /// The account, when the person signed in.
    pub account: Option<AccountId>,
    /// A number for the browser or device, the same for every ticket it asked for; 0 when unknown.
    pub family: u64,
    /// A number for the ticket that was used.
    pub ticket: u64,
    /// What the person may do.
    pub grant: Grant,
    /// Whether the person waits until a host lets them in.
    pub lobby: bool,
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Somebody comes with a ticket.
    Enter(Entering),
    /// Somebody goes.
    Leave {},
    /// A host lets somebody in from the lobby.
    Admit {
        /// Who.
        who: ParticipantId,
    },
    /// A host turns somebody in the lobby away.
    Deny {
        /// Who.
        who: ParticipantId,
    },
    /// A host removes somebody, who may not come back.
    Remove {
        /// Who.
        who: ParticipantId,
    },
    /// The server lets go of somebody who did not come back.
    Drop {
        /// Who.
        who: ParticipantId,
        /// Why.
        reason: LeaveReason,
        /// When there was last a sign of life, where that was before the server stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
    },
    /// The server stopped while the person was here; they may come back.
    Interrupt {
        /// Who.
        who: ParticipantId,
        /// The last durable sign of life before it.
        at: Millis,
    },
    /// The connection was lost; the person may come back.
    Disconnect {
        /// Who.
        who: ParticipantId,
    },
    /// The connection is back.
    Reconnect {
        /// Who.
        who: ParticipantId,
    },
}

/// Why somebody is no longer here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// Wanted to.
    Left,
    /// A host removed them.
    Removed,
    /// A host turned them away in the lobby.
    Denied,
    /// The session ended.
    Ended,
    /// The connection was lost and did not come back.
    Lost,
    /// The server restarted and the person did not come back.
    ServerRestart,
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A ticket was used. For the log only: it names clients and accounts.
    Entered {
        /// The new participant.
        who: ParticipantId,
        /// The client.
        client: ClientId,
        /// The account, when signed in.
        account: Option<AccountId>,
        /// The browser or device.
        family: u64,
        /// The ticket.
        ticket: u64,
        /// What the person may do.
        grant: Grant,
    },
    /// Somebody waits in the lobby.
    Waiting {
        /// Who.
        who: ParticipantId,
        /// What they are called.
        name: Name,
    },
    /// Somebody is in the session.
    Joined {
        /// Who.
        who: ParticipantId,
        /// What they are called.
        name: Name,
        /// Their part.
        role: Role,
    },
    /// Somebody is no longer in the session or its lobby.
    Left {
        /// Who.
        who: ParticipantId,
        /// Why.
        reason: LeaveReason,
        /// When there was last a sign of life, where that is not the time of this fact: they were
        /// here when the server stopped, and did not come back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
    },
    /// The connection was lost.
    Disconnected {
        /// Who.
        who: ParticipantId,
        /// When there was last a sign of life, where that is not the time of this fact: the server
        /// stopped then, and this was noted when it was started again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
    },
    /// The connection is back.
    Reconnected {
        /// Who.
        who: ParticipantId,
    },
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the lobby.
    Lobby,
    /// In the session, connected.
    Here,
    /// In the session, connection lost.
    Away,
    /// Gone.
    Gone,
}

/// Somebody who entered.
#[derive(Clone, Debug)]
pub struct Person {
    /// The client that speaks for them.
    pub client: ClientId,
    /// The account, when signed in.
    pub account: Option<AccountId>,
    /// The browser or device.
    pub family: u64,
    /// What they may do.
    pub grant: Grant,
    /// What they are called.
    pub name: Option<Name>,
    /// Where they are.
    pub place: Place,
    /// While away: the last sign of life before the server stopped, if that is why.
    pub lost_at: Option<Millis>,
    /// Seq of the fact by which they joined; 0 while they have not.
    pub joined_seq: u64,
}

/// Everybody who ever entered the session.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    people: BTreeMap<ParticipantId, Person>,
    clients: BTreeMap<ClientId, ParticipantId>,
    tickets: BTreeSet<u64>,
    removed_accounts: BTreeSet<AccountId>,
    removed_families: BTreeSet<u64>,
    here: u32,
}

impl Roster {
    /// Somebody who is in the session, connected or not.
    #[must_use]
    pub fn present(&self, who: ParticipantId) -> Option<&Person> {
        self.people.get(&who).filter(|p| matches!(p.place, Place::Here | Place::Away))
    }

    /// Whether somebody waits in the lobby.
    #[must_use]
    pub fn is_waiting(&self, who: ParticipantId) -> bool {
        self.people.get(&who).is_some_and(|person| person.place == Place::Lobby)
    }

    /// Whether somebody is in the session or its lobby.
    #[must_use]
    pub fn is_here_or_waits(&self, who: ParticipantId) -> bool {
        self.people.get(&who).is_some_and(|person| person.place != Place::Gone)
    }

    /// Somebody who entered, wherever they are now.
    #[must_use]
    pub fn person(&self, who: ParticipantId) -> Option<&Person> {
        self.people.get(&who)
    }

    /// The participant a client speaks for.
    #[must_use]
    pub fn by_client(&self, client: ClientId) -> Option<ParticipantId> {
        self.clients.get(&client).copied()
    }

    /// Everybody who is in the session or its lobby, in order of entering.
    pub fn not_gone(&self) -> impl Iterator<Item = (ParticipantId, &Person)> {
        self.people.iter().filter(|(_, p)| p.place != Place::Gone).map(|(&who, p)| (who, p))
    }

    /// How many are in the session.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.here
    }

    fn hosts(&self) -> impl Iterator<Item = ParticipantId> {
        self.people
            .iter()
            .filter(|(_, p)| matches!(p.place, Place::Here | Place::Away))
            .filter(|(_, p)| p.grant.role == Role::Host)
            .map(|(&who, _)| who)
    }

    fn next(&self) -> ParticipantId {
        ParticipantId(self.people.last_key_value().map_or(1, |(who, _)| who.0 + 1))
    }

    pub(super) fn apply(&mut self, seq: u64, event: &Event) {
        match event {
            Event::Entered { who, client, account, family, ticket, grant } => {
                self.clients.insert(*client, *who);
                self.tickets.insert(*ticket);
                self.people.insert(
                    *who,
                    Person {
                        client: *client,
                        account: *account,
                        family: *family,
                        grant: *grant,
                        name: None,
                        place: Place::Lobby,
                        lost_at: None,
                        joined_seq: 0,
                    },
                );
            }
            Event::Waiting { who, name } => {
                if let Some(person) = self.people.get_mut(who) {
                    person.name = Some(name.clone());
                }
            }
            Event::Joined { who, name, .. } => {
                if let Some(person) = self.people.get_mut(who) {
                    person.name = Some(name.clone());
                    person.place = Place::Here;
                    person.joined_seq = seq;
                    self.here += 1;
                }
            }
            Event::Left { who, reason, .. } => {
                let Some(person) = self.people.get_mut(who) else { return };
                if matches!(person.place, Place::Here | Place::Away) {
                    self.here -= 1;
                }
                person.place = Place::Gone;
                if matches!(reason, LeaveReason::Removed | LeaveReason::Denied) {
                    self.removed_accounts.extend(person.account);
                    if person.family != 0 {
                        self.removed_families.insert(person.family);
                    }
                }
            }
            Event::Disconnected { who, at } => self.place(*who, Place::Away, *at),
            Event::Reconnected { who } => self.place(*who, Place::Here, None),
        }
    }

    fn place(&mut self, who: ParticipantId, place: Place, lost_at: Option<Millis>) {
        if let Some(person) = self.people.get_mut(&who) {
            person.place = place;
            person.lost_at = lost_at;
        }
    }
}

pub(super) fn decide(session: &Session, by: Actor, command: &Command) -> Result<Facts, Refusal> {
    let roster = &session.roster;
    match command {
        Command::Enter(entering) => enter(session, entering),
        Command::Leave {} => {
            let who = by.participant().ok_or(Refusal::NotAllowed)?;
            Ok(leave(session, who, LeaveReason::Left, None))
        }
        Command::Admit { who } => {
            let waiting = roster.people.get(who).filter(|p| p.place == Place::Lobby);
            let name = waiting.and_then(|person| person.name.clone());
            let (Some(person), Some(name)) = (waiting, name) else {
                return Err(Refusal::NotPresent);
            };
            if is_full(session) {
                return Err(Refusal::Full);
            }
            let mut facts = join(session, *who, name, person.grant.role);
            if session.dial_in.caller(*who).is_some() {
                facts.push(dial_in::on_telephone(*who));
            }
            Ok(facts)
        }
        Command::Deny { who } if roster.is_waiting(*who) => {
            Ok(leave(session, *who, LeaveReason::Denied, None))
        }
        Command::Remove { who } if roster.present(*who).is_some() => {
            if by.participant() == Some(*who) {
                return Err(Refusal::NotAllowed);
            }
            Ok(leave(session, *who, LeaveReason::Removed, None))
        }
        Command::Drop { who, reason, at } if roster.not_gone().any(|(other, _)| other == *who) => {
            Ok(leave(session, *who, *reason, *at))
        }
        Command::Interrupt { who, at } => match roster.people.get(who).map(|p| p.place) {
            Some(Place::Here) => {
                Ok(vec![everyone(Event::Disconnected { who: *who, at: Some(*at) })])
            }
            Some(Place::Lobby | Place::Away | Place::Gone) | None => Err(Refusal::NotPresent),
        },
        Command::Disconnect { who } => match roster.people.get(who).map(|p| p.place) {
            Some(Place::Here) => Ok(vec![everyone(Event::Disconnected { who: *who, at: None })]),
            Some(Place::Lobby) => Ok(leave(session, *who, LeaveReason::Lost, None)),
            Some(Place::Away | Place::Gone) | None => Err(Refusal::NotPresent),
        },
        Command::Reconnect { who } => match roster.people.get(who).map(|p| p.place) {
            Some(Place::Away) => Ok(vec![everyone(Event::Reconnected { who: *who })]),
            Some(Place::Here | Place::Lobby) => Err(Refusal::AlreadyDone),
            Some(Place::Gone) | None => Err(Refusal::NotPresent),
        },
        Command::Deny { .. } | Command::Remove { .. } | Command::Drop { .. } => {
            Err(Refusal::NotPresent)
        }
    }
}

pub(super) fn enter(session: &Session, entering: &Entering) -> Result<Facts, Refusal> {
    let roster = &session.roster;
    if roster.tickets.contains(&entering.ticket) || roster.clients.contains_key(&entering.client) {
        return Err(Refusal::TicketInvalid);
    }
    let removed = roster.removed_families.contains(&entering.family)
        || entering.account.is_some_and(|account| roster.removed_accounts.contains(&account));
    let is_host = entering.grant.role == Role::Host;
    if removed && !is_host {
        return Err(Refusal::CannotJoin);
    }
    if session.lock.locked && !is_host {
        return Err(Refusal::Locked);
    }
    if is_full(session) && !is_host {
        return Err(Refusal::Full);
    }
    let who = roster.next();
    let entered = Event::Entered {
        who,
        client: entering.client,
        account: entering.account,
        family: entering.family,
        ticket: entering.ticket,
        grant: entering.grant,
    };
    let mut facts = vec![(Audience::Nobody, SessionEvent::Roster(entered))];
    if entering.lobby && !is_host {
        let waiting = Event::Waiting { who, name: entering.name.clone() };
        facts.push((Audience::Hosts, SessionEvent::Roster(waiting)));
    } else {
        facts.extend(join(session, who, entering.name.clone(), entering.grant.role));
    }
    Ok(facts)
}

/// Somebody is in; the first host becomes presenter.
fn join(session: &Session, who: ParticipantId, name: Name, role: Role) -> Facts {
    let mut facts = vec![everyone(Event::Joined { who, name, role })];
    if role == Role::Host && session.floor.presenter.is_none() {
        facts.push(floor::changed(Some(who)));
    }
    facts
}

/// Somebody goes, and everything that hung on them with them, each as a fact of its own.
fn leave(session: &Session, who: ParticipantId, reason: LeaveReason, at: Option<Millis>) -> Facts {
    // The place knows best: a second restart must not make the absence shorter.
    let at = session.roster.person(who).and_then(|person| person.lost_at).or(at);
    if session.roster.is_waiting(who) {
        let left = Event::Left { who, reason, at };
        return vec![(Audience::Hosts, SessionEvent::Roster(left))];
    }
    let mut facts = control::end_with(session, who);
    facts.extend(track::close_all(session, who));
    facts.extend(hand::lowered(session, who));
    if session.floor.presenter == Some(who) {
        let heir = session.roster.hosts().find(|&host| host != who);
        facts.push(floor::changed(heir));
    }
    facts.push(everyone(Event::Left { who, reason, at }));
    facts
}

/// Everybody goes because the session ends.
pub(super) fn all_leave(session: &Session) -> Facts {
    let mut facts = control::end(session);
    if session.floor.presenter.is_some() {
        facts.push(floor::changed(None));
    }
    for (who, person) in session.roster.not_gone() {
        let left = Event::Left { who, reason: LeaveReason::Ended, at: person.lost_at };
        if person.place == Place::Lobby {
            facts.push((Audience::Hosts, SessionEvent::Roster(left)));
            continue;
        }
        facts.extend(track::close_all(session, who));
        facts.extend(hand::lowered(session, who));
        facts.push(everyone(left));
    }
    facts
}

fn is_full(session: &Session) -> bool {
    let max = session.lifecycle.opening().map_or(0, |opening| opening.participants_max);
    session.roster.here >= max
}

fn everyone(event: Event) -> (Audience, SessionEvent) {
    (Audience::Everyone, SessionEvent::Roster(event))
}
