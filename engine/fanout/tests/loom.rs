//! Models of the lanes: loom tries every order of their atomic steps. Chunks hold four bytes here.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p convoke-fanout --release --test loom`
#![cfg(loom)]

use convoke_fanout::{Lane, LaneLimits, LaneWriter, Overrun, PinSlot, Pool, PoolLimits, Wakeup};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    // Bugs of this kind show with few forced switches between threads; with more the run takes
    // hours.
    model.preemption_bound = Some(3);
    model.check(body);
}

fn lane() -> (Pool, LaneWriter, Lane) {
    let pool = Pool::new(PoolLimits { chunks_max: 8, kept_max: 1 });
    let (writer, lane) = pool.lane(LaneLimits { bytes_max: 8 });
    (pool, writer, lane)
}

fn read(lane: &Lane, position: u64, slot: &mut PinSlot) -> Result<(Vec<u8>, u64), Overrun> {
    let pin = slot.pin();
    let span = lane.read(position, &pin)?;
    Ok((span.slices().flatten().copied().collect(), span.end()))
}

/// Frames of two equal bytes: whole pairs, in order, starting at `first`.
fn assert_whole(bytes: &[u8], first: u8) {
    assert_eq!(bytes.len() % 2, 0, "a frame is torn: {bytes:?}");
    for (n, pair) in bytes.chunks(2).enumerate() {
        assert_eq!(pair, [first + n as u8; 2], "lost, doubled or torn: {bytes:?}");
    }
}

#[test]
fn nothing_is_lost_doubled_or_torn() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        let reader = thread::spawn(move || {
            let mut seen = Vec::new();
            let mut position = 0;
            for _ in 0..2 {
                let (bytes, end) = read(&lane, position, &mut slot).expect("nothing is dropped");
                seen.extend(bytes);
                position = end;
            }
            assert_whole(&seen, 1);
            (lane, slot, position, seen)
        });
        for n in 1..=3 {
            writer.append(&[&[n], &[n]]).expect("fits");
        }
        let (lane, mut slot, position, mut seen) = reader.join().expect("no panic");
        seen.extend(read(&lane, position, &mut slot).expect("nothing is dropped").0);
        assert_eq!(seen, [1, 1, 2, 2, 3, 3]);
    });
}

#[test]
fn a_frame_over_two_chunks_appears_at_once() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        writer.append(&[&[0; 3]]).expect("fits");
        let reader = thread::spawn(move || {
            let (bytes, _) = read(&lane, 3, &mut slot).expect("nothing is dropped");
            assert!(bytes.is_empty() || bytes == [7; 4], "torn: {bytes:?}");
        });
        writer.append(&[&[7; 2], &[7; 2]]).expect("fits");
        reader.join().expect("no panic");
    });
}

#[test]
fn a_pinned_chunk_is_not_used_again() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        for n in 1..=4 {
            writer.append(&[&[n; 2]]).expect("fits");
        }
        let reader = thread::spawn(move || {
            let pin = slot.pin();
            match lane.read(0, &pin) {
                // The slices are fetched late on purpose: the writer may have dropped both chunks.
                Ok(span) => {
                    let bytes: Vec<u8> = span.slices().flatten().copied().collect();
                    assert!(bytes.len() >= 8);
                    assert_whole(&bytes, 1);
                }
                Err(Overrun { tail }) => assert!(tail == 4 || tail == 8, "not a start: {tail}"),
            }
        });
        // Each of these drops a chunk and would like to have it again.
        for n in 5..=8 {
            writer.append(&[&[n; 2]]).expect("fits");
        }
        reader.join().expect("no panic");
    });
}

#[test]
fn two_threads_pin_apart() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        for n in 1..=4 {
            writer.append(&[&[n; 2]]).expect("fits");
        }
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let lane = lane.clone();
                let mut slot = pool.pin_slot().expect("a place");
                thread::spawn(move || {
                    if let Ok((bytes, _)) = read(&lane, 4, &mut slot) {
                        assert_whole(&bytes, 3);
                    }
                })
            })
            .collect();
        writer.clear();
        writer.append(&[&[9; 4]]).expect("fits");
        for reader in readers {
            reader.join().expect("no panic");
        }
    });
}

