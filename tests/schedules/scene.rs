//! The scene: a session, its threads, and what must hold when all of them have ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Ask, Directory, Effect, Limits, ReplyTo, Shard, Wish};
use convoke_fanout::{Pool, PoolLimits};
use convoke_journal::{Journal, LogReader, Memory};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::life::Creation;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::roster::{self, Entering};
use convoke_model::meeting::{Command, Event, chat};
use convoke_model::policy::{Question, record};
use convoke_model::text::{Name, Topic};
use convoke_model::view::session::SessionView;
use convoke_model::{AccountId, ClientId, MeetingId, Millis, SessionNumber, StreamId};
use convoke_tests::history::{self, History};
use convoke_wire::codec::decode;
use convoke_wire::entry::{self, CHAIN_START, EntryRef, Hash};
use shuttle::sync::mpsc;
use shuttle::thread;

use crate::bug::Bug;
use crate::core::{self, Core};
use crate::mailbox::{Mailbox, ToCore};
use crate::people::{Client, Clock, Listener, Story};

pub(crate) const NOW: Millis = Millis(1_785_000_000_000);
pub(crate) const SESSION: SessionNumber = SessionNumber(1);
const CLIENTS: u32 = 3;

pub(crate) fn meeting() -> MeetingId {
    MeetingId::new(88_137_455).expect("eight digits")
}

pub(crate) fn stream() -> StreamId {
    StreamId::session(meeting(), SESSION)
}

fn shard(epoch: u32, pool: &Pool) -> Shard {
    // Small turns, so that several are in flight and wait for each other.
    let limits = Limits { turn_asks_max: 2, ..Limits::DEFAULT };
    let pool = pool.clone();
    Shard::new(epoch, [7; 32], false, pool, limits, Arc::new(Directory::default()))
}

/// A session with its people in it, before any thread runs.
fn open(shard: &mut Shard, journal: &mut Memory) {
    let ask = |wish| Ask { reply: ReplyTo::Nobody, by: AccountId(1).into(), request: None, wish };
    shard.submit(ask(Wish::Create(Box::new(Creation {
        meeting: meeting(),
        owner: AccountId(1),
        kind: MeetingType::Interactive,
        topic: Topic::new("Schedules").expect("a topic"),
        has_password: false,
        plan: None,
    }))));
    let policies = Recorded::new(Builtin, || Duration::ZERO);
    shard.submit(ask(Wish::Open {
        meeting: meeting(),
        host: AccountId(1),
        participants_max: 10,
        record: Box::new(
            policies
                .decide(Question::Record(record::Question { meeting: meeting(), around: None })),
        ),
    }));
    for number in 1..=u64::from(CLIENTS) {
        let entering = Entering {
            client: ClientId(number),
            name: Name::new("Somebody").expect("a name"),
            account: None,
            family: number,
            ticket: number,
            grant: Grant::of(Role::Attendee),
            lobby: false,
        };
        let command = Command::Roster(roster::Command::Enter(entering));
        shard.submit(Ask::server(Wish::Session(meeting(), SESSION, command)));
    }
    let mut effects: Vec<Effect> = Vec::new();
    while !shard.is_idle() {
        if let Some(batch) = shard.turn(NOW) {
            journal.append(&[&batch.bytes]).expect("entries that fit");
            shard.durable(batch.turn);
        }
        shard.settle(&mut effects);
    }
}

