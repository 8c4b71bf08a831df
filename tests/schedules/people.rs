//! The threads outside: clients that ask and wait, and one who listens to the facts lane.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use convoke_engine::{Answer, Ask, ReplyTo, Wish};
use convoke_fanout::{Lane, PinSlot, frame};
use convoke_journal::LogReader;
use convoke_model::meeting::{Command, Event, chat, hand};
use convoke_model::text::ChatText;
use convoke_model::{ClientId, ParticipantId, Refusal};
use convoke_tests::history::{Heard, Outcome, Request};
use convoke_wire::codec::decode;
use convoke_wire::entry::EntryRef;
use convoke_wire::{message, short};
use shuttle::sync::mpsc::Receiver;
use shuttle::thread;

use crate::bug::Bug;
use crate::core::Reply;
use crate::mailbox::{Mailbox, ToCore};
use crate::scene::{SESSION, meeting, stream};

/// How often the listener looks while the others are busy.
const LOOKS: usize = 6;

/// Real time: shuttle runs one thread at once, so that counting is a clock.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// One client.
pub(crate) struct Client {
    pub(crate) who: u32,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) replies: Receiver<Reply>,
    pub(crate) log: Arc<dyn LogReader>,
    pub(crate) clock: Clock,
    pub(crate) bug: Option<Bug>,
    pub(crate) story: Story,
}

/// What a client lived through.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) requests: Vec<Request<u64>>,
    pub(crate) receipts: Vec<Answer>,
}

impl Client {
    /// Two messages at once and the first again, as after a cut link; a hand twice, which is
    /// refused the second time; one more message.
    pub(crate) fn live(mut self) -> Story {
        self.say(1);
        self.say(2);
        self.repeat(1);
        let first = self.accepted(1);
        self.accepted(2);
        let again = self.accepted(1);
        // While its facts are on their way to the log, it names the last one decided instead.
        assert!(again.position >= first.position, "the second receipt covers the request too");
        self.ask(3, Command::Hand(hand::Command::Raise {}), true);
        self.ask(4, Command::Hand(hand::Command::Raise {}), true);
        self.accepted(3);
        assert_eq!(self.reply(4), Err(Refusal::AlreadyDone));
        self.say(5);
        self.accepted(5);
        self.story
    }

    fn text(&self, n: u64) -> String {
        format!("{}-{n}", self.who)
    }

    fn said(&self, n: u64) -> Command {
        let text = ChatText::new(&self.text(n)).expect("a short text");
        Command::Chat(chat::Command::Say { to: chat::To::Everyone, text })
    }

    fn say(&mut self, n: u64) {
        let (text, sent) = (self.text(n), self.clock.now());
        self.story.requests.push(Request { text, sent, outcome: Outcome::Unanswered });
        self.ask(n, self.said(n), true);
    }

    fn repeat(&self, n: u64) {
        self.ask(n, self.said(n), self.bug != Some(Bug::RepeatUnknown));
    }

    fn ask(&self, n: u64, command: Command, known: bool) {
        let who = u64::from(self.who);
        self.mailbox.send(ToCore::Ask(Ask {
            reply: ReplyTo::Connection(who, n),
            by: ParticipantId(self.who).into(),
            request: known.then_some((ClientId(who), n)),
            wish: Wish::Session(meeting(), SESSION, command),
        }));
    }

    fn reply(&self, n: u64) -> Result<Answer, Refusal> {
        let (answered, reply) = self.replies.recv().expect("the core answers before it ends");
        assert_eq!(answered, n, "answers come once each, in the order of the requests");
        reply
    }

    fn accepted(&mut self, n: u64) -> Answer {
        let answer = self.reply(n).expect("nothing is in the way");
        let at = self.clock.now();
        let (seq, tail) = (answer.position.seq, self.log.tail(stream()).seq);
        assert!(seq <= tail, "{n} was answered with {seq}, and {tail} is the last durable one");
        let text = self.text(n);
        let known = self.story.requests.iter_mut().find(|request| request.text == text);
        if let Some(request) = known.filter(|known| known.outcome == Outcome::Unanswered) {
            request.outcome = Outcome::Accepted(at, seq);
        }
        self.story.receipts.push(answer);
        answer
    }
}

/// One who listens.
pub(crate) struct Listener {
    pub(crate) lane: Lane,
    pub(crate) slot: PinSlot,
    pub(crate) position: u64,
    pub(crate) log: Arc<dyn LogReader>,
    pub(crate) clock: Clock,
    pub(crate) heard: Vec<Heard<u64>>,
}

impl Listener {
    /// Looks a few times, whenever the schedule lets it.
    pub(crate) fn live(mut self) -> Self {
        for _ in 0..LOOKS {
            self.look();
            thread::yield_now();
        }
        self
    }

    /// Takes in what is published: all of it must be in the log, byte for byte.
    pub(crate) fn look(&mut self) {
        let pin = self.slot.pin();
        let span = self.lane.read(self.position, &pin).expect("the lane is long enough");
        let bytes: Vec<u8> = span.slices().flatten().copied().collect();
        self.position = span.end();
        drop(pin);
        let at = self.clock.now();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let length = frame::length(rest).expect("a whole frame");
            let (whole, more) = rest.split_at(usize::try_from(length).expect("small"));
            let message = &whole[if whole[1] == 126 { 4 } else { 2 }..];
            match short::whole(stream(), message) {
                Ok(whole) => self.hear(&EntryRef::read(&whole).expect("an entry"), at),
                // The place of a fact that is not for everybody.
                Err(_) => {
                    let (seq, _) = message::read_withheld(message).expect("nothing else is sent");
                    self.is_durable(seq);
                }
            }
            rest = more;
        }
    }

    fn is_durable(&self, seq: u64) {
        let tail = self.log.tail(stream()).seq;
        assert!(seq <= tail, "{seq} was published, and {tail} is the last durable one");
    }

    fn hear(&mut self, entry: &EntryRef<'_>, at: u64) {
        let seq = entry.header.seq;
        self.is_durable(seq);
        let run = self.log.read(stream(), seq, 1).expect("a log in memory");
        assert_eq!(run.bytes, entry.bytes, "{seq} is another one in the log");
        let record = decode::<Event>(entry).expect("a fact");
        if let Event::Chat(chat::Event::Said { text, .. }) = record.event {
            self.heard.push(Heard { seq, text: text.as_str().to_owned(), at });
        }
    }
}
