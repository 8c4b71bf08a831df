//! Sessions drawn from a seed: every kind of wish, sensible and not, by everybody and nobody.

use super::super::{
    Command, Event, Session, chat, control, floor, hand, lifecycle, lock, recording,
};
use super::super::{roster, track};
use super::commands::{gap, seal};
use super::given::{opening, say};
use crate::grant::{Grant, Role};
use crate::id::{AccountId, ClientId, Millis, ParticipantId, Position, TrackId};
use crate::record::{Actor, Audience, Proposal, Record};
use crate::text::Name;
use crate::view::session::SessionView;

/// Numbers from a seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A session that goes on, with everything that happened in it.
pub(super) struct World {
    pub(super) session: Session,
    pub(super) view: SessionView,
    pub(super) log: Vec<(Audience, Record<Event>)>,
    dice: Dice,
    tickets: u64,
}

impl World {
    /// A session that was just opened.
    pub(super) fn of(seed: u64) -> Self {
        let mut world = Self {
            session: Session::default(),
            view: SessionView::default(),
            log: Vec::new(),
            dice: Dice::of(seed),
            tickets: 0,
        };
        let opening = lifecycle::Opening { participants_max: 12, ..opening() };
        assert!(world.wish(Actor::Server, lifecycle::Command::Open(opening).into()));
        world
    }

    /// Somebody wishes something; whether it became facts.
    pub(super) fn step(&mut self) -> bool {
        let (by, command) = self.draw();
        self.wish(by, command)
    }

    /// Those who are here write to everybody, to hosts and to each other.
    pub(super) fn chatter(&mut self, lines: u64) {
        for _ in 0..lines {
            let people: Vec<_> = self.view.people.keys().copied().collect();
            if people.is_empty() {
                return;
            }
            let (by, who) = (self.dice.one_of(&people), self.dice.one_of(&people));
            let to = self.dice.one_of(&[chat::To::Everyone, chat::To::Hosts, chat::To::One(who)]);
            self.wish(by.into(), say(to, "words"));
        }
    }

    /// The server ends it.
    pub(super) fn end(&mut self) {
        let reason = lifecycle::EndReason::Administrator;
        assert!(self.wish(Actor::Server, lifecycle::Command::Close { reason }.into()));
    }

    fn wish(&mut self, by: Actor, command: Command) -> bool {
        let time = Millis(1_000 + self.log.len() as u64 * 7);
        let proposal = Proposal { by, at: time, request: None, command };
        let Ok(facts) = self.session.decide(&proposal) else { return false };
        for (audience, event) in facts {
            let position = Position { epoch: 1, seq: self.log.len() as u64 + 1 };
            let record = Record { position, time, actor: by, request: None, event };
            self.session.apply(&record);
            self.view.apply(&record);
            self.log.push((audience, record));
        }
        true
    }

    fn somebody(&mut self) -> ParticipantId {
        ParticipantId(1 + self.dice.below(self.tickets + 1) as u32)
    }

    fn draw(&mut self) -> (Actor, Command) {
        let who = self.somebody();
        match self.dice.below(22) {
            0..4 => (Actor::Server, roster::Command::Enter(self.entering()).into()),
            4..6 => (Actor::Server, self.connection(who)),
            6 => (Actor::Server, self.recorded()),
            7..20 => {
                let by = self.somebody();
                (by.into(), self.wish_of_a_person(who))
            }
            20 | 21 => self.control(who),
            _ => unreachable!("the dice has 22 faces"),
        }
    }

    /// Mostly those who may: the presenter gives control, and whoever has it uses it.
    fn control(&mut self, who: ParticipantId) -> (Actor, Command) {
        let (presenter, holder) = (self.view.presenter, self.view.controller);
        match (presenter, holder, self.dice.below(8)) {
            (_, _, 0) | (None, ..) => (who.into(), control::Command::Ask {}.into()),
            (Some(by), _, 1) => (by.into(), control::Command::Take {}.into()),
            (_, Some(by), 2) => (by.into(), control::Command::Release {}.into()),
            (_, Some(by), 3..6) => (by.into(), open(track::Kind::RemoteInput)),
            (Some(by), ..) if self.dice.below(2) == 0 => (by.into(), open(track::Kind::Screen)),
            (Some(by), ..) => (by.into(), control::Command::Give { to: who }.into()),
        }
    }

    fn entering(&mut self) -> roster::Entering {
        self.tickets += 1;
        // Now and then a ticket, a browser or an account that was seen before.
        let ticket = self.tickets - self.dice.below(8) / 7;
        let family = self.dice.below(30);
        let account = self.dice.one_of(&[None, None, Some(AccountId(1 + family as u32 % 5))]);
        let roles = [Role::Host, Role::Attendee, Role::Attendee, Role::Panelist, Role::Viewer];
        let role = self.dice.one_of(&roles);
        roster::Entering {
            client: ClientId(ticket + 1000),
            name: Name::new(&format!("person {ticket}")).expect("a name"),
            account,
            family,
            ticket,
            grant: Grant::of(role),
            lobby: self.dice.below(3) == 0,
        }
    }

    fn connection(&mut self, who: ParticipantId) -> Command {
        let reason = roster::LeaveReason::Lost;
        match self.dice.below(5) {
            0 => roster::Command::Drop { who, reason, at: None }.into(),
            1 | 2 => roster::Command::Disconnect { who }.into(),
            _ => roster::Command::Reconnect { who }.into(),
        }
    }

    fn recorded(&mut self) -> Command {
        match self.dice.below(2) {
            0 => recording::Command::Seal(seal()).into(),
            _ => recording::Command::Gap(gap()).into(),
        }
    }

    fn wish_of_a_person(&mut self, who: ParticipantId) -> Command {
        let track = TrackId(1 + self.dice.below(12) as u32);
        let kinds = [track::Kind::Screen, track::Kind::Camera, track::Kind::Microphone];
        let kind = self.dice.one_of(&kinds);
        let to = self.dice.one_of(&[chat::To::Everyone, chat::To::Hosts, chat::To::One(who)]);
        match self.dice.below(32) {
            0 if self.dice.below(4) == 0 => roster::Command::Leave {}.into(),
            0 => hand::Command::Raise {}.into(),
            1 => roster::Command::Remove { who }.into(),
            2..5 => roster::Command::Admit { who }.into(),
            5 => roster::Command::Deny { who }.into(),
            6 | 7 => floor::Command::Give { to: who }.into(),
            8 => floor::Command::Take {}.into(),
            9 => floor::Command::Release {}.into(),
            10..15 => say(to, "words"),
            15 => chat::Command::Silence { who }.into(),
            16 => chat::Command::Unsilence { who }.into(),
            17..22 => open(kind),
            22 => track::Command::Close { track }.into(),
            23 => track::Command::Pause { track }.into(),
            24 => track::Command::Resume { track }.into(),
            25 => track::Command::Mute { who }.into(),
            26 => track::Command::Unmute { who }.into(),
            27 => hand::Command::Lower {}.into(),
            28 => hand::Command::LowerOf { who }.into(),
            29 => lock::Command::Lock {}.into(),
            30 => lock::Command::Unlock {}.into(),
            _ if self.dice.below(2) == 0 => recording::Command::Start {}.into(),
            _ => recording::Command::Stop {}.into(),
        }
    }
}

fn open(kind: track::Kind) -> Command {
    track::Command::Open { kind, codec: "vp8".to_owned(), width: 640, height: 480 }.into()
}
