//! Turns and what leaves them: limits, order, receipts, audiences, catching up, recovery.

use std::sync::Arc;
use std::time::Duration;

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{
    Answer, Ask, Batch, Directory, Effect, Limits, ReplyTo, Shard, Wish, catch_up,
};
use convoke_fanout::{Pool, PoolLimits};
use convoke_journal::{Error, Head, Journal, LogReader, Memory, Run, Tail};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::life::Creation;
use convoke_model::meeting::lifecycle::{self, MeetingType};
use convoke_model::meeting::roster::{self, Entering};
use convoke_model::meeting::{Command, chat, hand};
use convoke_model::policy::{Question, record};
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::{self, accounts, settings};
use convoke_model::text::{ChatText, Name, Topic};
use convoke_model::view::session::Viewer;
use convoke_model::{
    AccountId, Actor, Audience, ClientId, MeetingId, Millis, ParticipantId, Refusal, SessionNumber,
    StreamId,
};
use convoke_wire::entry::{CHAIN_START, EntryRef, HEADER_BYTES};
use convoke_wire::short;

const NOW: Millis = Millis(1_785_000_000_000);
const SESSION: SessionNumber = SessionNumber(1);

fn meeting() -> MeetingId {
    MeetingId::new(88_137_455).expect("eight digits")
}

fn shard(epoch: u32, limits: Limits, directory: Arc<Directory>) -> Shard {
    Shard::new(epoch, [7; 32], true, Pool::new(PoolLimits::default()), limits, directory)
}

/// A shard and its journal.
struct Stage {
    shard: Shard,
    journal: Memory,
    personal: Vec<(Audience, Actor)>,
    answers: Vec<(u64, Result<Answer, Refusal>)>,
}

impl Stage {
    /// A session with a host (1), an attendee (2) and a viewer (3).
    fn open(limits: Limits) -> Self {
        Self::beside(limits, Arc::default())
    }

    /// The same, of a server whose other shards keep the same directory.
    fn beside(limits: Limits, directory: Arc<Directory>) -> Self {
        let journal = Memory::new();
        let shard = shard(journal.epoch(), limits, directory);
        let mut stage = Self { shard, journal, personal: Vec::new(), answers: Vec::new() };
        let creation = Creation {
            meeting: meeting(),
            owner: AccountId(1),
            kind: MeetingType::Interactive,
            topic: Topic::new("Turns").expect("a topic"),
            has_password: false,
            plan: None,
        };
        let by = AccountId(1).into();
        let ask = |wish| Ask { reply: ReplyTo::Nobody, by, request: None, wish };
        stage.shard.submit(ask(Wish::Create(Box::new(creation))));
        let policies = Recorded::new(Builtin, || Duration::ZERO);
        stage.shard.submit(ask(Wish::Open {
            meeting: meeting(),
            host: AccountId(1),
            participants_max: 10,
            record: Box::new(
                policies.decide(Question::Record(record::Question {
                    meeting: meeting(),
                    around: None,
                })),
            ),
        }));
        stage.run();
        for (number, role) in [(1, Role::Host), (2, Role::Attendee), (3, Role::Viewer)] {
            stage.enter(number, role, false);
        }
        stage.run();
        stage.answers.clear();
        stage
    }

    fn enter(&mut self, number: u64, role: Role, lobby: bool) {
        let entering = Entering {
            client: ClientId(number),
            name: Name::new("Somebody").expect("a name"),
            account: None,
            family: number,
            ticket: number,
            grant: Grant::of(role),
            lobby,
        };
        let command = Command::Roster(roster::Command::Enter(entering));
        let reply = ReplyTo::Connection(0, number);
        let wish = Wish::Session(meeting(), SESSION, command);
        self.shard.submit(Ask { reply, ..Ask::server(wish) });
    }

    /// What came of what was asked, since this was called last.
    fn told(&mut self) -> Vec<Option<Refusal>> {
        self.run();
        self.answers.drain(..).map(|(_, answer)| answer.err()).collect()
    }

    fn ask(&mut self, who: u32, n: u64, command: Command) {
        self.shard.submit(Ask {
            reply: ReplyTo::Connection(u64::from(who), n),
            by: ParticipantId(who).into(),
            request: Some((ClientId(u64::from(who)), n)),
            wish: Wish::Session(meeting(), SESSION, command),
        });
    }

    fn say(&mut self, n: u64, to: chat::To) {
        let text = ChatText::new(&format!("said {n}")).expect("a text");
        self.ask(2, n, Command::Chat(chat::Command::Say { to, text }));
    }

    fn append(&mut self, batch: &Batch) {
        self.journal.append(&[&batch.bytes]).expect("entries that fit");
    }