/// Plays the scene once, in the order of steps that shuttle chooses. Panics when something does
/// not hold.
pub(crate) fn play(bug: Option<Bug>) {
    let mut journal = Memory::new();
    let pool = Pool::new(PoolLimits::default());
    let mut shard = shard(journal.epoch(), &pool);
    open(&mut shard, &mut journal);
    let log = journal.reader();
    let clock = Clock::default();
    let mailbox = Arc::new(Mailbox::new(bug));

    let live = shard.session(meeting(), SESSION).expect("it was opened");
    let mut listener = Listener {
        lane: live.lanes.facts().clone(),
        slot: pool.pin_slot().expect("a place"),
        position: 0,
        log: log.clone(),
        clock: clock.clone(),
        heard: Vec::new(),
    };
    let mut replies = BTreeMap::new();
    let mut clients = Vec::new();
    for who in 1..=CLIENTS {
        let (answers, waits) = mpsc::channel();
        replies.insert(u64::from(who), answers);
        let client = Client {
            who,
            mailbox: mailbox.clone(),
            replies: waits,
            log: log.clone(),
            clock: clock.clone(),
            bug,
            story: Story::default(),
        };
        clients.push(thread::spawn(move || client.live()));
    }
    let (orders, waiting) = mpsc::channel();
    let committer = thread::spawn(move || core::commit(journal, waiting, bug));
    let core = Core { shard, mailbox: mailbox.clone(), orders, clients: replies, bug };
    let core = thread::spawn(move || core.run());
    let listening = thread::spawn(move || listener.live());

    let stories: Vec<Story> =
        clients.into_iter().map(|client| client.join().expect("no panic")).collect();
    mailbox.send(ToCore::Stop);
    let shard = core.join().expect("no panic");
    committer.join().expect("no panic");
    listener = listening.join().expect("no panic");
    listener.look();
    check(&*log, &shard, stories, listener);
}

/// What must hold in the end.
fn check(log: &dyn LogReader, live: &Shard, stories: Vec<Story>, listener: Listener) {
    let kept = Kept::read(log);
    let mut requests = Vec::new();
    for Story { requests: own, receipts } in stories {
        let places = own.iter().map(|request| {
            let found = kept.texts.iter().find(|(_, text)| **text == request.text);
            found.map(|(&seq, _)| seq)
        });
        assert!(places.is_sorted(), "a client's own requests were reordered");
        for receipt in receipts {
            let hash = kept.hashes.get(&receipt.position.seq);
            assert_eq!(hash, Some(&receipt.hash), "a receipt that the log does not keep");
        }
        requests.extend(own);
    }
    assert_eq!(listener.heard.len(), kept.texts.len(), "all was published once");
    let observers = vec![listener.heard];
    let history = History { log: kept.texts, requests, observers };
    assert_eq!(history::faults(&history), Vec::<String>::new());

    let live = live.session(meeting(), SESSION).expect("still open");
    assert_eq!(kept.view.canonical(), live.view.canonical(), "the log folds to the live view");
    assert_eq!(live.tail(), live.durable(), "all that was decided is durable");
    let mut again = shard(log.head().epoch, &Pool::new(PoolLimits::default()));
    again.load(log, |_| true).expect("the log is whole");
    let again = again.session(meeting(), SESSION).expect("still open");
    assert_eq!(again.durable(), live.durable(), "a restart stands where this ended");
    assert_eq!(again.view.canonical(), live.view.canonical(), "a restart sees the same");
}

/// What the log holds of the session.
struct Kept {
    texts: BTreeMap<u64, String>,
    hashes: BTreeMap<u64, Hash>,
    view: SessionView,
}

impl Kept {
    fn read(log: &dyn LogReader) -> Self {
        let mut kept =
            Self { texts: BTreeMap::new(), hashes: BTreeMap::new(), view: SessionView::default() };
        let mut hash = CHAIN_START;
        let run = log.read(stream(), 1, usize::MAX).expect("a log in memory");
        for (stored, bytes) in run.iter() {
            let found = EntryRef::read(bytes).expect("an entry");
            hash = entry::chain(&hash, &found.leaf());
            kept.hashes.insert(stored.seq, hash);
            let record = decode::<Event>(&found).expect("a fact");
            kept.view.apply(&record);
            if let Event::Chat(chat::Event::Said { text, .. }) = record.event {
                kept.texts.insert(stored.seq, text.as_str().to_owned());
            }
        }
        kept
    }
}
