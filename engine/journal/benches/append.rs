//! Durable appends per second, interleaved: batches of 64 as bare writes of the same blocks,
//! through the committer, and in fjall with one value per record; then the same sustained, 1,000
//! streams at once, for long enough that fjall has to compact. `cargo bench -p convoke-journal
//! [-- SECONDS]`, on the disk of TMPDIR.

use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use convoke_journal::committer::{Committer, Outcome, Settings};
use convoke_journal::conformance::{fact, stream};
use convoke_journal::{Journal, Opened, Options, open};
use convoke_model::StreamId;
use convoke_wire::entry::{self, Header};
use fjall::{Database, KeyspaceCreateOptions, PersistMode};

type Failure = Box<dyn std::error::Error>;

const BATCH: u64 = 64;
/// So many streams have a quarter of a batch in flight each.
const STREAMS: u32 = 16;
/// Sustained: so many streams, and records of each in flight.
const MANY: u32 = 1000;
const MANY_BATCH: u64 = 4;
/// How often fjall is synced under sustained load. The committer syncs before each answer.
const SYNC_EVERY: Duration = Duration::from_millis(10);
/// How many times longer a sustained run is.
const SUSTAINED: u32 = 10;

/// Makes entries of one size. The payload is hashed once, so that what is timed is the log and not
/// the making of its facts.
struct Maker {
    header: Header,
    payload: Vec<u8>,
}

impl Maker {
    fn new(body: usize) -> Result<Self, Failure> {
        let sample = fact(stream(1), 1, 1, body);
        let header = Header::read(&sample).map_err(|error| format!("{error:?}"))?;
        Ok(Self { header, payload: sample[entry::HEADER_BYTES..].to_vec() })
    }

    fn put(&self, stream: StreamId, epoch: u32, seq: u64, into: &mut Vec<u8>) {
        into.extend_from_slice(&Header { stream, epoch, seq, ..self.header }.to_bytes());
        into.extend_from_slice(&self.payload);
    }

    /// Entries one behind the other, from `seq` on.
    fn batch(&self, stream: StreamId, epoch: u32, seq: u64, count: u64) -> Vec<u8> {
        let bytes = self.header.entry_len() * count as usize;
        let mut batch = Vec::with_capacity(bytes);
        (seq..seq + count).for_each(|seq| self.put(stream, epoch, seq, &mut batch));
        batch
    }

    fn one(&self, stream: StreamId, epoch: u32, seq: u64) -> Vec<u8> {
        self.batch(stream, epoch, seq, 1)
    }
}

fn main() -> Result<(), Failure> {
    let seconds = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(2);
    let time = Duration::from_secs(seconds);
    let mut out = io::stdout();
    writeln!(
        out,
        "body bytes | bare writes/s | committer/s (of bare) | fjall/s | committer to fjall"
    )?;
    for body in [100, 1000, 16_000] {
        let folder = tempfile::tempdir()?;
        let bare = bare(&folder.path().join("bare"), body, time)?;
        let log = log(&folder.path().join("log"), body, time, (STREAMS, BATCH / 4))?;
        let fjall = fjall(&folder.path().join("fjall"), body, time)?;
        let (of_bare, to_fjall) = (log / bare, log / fjall);
        writeln!(out, "{body} | {bare:.0} | {log:.0} ({of_bare:.2}) | {fjall:.0} | {to_fjall:.1}")?;
    }
    writeln!(out, "sustained, 1,000 streams | body bytes | committer/s | fjall/s")?;
    for body in [100, 1000] {
        let (folder, time) = (tempfile::tempdir()?, time * SUSTAINED);
        let log = log(&folder.path().join("log"), body, time, (MANY, MANY_BATCH))?;
        let fjall = fjall_sustained(&folder.path().join("fjall"), body, time)?;
        writeln!(out, "sustained | {body} | {log:.0} | {fjall:.0}")?;
    }
    Ok(())
}

