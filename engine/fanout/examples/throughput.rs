//! How fast one thread appends small frames and others read them, in process, without sockets.
//!
//! `cargo run --release -p convoke-fanout --example throughput [MESSAGE_BYTES]`

use std::io::Write as _;
use std::time::{Duration, Instant};

use convoke_fanout::{Lane, LaneLimits, Pool, PoolLimits, frame};

const RUN: Duration = Duration::from_secs(1);
/// Appends between two flushes, as a busy poll round has them.
const BATCH: usize = 64;

fn main() -> std::io::Result<()> {
    let bytes = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(100);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{bytes} B messages, {BATCH} per flush, one core: append, then every reader copies"
    )?;
    for readers in [0, 1, 10, 100, 1_000, 5_000] {
        let (appended, delivered, took) = run(bytes, readers);
        writeln!(
            out,
            "readers {readers:>5}: appended {:>6.2} M/s ({:>6.1} ns each), delivered {:>6.1} M/s",
            appended as f64 / took / 1e6,
            took * 1e9 / appended as f64,
            delivered as f64 / took / 1e6,
        )?;
    }
    Ok(())
}

fn run(bytes: usize, readers: usize) -> (u64, u64, f64) {
    let pool = Pool::new(PoolLimits::default());
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 1 << 20 });
    let mut slot = pool.pin_slot().expect("the only reader thread");
    let payload = vec![7; bytes];
    let frame_bytes = (bytes + frame::header(bytes).1) as u64;
    let mut positions = vec![lane.head(); readers];
    let mut scratch = vec![0; BATCH * (bytes + 10)];
    let (mut appended, mut delivered) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < RUN {
        for _ in 0..BATCH {
            let (header, len) = frame::header(payload.len());
            writer.append(&[&header[..len], &payload]).expect("the pool has room");
        }
        appended += BATCH as u64;
        let pin = slot.pin();
        for position in &mut positions {
            delivered += flush(&lane, position, &pin, &mut scratch) / frame_bytes;
        }
    }
    (appended, delivered, start.elapsed().as_secs_f64())
}

/// What a write call does in user space: copies the span out.
fn flush(
    lane: &Lane,
    position: &mut u64,
    pin: &convoke_fanout::PinGuard<'_>,
    scratch: &mut [u8],
) -> u64 {
    let span = lane.read(*position, pin).expect("the reader keeps up");
    let mut at = 0;
    for slice in span.slices() {
        scratch[at..at + slice.len()].copy_from_slice(slice);
        at += slice.len();
    }
    std::hint::black_box(&scratch[..at]);
    *position = span.end();
    at as u64
}
