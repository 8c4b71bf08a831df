//! The committer: order, batches, refusals, failures and hangs.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use convoke_journal::committer::{Committer, Ended, Fatal, Outcome, Settings};
use convoke_journal::conformance::{fact, stream};
use convoke_journal::disk::{Disk, Fault, FaultyDisk, PowerDisk};
use convoke_journal::journal::{Durable, LogReader};
use convoke_journal::{AppendError, Error, Journal, Memory, Opened, Options, Refused, open};

fn segments(disk: impl Disk + 'static) -> Box<dyn Journal> {
    match open(&Options::quiet(Path::new("/data"), Arc::new(disk), 1 << 20)).expect("it opens") {
        Opened::Ready(log) => Box::new(log),
        Opened::Quarantined(quarantine) => panic!("{}", quarantine.reason()),
    }
}

#[test]
fn everybody_is_told_once_and_in_order() {
    let log = segments(PowerDisk::default());
    let reader = log.reader();
    let committer = Committer::start(log, Settings::default(), |fatal| panic!("{fatal:?}"));
    let committer = committer.expect("threads");
    std::thread::scope(|scope| {
        for shard in 1..=4 {
            let (queue, reader) = (committer.queue(), Arc::clone(&reader));
            scope.spawn(move || {
                let (tell, told) = mpsc::channel();
                for seq in 1..=200 {
                    let (tell, reader) = (tell.clone(), Arc::clone(&reader));
                    let done = move |outcome| {
                        // Whoever hears of it can read it.
                        assert!(reader.tail(stream(shard)).seq >= seq);
                        tell.send((seq, outcome)).expect("waiting");
                    };
                    queue.submit(fact(stream(shard), 1, seq, 100), done).expect("running");
                }
                drop(tell);
                let told: Vec<_> = told.iter().collect();
                assert_eq!(told.len(), 200);
                let mut last = 0;
                for ((seq, outcome), want) in told.into_iter().zip(1..) {
                    let Outcome::Durable(durable) = outcome else { panic!("{outcome:?}") };
                    assert_eq!((seq, durable.size), (want, durable.first + 1));
                    assert!(want == 1 || durable.first > last);
                    last = durable.first;
                }
            });
        }
    });
    let figures = committer.figures();
    assert_eq!(figures.submissions, 800);
    assert!(figures.commits <= 800 && figures.largest_batch >= 1);
    assert!(figures.shortest <= figures.average && figures.average <= figures.longest);
    let queue = committer.queue();
    committer.stop().expect("in order");
    assert_eq!(queue.submit(Vec::new(), |_| {}), Err(Ended));
    assert_eq!(reader.head().size, 800);
}

/// A log that waits in each append until it is let go, so that submissions pile up.
struct Gate {
    log: Memory,
    pass: mpsc::Receiver<()>,
    blocks: Arc<Mutex<Vec<usize>>>,
}

impl Journal for Gate {
    fn append(&mut self, parts: &[&[u8]]) -> Result<Durable, AppendError> {
        let _ = self.pass.recv();
        let bytes = parts.iter().map(|part| part.len()).sum();
        let durable = self.log.append(parts)?;
        self.blocks.lock().expect("whole").push(bytes);
        Ok(durable)
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        self.log.reader()
    }

    fn epoch(&self) -> u32 {
        self.log.epoch()
    }