    fn settle(&mut self) {
        let mut effects = Vec::new();
        self.shard.settle(&mut effects);
        for effect in effects {
            match effect {
                Effect::Answer(ReplyTo::Connection(_, n), answer) => self.answers.push((n, answer)),
                Effect::Personal(_, _, _, audience, actor) => self.personal.push((audience, actor)),
                _ => {}
            }
        }
    }

    fn run(&mut self) {
        while !self.shard.is_idle() {
            if let Some(batch) = self.shard.turn(NOW) {
                self.append(&batch);
                self.shard.durable(batch.turn);
            }
            self.settle();
        }
    }

    fn durable_seq(&self) -> u64 {
        self.shard.session(meeting(), SESSION).map_or(0, |live| live.durable().0.seq)
    }

    fn hash_in_log(&self, seq: u64) -> [u8; 32] {
        let stream = StreamId::session(meeting(), SESSION);
        let viewer = Viewer::Auditor;
        let log = self.journal.reader();
        let read = catch_up::read(&*log, stream, viewer, (1, seq), CHAIN_START, 1 << 20);
        let stretch = read.expect("the log is whole");
        assert_eq!(stretch.to, seq);
        stretch.hash
    }
}

fn raise() -> Command {
    Command::Hand(hand::Command::Raise {})
}

#[test]
fn no_more_turns_fly_than_allowed_and_they_settle_in_order() {
    let limits = Limits { turn_asks_max: 1, turns_in_flight_max: 2, ..Limits::DEFAULT };
    let mut stage = Stage::open(limits);
    for n in 1..=3 {
        stage.say(n, chat::To::Everyone);
    }
    let first = stage.shard.turn(NOW).expect("a turn");
    let second = stage.shard.turn(NOW).expect("two may fly");
    assert!(stage.shard.turn(NOW).is_none(), "a third one may not");
    let before = stage.durable_seq();
    stage.append(&first);
    stage.append(&second);
    stage.shard.durable(second.turn);
    stage.settle();
    assert!(stage.answers.is_empty(), "the first turn is not known to be durable");
    assert_eq!(stage.durable_seq(), before, "nothing was published");
    stage.shard.durable(first.turn);
    stage.settle();
    let answered: Vec<u64> = stage.answers.iter().map(|&(n, _)| n).collect();
    assert_eq!(answered, [1, 2]);
    assert_eq!(stage.durable_seq(), before + 2);
    assert!(stage.shard.turn(NOW).is_some(), "there is room again");
}

#[test]
fn a_refusal_waits_for_the_turns_it_rests_on() {
    let mut stage = Stage::open(Limits { turn_asks_max: 1, ..Limits::DEFAULT });
    stage.ask(2, 1, raise());
    stage.ask(2, 2, raise());
    let granted = stage.shard.turn(NOW).expect("a fact");
    assert!(stage.shard.turn(NOW).is_none(), "a refusal needs no commit");
    stage.settle();
    assert!(stage.answers.is_empty(), "it speaks of a hand that nobody may know of yet");
    stage.append(&granted);
    stage.shard.durable(granted.turn);
    stage.settle();
    assert!(matches!(stage.answers[0], (1, Ok(_))));
    assert_eq!(stage.answers[1], (2, Err(Refusal::AlreadyDone)));
}

#[test]
fn a_repeated_request_gets_a_true_receipt_while_its_facts_are_in_flight() {
    let mut stage = Stage::open(Limits::DEFAULT);
    stage.say(1, chat::To::Everyone);
    stage.say(2, chat::To::Everyone);
    stage.say(1, chat::To::Everyone);
    stage.run();
    assert_eq!(stage.answers.len(), 3);
    for (n, answer) in &stage.answers {
        let answer = answer.expect("granted");
        assert_eq!(answer.hash, stage.hash_in_log(answer.position.seq), "request {n}");
    }
    let view = &stage.shard.session(meeting(), SESSION).expect("open").view;
    assert_eq!(view.said, 2);
}

#[test]
fn a_request_is_known_again_after_a_restart() {
    let mut stage = Stage::open(Limits::DEFAULT);
    stage.say(1, chat::To::Everyone);
    stage.run();
    let journal = stage.journal.take_over();
    let limits = Limits { recent_facts_max: 1, ..Limits::DEFAULT };
    let mut shard = shard(journal.epoch(), limits, Arc::default());
    shard.load(&*journal.reader(), |_| true).expect("the log is whole");
    let before = stage.answers.remove(0).1.expect("granted");
    let mut stage = Stage { shard, journal, personal: Vec::new(), answers: Vec::new() };
    // Two more facts, so that the place of the first one is no longer remembered.
    stage.say(2, chat::To::Everyone);
    stage.say(3, chat::To::Everyone);
    stage.run();
    stage.say(1, chat::To::Everyone);
    stage.run();
    let again = stage.answers.pop().expect("an answer").1.expect("granted");
    assert!(again.position.seq >= before.position.seq, "the receipt covers its facts");
    assert_eq!(again.hash, stage.hash_in_log(again.position.seq));
    let view = &stage.shard.session(meeting(), SESSION).expect("open").view;
    assert_eq!(view.said, 3, "said once, over the restart");
}

