//! kill -9 under load: a child writes and says what was accepted; the parent kills it and looks.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use convoke_model::StreamId;

use super::Random;
use crate::committer::{Committer, Outcome, Settings};
use crate::conformance::{fact, stream};
use crate::journal::Journal;
use crate::segments::{Opened, Options, open};

/// Streams that are written to at once.
const PRODUCERS: u32 = 50;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct KillTally {
    /// Processes killed.
    pub cycles: u64,
    /// Entries they said were accepted, all found again, once and in order.
    pub accepted: u64,
    /// The longest time to open the log again.
    pub slowest_open: Duration,
    /// What must not have happened.
    pub failures: Vec<String>,
}

fn options(data: &Path) -> Options {
    Options { segment_bytes: 1 << 20, ..Options::new(data) }
}

/// Runs `child` (a command that ends up in `kill9_child` on `data`), kills it after a random time,
/// and checks; `cycles` times on the same folder.
///
/// # Errors
/// When the child cannot be run.
pub fn kill9(
    mut child: impl FnMut() -> Command,
    data: &Path,
    cycles: u64,
    seed: u64,
) -> io::Result<KillTally> {
    let mut tally = KillTally::default();
    let mut random = Random::new(seed);
    let mut known: BTreeMap<u32, u64> = BTreeMap::new();
    for cycle in 0..cycles {
        let mut running = child().stdout(Stdio::piped()).spawn()?;
        let out = running.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (tell, told) = mpsc::channel();
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { return };
                let mut words = line.split(' ');
                let shard = words.next().and_then(|word| word.parse::<u32>().ok());
                // A line cut short by the kill has no full stop.
                let seq = words.next().and_then(|word| word.strip_suffix('.')?.parse::<u64>().ok());
                if let (Some(shard), Some(seq)) = (shard, seq) {
                    let _ = tell.send((shard, seq));
                }
            }
        });
        // The clock runs from the first acceptance, so that something is killed.
        if let Ok(first) = told.recv_timeout(Duration::from_secs(20)) {
            known.insert(first.0, first.1);
            tally.accepted += 1;
        }
        std::thread::sleep(Duration::from_millis(random.below(120)));
        running.kill()?;
        running.wait()?;
        let _ = listener.join();
        for (shard, seq) in told.try_iter() {
            known.insert(shard, seq);
            tally.accepted += 1;
        }
        let begun = Instant::now();
        match open(&options(data)) {
            Ok(Opened::Ready(log)) => {
                tally.slowest_open = tally.slowest_open.max(begun.elapsed());
                if let Err(what) = check(&log, &mut known) {
                    tally.failures.push(format!("cycle {cycle}: {what}"));
                }
            }
            Ok(Opened::Quarantined(q)) => {
                tally.failures.push(format!("cycle {cycle}: {}", q.reason()));
                return Ok(tally);
            }
            Err(error) => {
                tally.failures.push(format!("cycle {cycle}: {error}"));
                return Ok(tally);
            }
        }
        tally.cycles += 1;
    }
    Ok(tally)
}

/// Every stream holds what was accepted: each seq once, in order, with its own bytes.
fn check(log: &impl Journal, known: &mut BTreeMap<u32, u64>) -> Result<(), String> {
    let reader = log.reader();
    for (&shard, &last) in known.iter() {
        let id: StreamId = stream(shard);
        let tail = reader.tail(id).seq;
        if tail < last {
            return Err(format!("stream {id}: {last} accepted, {tail} found"));
        }
        let mut next = 1;
        while next <= tail {
            let run = reader.read(id, next, 1 << 20).map_err(|error| error.to_string())?;
            for (stored, bytes) in run.iter() {
                let epoch = u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]);
                if stored.seq != next || bytes != fact(id, epoch, next, size(next)) {
                    return Err(format!("stream {id}: seq {next} is not what was written"));
                }
                next += 1;
            }
        }
    }
    for (id, tail) in reader.streams() {
        let shard = id.meeting - stream(0).meeting;
        known.insert(shard, tail.seq);
    }
    Ok(())
}

fn size(seq: u64) -> usize {
    (seq % 40) as usize * 20
}

/// The child: 50 producers, each with one submission in flight; a line per acceptance. Never ends.
///
/// # Errors
/// When the log does not open, or nobody listens any more.
pub fn kill9_child(data: &Path, mut out: impl Write) -> io::Result<()> {
    let log = match open(&options(data)).map_err(io::Error::other)? {
        Opened::Ready(log) => log,
        Opened::Quarantined(quarantine) => {
            return Err(io::Error::other(format!("{}", quarantine.reason())));
        }
    };
    let (epoch, reader) = (log.epoch(), log.reader());
    let committer =
        Committer::start(Box::new(log), Settings::default(), |_| std::process::exit(75));
    let committer = committer.map_err(io::Error::other)?;
    let queue = committer.queue();
    let (tell, told) = mpsc::channel::<(u32, u64)>();
    let submit = |shard: u32, seq: u64| {
        let tell = tell.clone();
        let done = move |outcome| {
            if matches!(outcome, Outcome::Durable(_)) {
                let _ = tell.send((shard, seq));
            }
        };
        queue
            .submit(fact(stream(shard), epoch, seq, size(seq)), done)
            .map_err(|_| io::Error::other("ended"))
    };
    for shard in 1..=PRODUCERS {
        submit(shard, reader.tail(stream(shard)).seq + 1)?;
    }
    for (shard, seq) in told.iter() {
        writeln!(out, "{shard} {seq}.")?;
        out.flush()?;
        submit(shard, seq + 1)?;
    }
    Ok(())
}
