//! People who talk, lose their server and come back; each is a thread with a client half.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use convoke_model::Position;
use convoke_model::meeting::chat::{self, To};
use convoke_model::meeting::{Command, Event};
use convoke_model::text::ChatText;
use convoke_tests::client::Socket;
use convoke_tests::history::{Heard, Outcome, Request};
use convoke_wire::Hash;
use convoke_wire::codec::decode;
use convoke_wire::entry::EntryRef;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::message::ReplyResult;

/// Requests on the way at once.
const WINDOW: usize = 4;
/// How long somebody may take to get all answers at the end.
const FINISH_WAIT: Duration = Duration::from_secs(60);

/// What somebody lived through.
pub(crate) struct Story {
    pub(crate) name: String,
    /// What the server accepted of them, with the seq that the receipt names.
    pub(crate) accepted: BTreeMap<String, Option<u64>>,
    /// What they heard, by seq.
    pub(crate) heard: BTreeMap<u64, String>,
    /// All they asked for, with the times of it.
    pub(crate) requests: Vec<Request<Instant>>,
    /// All they heard, in the order and with the times in which it came.
    pub(crate) came: Vec<Heard<Instant>>,
    pub(crate) place: Position,
    pub(crate) chain: Hash,
}

impl Story {
    /// The last fact they know of: an answer may come before the fact that it speaks of.
    pub(crate) fn last(&self) -> u64 {
        let accepted = self.accepted.values().flatten().max().copied();
        self.place.seq.max(accepted.unwrap_or(0))
    }
}

/// Somebody in the meeting.
pub(crate) struct Person {
    quiet: Arc<AtomicBool>,
    until: mpsc::Sender<u64>,
    thread: JoinHandle<Story>,
}

impl Person {
    /// Enters and listens. Returns when they are in.
    pub(crate) fn enter(address: SocketAddr, name: &str, ticket: String) -> Self {
        let quiet = Arc::new(AtomicBool::new(true));
        let (until, wanted) = mpsc::channel();
        let (entered, is_in) = mpsc::channel();
        let life = Life {
            address,
            half: ClientHalf::new(ticket, "kill9".to_owned()),
            asked: BTreeMap::new(),
            said: 0,
            quiet: Arc::clone(&quiet),
            entered,
            story: Story {
                name: name.to_owned(),
                accepted: BTreeMap::new(),
                heard: BTreeMap::new(),
                requests: Vec::new(),
                came: Vec::new(),
                place: Position::default(),
                chain: [0; 32],
            },
        };
        let thread = std::thread::spawn(move || life.live(&wanted));
        let came = is_in.recv_timeout(Duration::from_secs(10));
        assert!(came.is_ok(), "{name} did not get in");
        Self { quiet, until, thread }
    }

    /// Talks from now on.
    pub(crate) fn talk(&self) {
        self.quiet.store(false, Ordering::SeqCst);
    }

    /// Falls silent, waits for all answers, and tells.
    pub(crate) fn finish(self) -> Story {
        self.finish_at(0)
    }

    /// The same, having heard everything up to `seq`.
    pub(crate) fn finish_at(self, seq: u64) -> Story {
        self.quiet.store(true, Ordering::SeqCst);
        // A thread that has panicked does not listen; the join below says why.
        let _ = self.until.send(seq);
        self.thread.join().expect("a person lives through it")
    }
}

struct Life {
    address: SocketAddr,
    half: ClientHalf,
    /// Which of the story's requests a number on the wire stands for.
    asked: BTreeMap<u64, usize>,
    said: u64,
    quiet: Arc<AtomicBool>,
    entered: mpsc::Sender<()>,
    story: Story,
}