#[test]
fn the_seats_of_the_site_hold_over_all_shards_and_a_restart() {
    let directory = Arc::new(Directory::default());
    let mut one = Stage::beside(Limits::DEFAULT, Arc::clone(&directory));
    let mut other = Stage::beside(Limits::DEFAULT, Arc::clone(&directory));
    assert_eq!((directory.people(), directory.is_full()), (6, false));
    let part = settings::Part::Limits(settings::Limits { rooms: 0, participants: 7 });
    let set = site::Command::Settings(settings::Command::Set { part, reason: None });
    one.shard.submit(Ask::server(Wish::Site(set)));
    assert_eq!(one.told(), []);

    // Nothing is durable yet when the next one asks, at the other shard.
    one.enter(4, Role::Attendee, false);
    let batch = one.shard.turn(NOW).expect("a turn");
    other.enter(4, Role::Viewer, false);
    other.enter(5, Role::Attendee, true);
    other.enter(6, Role::Host, false);
    assert_eq!(other.told(), [Some(Refusal::SiteFull), None, None], "a host always comes in");
    assert_eq!((directory.people(), directory.is_full()), (8, true));
    one.append(&batch);
    one.shard.durable(batch.turn);
    assert_eq!(one.told(), [None]);

    // Who waits in the lobby has no seat yet.
    let waits = ParticipantId(4);
    other.ask(1, 1, Command::Roster(roster::Command::Admit { who: waits }));
    assert_eq!(other.told(), [Some(Refusal::SiteFull)]);
    other.ask(5, 1, Command::Roster(roster::Command::Leave {}));
    one.ask(2, 1, Command::Roster(roster::Command::Leave {}));
    other.ask(1, 2, Command::Roster(roster::Command::Admit { who: waits }));
    assert_eq!((other.told(), directory.people()), (vec![None, Some(Refusal::SiteFull)], 7));
    assert_eq!((one.told(), directory.people()), (vec![None], 6));
    other.ask(1, 3, Command::Roster(roster::Command::Admit { who: waits }));
    assert_eq!((other.told(), directory.people()), (vec![None], 7));

    let counted = Arc::new(Directory::default());
    let mut again = shard(2, Limits::DEFAULT, Arc::clone(&counted));
    again.load(&*other.journal.reader(), |_| true).expect("the log is whole");
    assert_eq!(counted.people(), 4);
    other.ask(1, 4, Command::Lifecycle(lifecycle::Command::End {}));
    assert_eq!((other.told(), directory.people()), (vec![None], 3));
}

/// Seq of each whole entry and of each place marked in frames.
fn told(frames: &[u8]) -> Vec<(bool, u64)> {
    let mut told = Vec::new();
    let mut rest = frames;
    while !rest.is_empty() {
        let len = convoke_fanout::frame::length(rest).expect("a whole frame");
        let (frame, more) = rest.split_at(usize::try_from(len).expect("small"));
        let message = &frame[if frame[1] == 126 { 4 } else { 2 }..];
        let stream = StreamId::session(meeting(), SESSION);
        let whole = short::whole(stream, message);
        match EntryRef::read(whole.as_deref().unwrap_or(message)) {
            Ok(entry) => told.push((true, entry.header.seq)),
            Err(_) => {
                let withheld = convoke_wire::message::read_withheld(message);
                told.push((false, withheld.expect("nothing else is sent").0));
            }
        }
        rest = more;
    }
    told
}