#[test]
fn an_overrun_leads_to_a_frame_that_can_be_read() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        writer.append(&[&[1; 2]]).expect("fits");
        let reader = thread::spawn(move || {
            let mut position = 0;
            for _ in 0..2 {
                match read(&lane, position, &mut slot) {
                    Ok((bytes, end)) => {
                        assert_whole(&bytes, position as u8 / 2 + 1);
                        position = end;
                    }
                    Err(Overrun { tail }) => {
                        assert!(tail > position && tail % 2 == 0);
                        position = tail;
                    }
                }
            }
        });
        writer.append(&[&[2; 2]]).expect("fits");
        writer.trim_to(2);
        writer.append(&[&[3; 2]]).expect("fits");
        writer.trim_to(4);
        reader.join().expect("no panic");
    });
}

#[test]
fn a_refilled_place_is_not_taken_for_the_old_one() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        for n in 0..3 {
            writer.append(&[&[n; 4]]).expect("fits");
        }
        let reader = thread::spawn(move || match read(&lane, 4, &mut slot) {
            Ok((bytes, _)) => assert_eq!(bytes[..8], [1, 1, 1, 1, 2, 2, 2, 2]),
            Err(Overrun { tail }) => assert!(tail > 4),
        });
        // The table has four places: the chunk of 20..24 comes to lie where that of 4..8 was.
        writer.append(&[&[3; 8]]).expect("fits");
        writer.append(&[&[5; 4]]).expect("fits");
        reader.join().expect("no panic");
    });
}

#[test]
fn a_finished_lane_has_nothing_more() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        let reader = thread::spawn(move || {
            let (seen, end) = read(&lane, 0, &mut slot).expect("nothing is dropped");
            assert_whole(&seen, 1);
            if lane.is_finished(end) {
                assert_eq!(seen, [1, 1, 2, 2]);
            }
        });
        writer.append(&[&[1; 2]]).expect("fits");
        writer.append(&[&[2; 2]]).expect("fits");
        writer.close();
        reader.join().expect("no panic");
    });
}

#[test]
fn a_mark_leads_to_a_whole_frame() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        writer.append(&[&[1; 2]]).expect("fits");
        let reader = thread::spawn(move || {
            let entrance = lane.entrance();
            if let Ok((bytes, _)) = read(&lane, entrance, &mut slot) {
                assert_whole(&bytes, entrance as u8 / 2 + 1);
            }
        });
        let key = writer.append(&[&[2; 2]]).expect("fits");
        writer.mark(key);
        writer.trim_to(key);
        reader.join().expect("no panic");
    });
}

#[test]
fn the_last_handle_gives_the_memory_back_from_any_thread() {
    model(|| {
        let (pool, mut writer, lane) = lane();
        let mut slot = pool.pin_slot().expect("a place");
        writer.append(&[&[1; 4]]).expect("fits");
        let reader = thread::spawn(move || {
            let (bytes, _) = read(&lane, 0, &mut slot).expect("nothing is dropped");
            assert_eq!(bytes, [1; 4]);
        });
        drop(writer);
        // Another lane may be given the same chunk at once.
        let (mut other, _) = pool.lane(LaneLimits { bytes_max: 8 });
        other.append(&[&[2; 4]]).expect("fits");
        reader.join().expect("no panic");
        // One when the lane ended before the other began, two otherwise; never one for both.
        assert!((1..=2).contains(&pool.chunks()), "{} chunks", pool.chunks());
    });
}

