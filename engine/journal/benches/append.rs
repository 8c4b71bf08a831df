//! Durable appends per second, interleaved: batches of 64 as bare writes of the same blocks,
//! through the committer, and in fjall with one value per record; then the same sustained, 1,000
//! streams at once. `cargo bench -p convoke-journal [-- SECONDS]`, on the disk of TMPDIR.

use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use convoke_journal::committer::{Committer, Outcome, Settings};
use convoke_journal::conformance::{fact, stream};
use convoke_journal::{Journal, Opened, Options, open};
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
        let folder = tempfile::tempdir()?;
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
    let (begun, mut at, mut count) = (Instant::now(), 0, 0);
    while begun.elapsed() < time && at < (1 << 30) - (4 << 20) {
        let batch: Vec<u8> =
            (0..BATCH).flat_map(|n| fact(stream(1), 1, count + n + 1, body)).collect();
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
    let (tell, told) = mpsc::channel();
    let (begun, mut count) = (Instant::now(), 0);
    let mut next = vec![1_u64; streams as usize];
    let mut submit = |shard: u32| -> Result<(), Failure> {
        let seq = &mut next[shard as usize];
        let batch = (*seq..*seq + each).flat_map(|n| fact(stream(shard), epoch, n, body));
        let (batch, tell) = (batch.collect(), tell.clone());
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
    let (begun, mut count) = (Instant::now(), 0_u64);
    while begun.elapsed() < time {
        let mut batch = database.batch().durability(Some(PersistMode::SyncData));
        for n in 0..BATCH {
            batch.insert(
                &records,
                (count + n).to_be_bytes(),
                fact(stream(1), 1, count + n + 1, body),
            );
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
    let (begun, mut count, mut synced) = (Instant::now(), 0_u64, Instant::now());
    while begun.elapsed() < time {
        let stream_number = (count / MANY_BATCH % u64::from(MANY)) as u32;
        let seq = count / (MANY_BATCH * u64::from(MANY)) * MANY_BATCH;
        let mut batch = database.batch();
        for n in 1..=MANY_BATCH {
            let mut key = stream_number.to_be_bytes().to_vec();
            key.extend_from_slice(&(seq + n).to_be_bytes());
            batch.insert(&records, key, fact(stream(stream_number), 1, seq + n, body));
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