#[test]
fn what_is_caught_up_is_what_lanes_and_personal_entries_carry() {
    let mut stage = Stage::open(Limits::DEFAULT);
    let from = stage.durable_seq() + 1;
    stage.say(1, chat::To::Everyone);
    stage.say(2, chat::To::Hosts);
    stage.say(3, chat::To::One(ParticipantId(3)));
    stage.run();
    let two = Actor::Number(2);
    assert_eq!(stage.personal, [(Audience::Hosts, two), (Audience::One(ParticipantId(3)), two)]);
    let stream = StreamId::session(meeting(), SESSION);
    let log = stage.journal.reader();
    let all = (from, from + 2);
    let whole = |seq| (true, from + seq);
    let marked = |seq| (false, from + seq);
    for (who, role, expected) in [
        (1, Role::Host, vec![whole(0), whole(1), marked(1), marked(2)]),
        (2, Role::Attendee, vec![whole(0), whole(1), marked(1), whole(2), marked(2)]),
        (3, Role::Viewer, vec![whole(0), marked(1), whole(2), marked(2)]),
        (4, Role::Attendee, vec![whole(0), marked(1), marked(2)]),
    ] {
        let viewer = Viewer::Participant(ParticipantId(who), role);
        let hash = stage.hash_in_log(from - 1);
        let stretch = catch_up::read(&*log, stream, viewer, all, hash, 1 << 20);
        let stretch = stretch.expect("the log is whole");
        assert_eq!(told(&stretch.frames), expected, "{who} as {role:?}");
        assert_eq!(stretch.hash, stage.hash_in_log(from + 2), "the chain goes on for everybody");
    }
    // The lanes carry the same: everybody's facts and places, and hosts' facts on the side.
    let live = stage.shard.session(meeting(), SESSION).expect("open");
    assert!(live.lanes.hosts().head() > 0);
    assert!(live.lane_after(from - 1).is_some());
}

/// A log in which one payload was overwritten.
struct Erased(Arc<dyn LogReader>, u64);

impl LogReader for Erased {
    fn tail(&self, stream: StreamId) -> Tail {
        self.0.tail(stream)
    }

    fn read(&self, stream: StreamId, from: u64, max: usize) -> Result<Run, Error> {
        let mut run = self.0.read(stream, from, max)?;
        for stored in run.entries.iter_mut().filter(|s| s.seq == self.1 && stream.session != 0) {
            run.bytes[stored.range.start + HEADER_BYTES..stored.range.end].fill(0);
            stored.erased = true;
        }
        Ok(run)
    }

    fn streams(&self) -> Vec<(StreamId, Tail)> {
        self.0.streams()
    }

    fn head(&self) -> Head {
        self.0.head()
    }
}

#[test]
fn an_erased_entry_leaves_its_place_and_the_chain_in_order() {
    let mut stage = Stage::open(Limits::DEFAULT);
    stage.say(1, chat::To::Everyone);
    let erased = stage.durable_seq() + 1;
    stage.say(2, chat::To::Everyone);
    stage.run();
    let before = stage.shard.session(meeting(), SESSION).expect("open").durable();
    let journal = stage.journal.take_over();
    let log = Erased(journal.reader(), erased);
    let mut shard = shard(journal.epoch(), Limits::DEFAULT, Arc::default());
    shard.load(&log, |_| true).expect("an erased entry is no damage");
    let live = shard.session(meeting(), SESSION).expect("still open");
    assert_eq!(live.durable(), before);
    assert!(live.view.chat.iter().all(|line| line.seq != erased), "its text is gone");
    let stream = StreamId::session(meeting(), SESSION);
    let viewer = Viewer::Participant(ParticipantId(1), Role::Host);
    let hash = stage.hash_in_log(erased - 1);
    let range = (erased, erased + 1);
    let stretch = catch_up::read(&log, stream, viewer, range, hash, 1 << 20).expect("readable");
    assert_eq!(told(&stretch.frames), [(false, erased), (true, erased + 1)]);
    assert_eq!(stretch.hash, stage.hash_in_log(erased + 1));
}

#[test]
fn what_the_hosts_account_does_not_cover_is_not_recorded() {
    let mut stage = Stage::open(Limits::DEFAULT);
    let site = |command| Ask::server(Wish::Site(site::Command::Accounts(command)));
    let email = accounts::Email::new("ann@example.org").expect("an address");
    let name = Name::new("Ann").expect("a name");
    let add = accounts::Command::Add { email, name, administrator: false, first: false };
    stage.shard.submit(site(add));
    let privileges = Privileges::EVERYDAY.without(Privilege::Record);
    let account = AccountId(1);
    stage.shard.submit(site(accounts::Command::SetPrivileges { account, privileges }));
    stage.run();
    let end = Command::Lifecycle(lifecycle::Command::End {});
    stage.shard.submit(Ask::server(Wish::Session(meeting(), SESSION, end)));
    stage.run();
    let policies = Recorded::new(Builtin, || Duration::ZERO);
    stage.shard.submit(Ask::server(Wish::Open {
        meeting: meeting(),
        host: AccountId(1),
        participants_max: 10,
        record: Box::new(
            policies
                .decide(Question::Record(record::Question { meeting: meeting(), around: None })),
        ),
    }));
    stage.run();
    let live = stage.shard.session(meeting(), SessionNumber(2)).expect("open");
    let opening = live.decided.lifecycle.opening().expect("opened");
    assert!(!opening.may_record && !opening.recording, "{opening:?}");
    assert!(!live.view.recording);
}