impl Life {
    fn live(mut self, wanted: &mpsc::Receiver<u64>) -> Story {
        let mut until = None;
        let mut deadline = None;
        loop {
            // A lost connection is what this test is about: try again, with the same half.
            let _ = self.connection(wanted, &mut until, &mut deadline);
            if self.is_done(until) {
                self.story.place = self.half.position();
                self.story.chain = self.half.hash();
                return self.story;
            }
            let name = &self.story.name;
            let late = deadline.is_some_and(|at| Instant::now() > at);
            assert!(!late, "{name}: {} requests unanswered", self.half.unanswered());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn is_done(&self, until: Option<u64>) -> bool {
        let heard = until.is_some_and(|seq| self.half.position().seq >= seq);
        heard && self.half.unanswered() == 0
    }

    fn connection(
        &mut self,
        wanted: &mpsc::Receiver<u64>,
        until: &mut Option<u64>,
        deadline: &mut Option<Instant>,
    ) -> io::Result<()> {
        let mut socket = Socket::connect(self.address)?;
        socket.send(&self.half.hello())?;
        let mut ready = false;
        loop {
            if let Ok(seq) = wanted.try_recv() {
                *until = Some(seq);
                *deadline = Some(Instant::now() + FINISH_WAIT);
            }
            if self.is_done(*until) || deadline.is_some_and(|at| Instant::now() > at) {
                return Ok(());
            }
            let quiet = self.quiet.load(Ordering::SeqCst);
            while ready && !quiet && self.half.unanswered() < WINDOW {
                let message = self.talk();
                socket.send(&message)?;
            }
            let Some(message) = socket.receive()? else { continue };
            if self.take(&message)? {
                ready = true;
                for again in self.half.repeat() {
                    socket.send(&again)?;
                }
                // Nobody waits for this any more once everybody is in.
                let _ = self.entered.send(());
            }
        }
    }

    fn talk(&mut self) -> Vec<u8> {
        self.said += 1;
        let text = format!("{}-{}", self.story.name, self.said);
        let typed = ChatText::new(&text).expect("a short text");
        let say = chat::Command::Say { to: To::Everyone, text: typed };
        let (n, message) = self.half.request(Command::Chat(say));
        self.asked.insert(n, self.story.requests.len());
        let sent = Instant::now();
        self.story.requests.push(Request { text, sent, outcome: Outcome::Unanswered });
        message
    }

    /// Takes in one message; says whether the way is open now.
    fn take(&mut self, message: &[u8]) -> io::Result<bool> {
        let broken = |what| io::Error::new(io::ErrorKind::InvalidData, format!("{what:?}"));
        match self.half.handle(message).map_err(broken)? {
            Some(Output::Fact(bytes)) => {
                let entry = EntryRef::read(&bytes).expect("the half has read it");
                let seq = entry.header.seq;
                let record = decode::<Event>(&entry).expect("facts can be read");
                if let Event::Chat(chat::Event::Said { text, .. }) = record.event {
                    let came = Heard { seq, text: text.as_str().to_owned(), at: Instant::now() };
                    self.story.came.push(came);
                    let old = self.story.heard.insert(seq, text.as_str().to_owned());
                    assert_eq!(old, None, "{seq} twice");
                }
                Ok(false)
            }
            Some(Output::Reply(n, ReplyResult::Accepted(receipt))) => {
                assert!(receipt.durable, "the default promises durability");
                let at = Instant::now();
                if let Some(request) = self.asked.remove(&n) {
                    let request = &mut self.story.requests[request];
                    request.outcome = Outcome::Accepted(at, receipt.seq);
                    self.story.accepted.insert(request.text.clone(), Some(receipt.seq));
                }
                Ok(false)
            }
            Some(Output::Reply(n, ReplyResult::Refused { code, sentence })) => {
                let at = Instant::now();
                let request = self.asked.remove(&n).expect("nobody is answered twice");
                let request = &mut self.story.requests[request];
                // Carried out before, though its answer is no longer kept.
                assert_eq!(code, "already_done", "{}: {sentence}", request.text);
                request.outcome = Outcome::Done(at);
                self.story.accepted.insert(request.text.clone(), None);
                Ok(false)
            }
            Some(Output::Bye(code, reason, _)) => {
                assert!(code == 1001, "{} was sent away: {code} {reason}", self.story.name);
                Ok(false)
            }
            Some(Output::Snapshot(_) | Output::Resumed) => Ok(true),
            _ => Ok(false),
        }
    }
}