#[test]
fn no_wake_up_is_missed() {
    model(|| {
        let wakeup = Arc::new(Wakeup::new());
        let work = Arc::new(AtomicU64::new(0));
        let bells = Arc::new(AtomicU64::new(0));
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let (wakeup, work, bells) = (wakeup.clone(), work.clone(), bells.clone());
                thread::spawn(move || {
                    work.fetch_add(1, Ordering::Relaxed);
                    if wakeup.request() {
                        bells.fetch_add(1, Ordering::Release);
                    }
                })
            })
            .collect();
        // The sleeper is woken once for each bell, and looks only then.
        let (mut seen, mut heard) = (0, 0);
        for _ in 0..2 {
            if bells.load(Ordering::Acquire) > heard {
                heard += 1;
                wakeup.take();
                seen = work.load(Ordering::Relaxed);
            }
        }
        for sender in senders {
            sender.join().expect("no panic");
        }
        while bells.load(Ordering::Acquire) > heard {
            heard += 1;
            wakeup.take();
            seen = work.load(Ordering::Relaxed);
        }
        assert_eq!(seen, 2, "work lies unseen and no bell is left");
    });
}

/// A mailbox as the server's cores have one: a queue of places that senders take and then fill, a
/// wake-up, and a bell (the poll's waker: rung once, it is heard once).
struct Mailbox {
    taken: AtomicU64,
    filled: [AtomicU64; 2],
    wakeup: Wakeup,
    bells: AtomicU64,
}

impl Mailbox {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicU64::new(0),
            filled: [AtomicU64::new(0), AtomicU64::new(0)],
            wakeup: Wakeup::new(),
            bells: AtomicU64::new(0),
        })
    }

    fn push(&self, message: u64) {
        let place = self.taken.fetch_add(1, Ordering::AcqRel) as usize;
        self.filled[place].store(message, Ordering::Release);
    }

    fn ring(&self) {
        if self.wakeup.request() {
            self.bells.fetch_add(1, Ordering::Release);
        }
    }

    /// Everything that has a place by now; one that is taken and not filled yet is waited for.
    fn look(&self, seen: &mut Vec<u64>) {
        let count = self.taken.load(Ordering::Acquire) as usize;
        while seen.len() < count {
            match self.filled[seen.len()].load(Ordering::Acquire) {
                0 => thread::yield_now(),
                message => seen.push(message),
            }
        }
    }
}

/// Two senders and a sleeper that looks only when the bell rings; what it saw in the end.
fn two_messages(
    send: impl Fn(&Mailbox, u64) + Copy + Send + 'static,
    wake: impl Fn(&Mailbox, &mut Vec<u64>),
) -> Vec<u64> {
    let mailbox = Mailbox::new();
    let senders: Vec<_> = (1..=2)
        .map(|message| {
            let mailbox = mailbox.clone();
            thread::spawn(move || send(&mailbox, message))
        })
        .collect();
    let (mut seen, mut heard) = (Vec::new(), 0);
    if mailbox.bells.load(Ordering::Acquire) > heard {
        heard += 1;
        wake(&mailbox, &mut seen);
    }
    for sender in senders {
        sender.join().expect("no panic");
    }
    while mailbox.bells.load(Ordering::Acquire) > heard {
        heard += 1;
        wake(&mailbox, &mut seen);
    }
    seen.sort_unstable();
    seen
}

fn push_then_ring(mailbox: &Mailbox, message: u64) {
    mailbox.push(message);
    mailbox.ring();
}

fn take_then_look(mailbox: &Mailbox, seen: &mut Vec<u64>) {
    mailbox.wakeup.take();
    mailbox.look(seen);
}

#[test]
fn a_mailbox_hands_out_everything_once() {
    model(|| assert_eq!(two_messages(push_then_ring, take_then_look), [1, 2]));
}

#[test]
#[should_panic(expected = "lies unseen")]
fn a_bell_before_the_work_is_found() {
    let ring_then_push = |mailbox: &Mailbox, message| {
        mailbox.ring();
        mailbox.push(message);
    };
    model(move || assert_eq!(two_messages(ring_then_push, take_then_look), [1, 2], "lies unseen"));
}

#[test]
#[should_panic(expected = "lies unseen")]
fn looking_before_taking_the_request_is_found() {
    fn look_then_take(mailbox: &Mailbox, seen: &mut Vec<u64>) {
        mailbox.look(seen);
        mailbox.wakeup.take();
    }
    model(|| assert_eq!(two_messages(push_then_ring, look_then_take), [1, 2], "lies unseen"));
}
