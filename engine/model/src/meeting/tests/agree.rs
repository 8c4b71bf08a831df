//! What holds in every session whatever people wish: the rules' state and the view agree, a
//! filtered fold is the fold filtered, and joins and leaves balance.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Command, Event, chat, hand, recording, roster, track};
use super::random::{Dice, World};
use crate::grant::Role;
use crate::id::{Millis, ParticipantId};
use crate::record::{Actor, Proposal};
use crate::refusal::Refusal;
use crate::view::session::{CHAT_MAX, SessionView, Track, Viewer};

const SEEDS: u64 = 200;
const STEPS: u64 = 250;

#[test]
fn the_rules_and_the_view_agree_after_every_wish() {
    let (mut granted, mut most, mut controlled) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut world = World::of(seed);
        for _ in 0..STEPS {
            granted += u64::from(world.step());
            most = most.max(world.view.people.len());
            agree(&world, seed);
            let inputs = world.view.tracks.values().filter(|track| track.to.is_some());
            controlled += inputs.count();
        }
        world.end();
        agree(&world, seed);
    }
    // The dice must not have drawn nothing but refusals.
    assert!(granted > SEEDS * STEPS / 4, "only {granted} wishes were granted");
    assert!(most >= 12, "at most {most} people were there");
    assert!(controlled > 1_000, "there was input after {controlled} wishes only");
}

fn agree(world: &World, seed: u64) {
    let (session, view) = (&world.session, &world.view);
    let place = |place| {
        let people = session.roster.not_gone().filter(move |(_, p)| p.place == place);
        people.map(|(who, _)| who).collect::<BTreeSet<_>>()
    };
    let seen = |away| {
        let people = view.people.iter().filter(move |(_, p)| p.away == away);
        people.map(|(&who, _)| who).collect::<BTreeSet<_>>()
    };
    assert_eq!(place(roster::Place::Here), seen(false), "seed {seed}");
    assert_eq!(place(roster::Place::Away), seen(true), "seed {seed}");
    assert_eq!(place(roster::Place::Lobby), view.lobby.keys().copied().collect(), "seed {seed}");
    assert_eq!(session.roster.count() as usize, view.people.len(), "seed {seed}");
    for (&who, person) in &view.people {
        let known = session.roster.present(who).expect("the view has them");
        assert_eq!((known.grant.role, known.joined_seq), (person.role, person.joined));
    }
    assert_eq!(session.floor.presenter, view.presenter, "seed {seed}");
    assert_eq!(session.control.holder, view.controller, "seed {seed}");
    assert_eq!(session.lock.locked, view.locked, "seed {seed}");
    assert_eq!(session.recording.is_on(&session.lifecycle), view.recording, "seed {seed}");
    assert_eq!(session.lifecycle.is_open(), view.ended == Millis(0), "seed {seed}");
    let tracks = session.tracks.open().iter();
    let known: BTreeMap<_, _> =
        tracks.map(|(&id, t)| (id, (t.owner, t.kind, t.generation, t.paused))).collect();
    let tracks = view.tracks.iter();
    let shown: BTreeMap<_, _> =
        tracks.map(|(&id, t)| (id, (t.owner, t.kind, t.generation, t.paused))).collect();
    assert_eq!(known, shown, "seed {seed}");
    sound(view, seed);
    flags(world, seed);
}

/// What must never be seen.
fn sound(view: &SessionView, seed: u64) {
    assert!(view.presenter.is_none_or(|who| view.people.contains_key(&who)), "seed {seed}");
    if let Some(who) = view.controller {
        let presenter = view.presenter.expect("control is given by a presenter");
        let is_screen = |t: &Track| t.kind == track::Kind::Screen && !t.paused;
        let shown = |t: &Track| t.owner == presenter && is_screen(t);
        assert!(view.tracks.values().any(shown), "seed {seed}: control of nothing");
        assert!(view.people.contains_key(&who) && who != presenter, "seed {seed}: by nobody");
    }
    let mut kinds = BTreeSet::new();
    for track in view.tracks.values() {
        let owner = view.people.get(&track.owner).expect("what is shared has an owner who is here");
        assert!(kinds.insert((track.owner, track.kind)), "seed {seed}: two of a kind");
        let is_screen = track.kind == track::Kind::Screen;
        assert!(!is_screen || view.presenter == Some(track.owner), "seed {seed}: a stray screen");
        let is_input = track.kind == track::Kind::RemoteInput;
        assert_eq!(track.to, view.presenter.filter(|_| is_input), "seed {seed}: stray input");
        assert!(!is_input || view.controller == Some(track.owner), "seed {seed}: stray input");
        let is_microphone = track.kind == track::Kind::Microphone;
        assert!(
            !(is_microphone && owner.muted && !track.paused),
            "seed {seed}: heard though muted"
        );
        assert!(owner.role != Role::Viewer, "seed {seed}: a viewer shares");
    }
    let guests = view.people.values().filter(|person| person.role != Role::Host).count();
    assert!(guests <= 12, "seed {seed}: {guests} guests");
}

