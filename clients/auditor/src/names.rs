//! What people, tracks, accounts and streams are called, as far as the facts read so far tell.

use std::collections::{BTreeMap, BTreeSet};

use convoke_model::meeting::{Event, roster, track};
use convoke_model::site::{self, accounts};
use convoke_model::{AccountId, Actor, ParticipantId, StreamId, TrackId};

use crate::out::plain;

/// `NNNN-NNNN/N`, `NNNN-NNNN` for a meeting's own stream, or `site`.
pub(crate) fn stream_name(stream: StreamId) -> String {
    let Some(meeting) = stream.meeting_id() else { return stream.to_string() };
    if stream.session == 0 { meeting.to_string() } else { format!("{meeting}/{}", stream.session) }
}

/// Names of a session (or of the site), learnt fact by fact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    people: BTreeMap<ParticipantId, String>,
    waiting: BTreeSet<ParticipantId>,
    tracks: BTreeMap<TrackId, (track::Kind, Option<ParticipantId>)>,
    accounts: BTreeMap<AccountId, String>,
}

impl Names {
    /// Takes in a fact of the session.
    pub(crate) fn learn(&mut self, actor: Actor, event: &Event) {
        match event {
            Event::Roster(roster::Event::Waiting { who, name }) => {
                self.people.insert(*who, plain(name.as_str()));
                self.waiting.insert(*who);
            }
            Event::Roster(roster::Event::Joined { who, name, .. }) => {
                self.people.insert(*who, plain(name.as_str()));
                self.waiting.remove(who);
            }
            Event::Track(track::Event::Opened { track, kind, .. }) => {
                self.tracks.insert(*track, (*kind, actor.participant()));
            }
            Event::Lifecycle(_)
            | Event::Roster(_)
            | Event::Floor(_)
            | Event::Control(_)
            | Event::Chat(_)
            | Event::Track(_)
            | Event::Hand(_)
            | Event::Lock(_)
            | Event::Recording(_)
            | Event::Delivery(_)
            | Event::DialIn(_)
            | Event::Policy(_) => {}
        }
    }

    /// What a fact ends, once it has been told: somebody who goes waits no longer.
    pub(crate) fn forget(&mut self, event: &Event) {
        if let Event::Roster(roster::Event::Left { who, .. }) = event {
            self.waiting.remove(who);
        }
    }

    /// Takes in a fact of the site.
    pub(crate) fn learn_site(&mut self, event: &site::Event) {
        let site::Event::Accounts(event) = event else { return };
        let (account, name) = match event {
            accounts::Event::Added { account, name, .. }
            | accounts::Event::Renamed { account, name } => (account, name),
            accounts::Event::Known { account, profile } => (account, &profile.name),
            _ => return,
        };
        self.accounts.insert(*account, plain(name.as_str()));
    }

    /// Somebody in the session: name and number, since two may have the same name.
    pub(crate) fn person(&self, who: ParticipantId) -> String {
        match self.people.get(&who) {
            Some(name) => format!("{name} ({who})"),
            None => format!("participant {who}"),
        }
    }

    /// Whether somebody is in the lobby.
    pub(crate) fn waits(&self, who: ParticipantId) -> bool {
        self.waiting.contains(&who)
    }

    /// Who did something in `stream`.
    pub(crate) fn actor(&self, stream: StreamId, actor: Actor) -> String {
        match actor {
            Actor::Server => String::from("server"),
            Actor::Number(number) if stream.session == 0 => self.account(AccountId(number)),
            Actor::Number(number) => self.person(ParticipantId(number)),
        }
    }

    /// An account; archives do not tell what they are called.
    pub(crate) fn account(&self, account: AccountId) -> String {
        match self.accounts.get(&account) {
            Some(name) => format!("{name} (account {account})"),
            None => format!("account {account}"),
        }
    }

    /// A track: what it shows and whose it is.
    pub(crate) fn track(&self, track: TrackId) -> String {
        match self.tracks.get(&track) {
            Some((kind, Some(owner))) => {
                format!("track {track} ({} of {})", kind.word(), self.person(*owner))
            }
            Some((kind, None)) => format!("track {track} ({})", kind.word()),
            None => format!("track {track}"),
        }
    }
}
