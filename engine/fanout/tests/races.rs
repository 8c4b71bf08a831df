//! Few frames and real threads: small enough for an interpreter that looks for undefined behaviour
//! and data races (`cargo xtask miri`).
#![cfg(not(loom))]

use convoke_fanout::{CHUNK_BYTES, Lane, LaneLimits, Overrun, Pool, PoolLimits};

/// Three frames to a chunk and a bit: most chunks begin inside a frame.
const FRAME_BYTES: usize = CHUNK_BYTES / 3 + 7;
const FRAMES: u8 = 24;

/// Reads to the end; frames seen, and how often the writer was faster.
fn follow(pool: &Pool, lane: &Lane) -> (usize, usize) {
    let mut slot = pool.pin_slot().expect("a place for each reader");
    let (mut position, mut frames, mut overruns) = (0, 0, 0);
    while !lane.is_finished(position) {
        let pin = slot.pin();
        match lane.read(position, &pin) {
            Ok(span) if span.is_empty() => std::thread::yield_now(),
            Ok(span) => {
                let mut bytes = Vec::new();
                // The writer may have dropped these chunks by now; the pin keeps them.
                span.slices().for_each(|slice| bytes.extend_from_slice(slice));
                for frame in bytes.chunks(FRAME_BYTES) {
                    assert!(frame == vec![frame[0]; FRAME_BYTES], "a frame is torn");
                    frames += 1;
                }
                position = span.end();
            }
            Err(Overrun { tail }) => {
                assert!(tail > position, "an overrun leads forward");
                position = tail;
                overruns += 1;
            }
        }
    }
    (frames, overruns)
}

#[test]
fn a_writer_and_two_readers_share_chunks_that_come_and_go() {
    let pool = Pool::new(PoolLimits { chunks_max: 16, kept_max: 1 });
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 3 * CHUNK_BYTES });
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (pool, lane) = (pool.clone(), lane.clone());
                scope.spawn(move || follow(&pool, &lane))
            })
            .collect();
        for n in 0..FRAMES {
            writer.append(&[&[n; FRAME_BYTES]]).expect("the pool has room for pinned chunks too");
            std::thread::yield_now();
        }
        drop(writer);
        for reader in readers {
            let (frames, overruns) = reader.join().expect("no panic");
            // Who was never overtaken has missed nothing.
            assert!(frames == usize::from(FRAMES) || overruns > 0, "{frames} frames");
        }
    });
    drop(lane);
    assert!(pool.chunks() <= 1, "all memory came back: {}", pool.chunks());
}

#[test]
fn chunks_are_given_from_lane_to_lane_over_threads() {
    let pool = Pool::new(PoolLimits { chunks_max: 8, kept_max: 2 });
    std::thread::scope(|scope| {
        for n in 1..=3u8 {
            let pool = pool.clone();
            scope.spawn(move || {
                for _ in 0..3 {
                    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: CHUNK_BYTES });
                    let mut slot = pool.pin_slot().expect("a place");
                    writer.append(&[&[n; 100]]).expect("there is room");
                    let pin = slot.pin();
                    let span = lane.read(0, &pin).expect("nothing is dropped");
                    assert!(span.slices().flatten().all(|&byte| byte == n), "another lane's bytes");
                }
            });
        }
    });
    assert!(pool.chunks() <= 2, "all memory came back: {}", pool.chunks());
}