/// Mute, silence and hand have no public state: the rules tell by what they answer.
fn flags(world: &World, seed: u64) {
    if !world.session.lifecycle.is_open() {
        return;
    }
    let is_done = |command: Command| {
        let at = Millis(0);
        let proposal = Proposal { by: Actor::Server, at, request: None, command };
        world.session.decide(&proposal) == Err(Refusal::AlreadyDone)
    };
    for (&who, person) in &world.view.people {
        assert_eq!(is_done(track::Command::Mute { who }.into()), person.muted, "seed {seed}");
        assert_eq!(is_done(chat::Command::Silence { who }.into()), person.silenced, "seed {seed}");
        assert_eq!(is_done(hand::Command::LowerOf { who }.into()), person.hand == 0, "seed {seed}");
    }
}

#[test]
fn folding_what_somebody_may_see_is_seeing_the_fold() {
    let (mut compared, mut overflowed) = (0, 0);
    for seed in 0..SEEDS {
        let mut world = World::of(seed);
        let mut dice = Dice::of(!seed);
        let mut folds = Folds::default();
        for step in 0..STEPS {
            world.step();
            if step == STEPS - 50 {
                world.chatter(CHAT_MAX as u64 + 40);
            }
            folds.follow(&world);
            // Not everybody takes the snapshot as they join: some come back later without a place.
            if dice.below(3) == 0 {
                folds.begin(&world);
            }
            if dice.below(10) == 0 {
                overflowed += folds.compare(&world, seed);
                compared += folds.views.len();
            }
        }
    }
    assert!(
        compared > 10_000 && overflowed > 0,
        "{compared} compared, {overflowed} with more chat"
    );
}

/// What everybody in a session folds of what they are sent.
#[derive(Default)]
struct Folds {
    views: BTreeMap<ParticipantId, (Viewer, SessionView)>,
    taken: usize,
}

impl Folds {
    fn follow(&mut self, world: &World) {
        for (audience, record) in &world.log[self.taken..] {
            for (viewer, view) in self.views.values_mut() {
                if viewer.sees(*audience, record.actor) {
                    view.apply(record);
                }
            }
        }
        self.taken = world.log.len();
        self.views.retain(|who, _| world.view.people.contains_key(who));
    }

    fn begin(&mut self, world: &World) {
        for (&who, person) in &world.view.people {
            let viewer = Viewer::Participant(who, person.role);
            let snapshot = || (viewer, world.view.for_viewer(viewer));
            self.views.entry(who).or_insert_with(snapshot);
        }
    }

    fn compare(&self, world: &World, seed: u64) -> usize {
        let views = self.views.values();
        views.filter(|(viewer, view)| same(view, &world.view.for_viewer(*viewer), seed)).count()
    }
}

/// Equal but for chat lines that the one keeps and the other has dropped already; whether there
/// were any.
fn same(folded: &SessionView, filtered: &SessionView, seed: u64) -> bool {
    let beyond = folded.chat.len() - filtered.chat.len();
    assert!(folded.chat.len() <= CHAT_MAX, "seed {seed}");
    assert!(folded.chat.iter().skip(beyond).eq(filtered.chat.iter()), "seed {seed}: chat differs");
    let rest = |view: &SessionView| SessionView { chat: Default::default(), ..view.clone() };
    assert_eq!(rest(folded), rest(filtered), "seed {seed}");
    assert_eq!(folded.canonical(), filtered.canonical(), "seed {seed}");
    beyond > 0
}

#[test]
fn joins_and_leaves_and_all_that_was_opened_balance_at_the_end() {
    for seed in 0..SEEDS {
        let mut world = World::of(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.end();
        let mut here = BTreeSet::new();
        let mut open = BTreeSet::new();
        let mut hands = BTreeSet::new();
        for (_, record) in &world.log {
            match &record.event {
                Event::Roster(roster::Event::Entered { who, .. }) => assert!(here.insert(*who)),
                Event::Roster(roster::Event::Left { who, .. }) => assert!(here.remove(who)),
                Event::Track(track::Event::Opened { track, .. }) => assert!(open.insert(*track)),
                Event::Track(track::Event::Closed { track }) => assert!(open.remove(track)),
                Event::Hand(hand::Event::Raised { who }) => assert!(hands.insert(*who)),
                Event::Hand(hand::Event::Lowered { who }) => assert!(hands.remove(who)),
                _ => {}
            }
        }
        assert!(here.is_empty() && open.is_empty() && hands.is_empty(), "seed {seed}");
        assert_eq!(world.view.presenter, None, "seed {seed}");
        let sealed = world.log.iter().any(|(_, record)| {
            matches!(record.event, Event::Recording(recording::Event::MediaSealed(_)))
        });
        assert!(sealed || seed > 0, "the first seed seals");
    }
}

#[test]
fn the_same_seed_is_the_same_session() {
    let play = |seed| {
        let mut world = World::of(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.log
    };
    assert_eq!(play(17), play(17));
    assert_ne!(play(17), play(18));
    assert!(play(17).len() > 50, "something happened");
}