    fn checkpoint(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn what_came_in_meanwhile_is_one_commit_cut_at_its_limit() {
    let (let_go, pass) = mpsc::channel();
    let blocks = Arc::new(Mutex::new(Vec::new()));
    let gate = Gate { log: Memory::new(), pass, blocks: Arc::clone(&blocks) };
    let one = fact(stream(1), 1, 1, 1000).len();
    let settings = Settings { block_bytes: one * 5, ..Settings::default() };
    let committer = Committer::start(Box::new(gate), settings, |_| {}).expect("threads");
    let queue = committer.queue();
    queue.submit(fact(stream(1), 1, 1, 1000), |_| {}).expect("running");
    while queue.waiting() > 0 {
        std::thread::yield_now(); // Until the first commit has begun.
    }
    for seq in 2..=13 {
        queue.submit(fact(stream(1), 1, seq, 1000), |_| {}).expect("running");
    }
    drop(let_go); // All appends go through from here on.
    committer.stop().expect("in order");
    assert_eq!(*blocks.lock().expect("whole"), [one, one * 5, one * 5, one * 2]);
}

#[test]
fn a_refused_submission_does_not_take_its_neighbours_along() {
    let (let_go, pass) = mpsc::channel();
    let gate = Gate { log: Memory::new(), pass, blocks: Arc::default() };
    let reader = gate.reader();
    let committer = Committer::start(Box::new(gate), Settings::default(), |_| {}).expect("threads");
    let queue = committer.queue();
    let (tell, told) = mpsc::channel();
    for (number, (shard, seq)) in [(1, 1), (1, 2), (2, 5), (3, 1), (1, 3)].into_iter().enumerate() {
        let tell = tell.clone();
        let done = move |outcome| tell.send((number, outcome)).expect("waiting");
        queue.submit(fact(stream(shard), 1, seq, 10), done).expect("running");
    }
    drop((let_go, tell));
    let told: Vec<_> = told.iter().collect();
    assert_eq!(told.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    for (number, outcome) in told {
        let refused =
            matches!(outcome, Outcome::Refused(Refused::NotNext { expected: 1, found: 5, .. }));
        assert_eq!(refused, number == 2, "{number}: {outcome:?}");
    }
    assert_eq!(committer.figures().refused, 1);
    committer.stop().expect("in order");
    assert_eq!((reader.tail(stream(1)).seq, reader.head().size), (3, 4));
}

#[test]
fn after_a_failed_sync_nothing_is_accepted() {
    let disk = FaultyDisk::new(PowerDisk::default(), 40, Fault::Broken);
    let fatals = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&fatals);
    let committer = Committer::start(segments(disk), Settings::default(), move |fatal| {
        assert!(matches!(fatal, Fatal::Failed(_)));
        count.fetch_add(1, Ordering::SeqCst);
    });
    let committer = committer.expect("threads");
    let queue = committer.queue();
    let mut failed = false;
    for seq in 1..=100 {
        let (tell, told) = mpsc::channel();
        let done = move |outcome| tell.send(outcome).expect("waiting");
        let sent = queue.submit(fact(stream(1), 1, seq, 10), done);
        match (sent, told.recv()) {
            (Ok(()), Ok(Outcome::Durable(_))) => assert!(!failed, "accepted after a failure"),
            _ => failed = true,
        }
    }
    assert!(failed);
    assert_eq!(fatals.load(Ordering::SeqCst), 1);
    assert!(committer.stop().is_err());
}

#[test]
fn a_commit_that_hangs_is_fatal_and_never_accepted() {
    let (let_go, pass) = mpsc::channel();
    let gate = Gate { log: Memory::new(), pass, blocks: Arc::default() };
    let settings = Settings { patience: Duration::from_millis(50), ..Settings::default() };
    let (tell, told) = mpsc::channel();
    let fatal = move |fatal| tell.send(fatal).expect("waiting");
    let committer = Committer::start(Box::new(gate), settings, fatal).expect("threads");
    let (tell, outcome) = mpsc::channel();
    let done = move |outcome| tell.send(outcome).expect("waiting");
    committer.queue().submit(fact(stream(1), 1, 1, 10), done).expect("running");
    let fatal = told.recv_timeout(Duration::from_secs(20)).expect("the watcher notices");
    assert!(matches!(fatal, Fatal::Late(took) if took > Duration::from_millis(50)));
    drop(let_go);
    assert_eq!(outcome.recv(), Ok(Outcome::Failed));
}