/// The limit: the same bytes, one write and one data sync per batch, into reserved space.
fn bare(path: &Path, body: usize, time: Duration) -> Result<f64, Failure> {
    let file = std::fs::File::create(path)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 1 << 30)?;
    let maker = Maker::new(body)?;
    let (begun, mut at, mut count) = (Instant::now(), 0, 0);
    while begun.elapsed() < time && at < (1 << 30) - (4 << 20) {
        let batch = maker.batch(stream(1), 1, count + 1, BATCH);
        file.write_all_at(&batch, at)?;
        file.sync_data()?;
        at += batch.len() as u64;
        count += BATCH;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// The whole path: streams that each have a batch in flight, so that commits share a sync.
fn log(
    path: &Path,
    body: usize,
    time: Duration,
    (streams, each): (u32, u64),
) -> Result<f64, Failure> {
    let Opened::Ready(log) = open(&Options::new(path))? else { return Err("quarantine".into()) };
    let epoch = log.epoch();
    let committer = Committer::start(Box::new(log), Settings::default(), |_| {})?;
    let maker = Maker::new(body)?;
    let (tell, told) = mpsc::channel();
    let (begun, mut count) = (Instant::now(), 0);
    let mut next = vec![1_u64; streams as usize];
    let mut submit = |shard: u32| -> Result<(), Failure> {
        let seq = &mut next[shard as usize];
        let (batch, tell) = (maker.batch(stream(shard), epoch, *seq, each), tell.clone());
        *seq += each;
        let done = move |outcome| {
            let _ = tell.send((shard, outcome));
        };
        committer.queue().submit(batch, done).map_err(|_| Failure::from("the committer ended"))
    };
    (0..streams).try_for_each(&mut submit)?;
    while begun.elapsed() < time {
        let (shard, outcome) = told.recv()?;
        if !matches!(outcome, Outcome::Durable(_)) {
            return Err(format!("{outcome:?}").into());
        }
        count += each;
        submit(shard)?;
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    committer.stop()?;
    Ok(rate)
}

/// One value per record, one synced batch of 64.
fn fjall(path: &Path, body: usize, time: Duration) -> Result<f64, Failure> {
    let database = Database::builder(path).open()?;
    let records = database.keyspace("records", KeyspaceCreateOptions::default)?;
    let maker = Maker::new(body)?;
    let (begun, mut count) = (Instant::now(), 0_u64);
    while begun.elapsed() < time {
        let mut batch = database.batch().durability(Some(PersistMode::SyncData));
        for n in 0..BATCH {
            let record = maker.one(stream(1), 1, count + n + 1);
            batch.insert(&records, (count + n).to_be_bytes(), record);
        }
        batch.commit()?;
        count += BATCH;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// One value per record under its stream and number, synced every 10 ms.
fn fjall_sustained(path: &Path, body: usize, time: Duration) -> Result<f64, Failure> {
    let database = Database::builder(path).open()?;
    let records = database.keyspace("records", KeyspaceCreateOptions::default)?;
    let maker = Maker::new(body)?;
    let (begun, mut count, mut synced) = (Instant::now(), 0_u64, Instant::now());
    while begun.elapsed() < time {
        let stream_number = (count / MANY_BATCH % u64::from(MANY)) as u32;
        let seq = count / (MANY_BATCH * u64::from(MANY)) * MANY_BATCH;
        let mut batch = database.batch();
        for n in 1..=MANY_BATCH {
            let mut key = stream_number.to_be_bytes().to_vec();
            key.extend_from_slice(&(seq + n).to_be_bytes());
            batch.insert(&records, key, maker.one(stream(stream_number), 1, seq + n));
        }
        batch.commit()?;
        count += MANY_BATCH;
        if synced.elapsed() >= SYNC_EVERY {
            database.persist(PersistMode::SyncData)?;
            synced = Instant::now();
        }
    }
    database.persist(PersistMode::SyncData)?;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}
