//! One writer and several readers at full speed: nothing is lost, doubled, torn or misplaced.
#![cfg(not(any(loom, miri)))]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use convoke_fanout::{CHUNK_BYTES, Lane, LaneLimits, LaneWriter, Pool, PoolLimits, frame};

const READERS: usize = 3;
const RUN: Duration = Duration::from_millis(1_500);

/// A message: its number, then bytes that follow from the number, of a length that does too.
fn payload(number: u64, into: &mut Vec<u8>) {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // Mostly short; one in 512 spans chunks.
    let len = if spread >> 55 == 0 { 150_000 } else { 8 + (spread >> 48) as usize % 400 };
    into.clear();
    into.extend_from_slice(&number.to_le_bytes());
    into.resize(len, spread as u8);
}

struct Told {
    read: u64,
    overruns: u64,
}

/// Reads to the end, like a connection with a position; checks every byte.
fn follow(pool: &Pool, lane: &Lane, slow: bool) -> Told {
    let mut slot = pool.pin_slot().expect("a place for each reader");
    let (mut bytes, mut want) = (Vec::new(), Vec::new());
    let mut told = Told { read: 0, overruns: 0 };
    let mut position = 0;
    let mut next = 0u64;
    // However the machine is busy, the slow reader is lapped once.
    while slow && lane.tail() == 0 && !lane.is_closed() {
        std::thread::sleep(Duration::from_micros(500));
    }
    loop {
        let finished = lane.is_finished(position);
        bytes.clear();
        {
            let pin = slot.pin();
            match lane.read(position, &pin) {
                Ok(span) => {
                    if slow {
                        // Long enough for the writer to drop and want these chunks again.
                        std::thread::sleep(Duration::from_micros(500));
                    }
                    span.slices().for_each(|slice| bytes.extend_from_slice(slice));
                    position = span.end();
                }
                Err(overrun) => {
                    assert!(overrun.tail > position, "an overrun leads forward");
                    position = overrun.tail;
                    told.overruns += 1;
                    next = u64::MAX;
                }
            }
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let header = if rest[1] < 126 {
                2
            } else if rest[1] == 126 {
                4
            } else {
                10
            };
            let len = frame::length(rest).expect("a whole header") as usize;
            let number = u64::from_le_bytes(rest[header..header + 8].try_into().expect("8 bytes"));
            assert!(next == u64::MAX || number == next, "got {number} in place of {next}");
            payload(number, &mut want);
            assert!(rest[header..len] == want[..], "message {number} is torn");
            next = number + 1;
            told.read += 1;
            rest = &rest[len..];
        }
        if finished {
            return told;
        }
    }
}

#[test]
fn readers_at_any_pace_see_whole_messages_in_order() {
    let pool = Pool::new(PoolLimits { chunks_max: 256, kept_max: 16 });
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 8 * CHUNK_BYTES });
    let told: Vec<Told> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let (pool, lane) = (pool.clone(), lane.clone());
                scope.spawn(move || follow(&pool, &lane, reader == 0))
            })
            .collect();
        scope.spawn(move || {
            let mut message = Vec::new();
            let start = Instant::now();
            let mut number = 0;
            let lapped = |writer: &LaneWriter| writer.tail() > 0;
            while start.elapsed() < RUN || !lapped(&writer) {
                for _ in 0..64 {
                    payload(number, &mut message);
                    let (header, len) = frame::header(message.len());
                    // A slow reader can hold up memory, never the writer: it tries again.
                    if writer.append(&[&header[..len], &message]).is_ok() {
                        number += 1;
                    }
                }
                std::thread::yield_now();
            }
        });
        readers.into_iter().map(|reader| reader.join().expect("no reader panics")).collect()
    });
    assert!(told.iter().all(|told| told.read > 0), "every reader got something");
    assert!(told[0].overruns > 0, "the slow reader was overrun, so that path was taken");
    drop(lane);
    assert!(pool.chunks() <= 16, "all memory came back: {}", pool.chunks());
}

#[test]
fn readers_that_keep_up_get_everything_once() {
    let pool = Pool::new(PoolLimits::default());
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 4 * CHUNK_BYTES });
    let (slowest, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (sent, told) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut slot = pool.pin_slot().expect("a place");
            let (mut position, mut read, mut next) = (0, 0u64, 0u64);
            while !lane.is_finished(position) {
                let pin = slot.pin();
                let span = lane.read(position, &pin).expect("the writer waits for this reader");
                let bytes: Vec<u8> = span.slices().flatten().copied().collect();
                for message in bytes.chunks(10) {
                    let number = u64::from_le_bytes(message[2..].try_into().expect("8 bytes"));
                    assert_eq!(number, next);
                    next += 1;
                    read += 1;
                }
                position = span.end();
                slowest.store(position, Ordering::Release);
            }
            read
        });
        let writer = scope.spawn(|| {
            let mut number = 0u64;
            while !stop.load(Ordering::Relaxed) {
                // Backpressure is the caller's choice; here it proves that nothing is dropped
                // early.
                if writer.head() - slowest.load(Ordering::Acquire) < 2 * CHUNK_BYTES as u64 {
                    let (header, len) = frame::header(8);
                    let parts = [&header[..len], &number.to_le_bytes()];
                    writer.append(&parts).expect("there is room");
                    number += 1;
                } else {
                    std::thread::yield_now();
                }
            }
            writer.close();
            number
        });
        std::thread::sleep(RUN);
        stop.store(true, Ordering::Relaxed);
        (writer.join().expect("no panic"), reader.join().expect("no panic"))
    });
    assert!(sent > 10_000, "it ran: {sent}");
    assert_eq!(sent, told);
}
