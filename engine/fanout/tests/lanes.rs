//! What a lane promises, one thread at a time.
#![cfg(not(loom))]

use convoke_fanout::{
    AppendError, CHUNK_BYTES, Lane, LaneLimits, LaneWriter, Overrun, PinSlot, Pool, PoolLimits,
    frame,
};

const CHUNK: u64 = CHUNK_BYTES as u64;

fn pool_of(chunks_max: usize) -> Pool {
    Pool::new(PoolLimits { chunks_max, kept_max: 2 })
}

fn lane_of(chunks: usize) -> (Pool, LaneWriter, Lane, PinSlot) {
    let pool = pool_of(64);
    let (writer, lane) = pool.lane(LaneLimits { bytes_max: chunks * CHUNK_BYTES });
    let slot = pool.pin_slot().expect("the first thread has a place");
    (pool, writer, lane, slot)
}

fn append(writer: &mut LaneWriter, payload: &[u8]) -> u64 {
    let (header, len) = frame::header(payload.len());
    writer.append(&[&header[..len], payload]).expect("the frame fits")
}

fn bytes(lane: &Lane, position: u64, slot: &mut PinSlot) -> Result<Vec<u8>, Overrun> {
    Ok(lane.read(position, &slot.pin())?.slices().collect::<Vec<_>>().concat())
}

#[test]
fn what_is_appended_is_read_as_one_range() {
    let (_pool, mut writer, lane, mut slot) = lane_of(4);
    let first = append(&mut writer, b"one");
    let second = append(&mut writer, b"two");
    assert_eq!((first, second, lane.head()), (0, 5, 10));
    let pin = slot.pin();
    let span = lane.read(0, &pin).expect("in the lane");
    let slices: Vec<_> = span.slices().collect();
    assert_eq!(slices, [b"\x82\x03one\x82\x03two"]);
    assert_eq!((span.end(), span.len()), (10, 10));
    assert!(lane.read(10, &pin).expect("at the head").is_empty());
}

#[test]
fn a_frame_may_span_many_chunks() {
    let (_pool, mut writer, lane, mut slot) = lane_of(20);
    append(&mut writer, b"before");
    // An interpreter takes its time over every byte.
    let length = if cfg!(miri) { 140_000u32 } else { 1_000_000 };
    let big: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
    let start = append(&mut writer, &big);
    let read = bytes(&lane, start, &mut slot).expect("in the lane");
    assert_eq!(read[..2], [0x82, 127]);
    assert!(read[10..] == big[..], "the payload came back as it went in");
}

#[test]
fn the_oldest_is_dropped_at_a_frame_start() {
    let (_pool, mut writer, lane, mut slot) = lane_of(3);
    let mut starts = Vec::new();
    for n in 0..100u8 {
        starts.push(append(&mut writer, &vec![n; 7_001]));
    }
    let tail = lane.tail();
    assert!(lane.head() - tail <= 3 * CHUNK, "the bound holds");
    assert!(lane.head() - tail >= 2 * CHUNK - 7_005, "no more is dropped than needed");
    assert!(starts.contains(&tail), "the tail is a frame start");
    assert_eq!(bytes(&lane, tail - 1, &mut slot), Err(Overrun { tail }));
    let kept = bytes(&lane, tail, &mut slot).expect("in the lane");
    assert_eq!(kept.len() as u64, lane.head() - tail);
    assert_eq!(kept[..2], [0x82, 126]);
}

#[test]
fn a_frame_as_long_as_the_lane_fits_and_a_longer_one_is_refused() {
    let (_pool, mut writer, lane, mut slot) = lane_of(2);
    append(&mut writer, b"goes away");
    let all = vec![7; 2 * CHUNK_BYTES];
    let start = writer.append(&[&all]).expect("fits exactly");
    assert_eq!(lane.tail(), start);
    assert!(bytes(&lane, start, &mut slot).expect("in the lane") == all);
    assert_eq!(writer.append(&[&all, b"x"]), Err(AppendError::TooLong));
    assert_eq!(lane.head(), start + all.len() as u64);
}

#[test]
fn trimming_drops_what_came_before_and_never_goes_back() {
    let (_pool, mut writer, lane, mut slot) = lane_of(4);
    append(&mut writer, b"old");
    let keep = append(&mut writer, b"new");
    writer.trim_to(keep);
    assert_eq!(lane.tail(), keep);
    writer.trim_to(0);
    assert_eq!(lane.tail(), keep);
    assert_eq!(bytes(&lane, keep, &mut slot).expect("kept"), b"\x82\x03new");
    writer.trim_to(u64::MAX);
    assert_eq!(lane.tail(), lane.head());
}

#[test]
fn a_mark_is_an_entrance_until_it_is_dropped() {
    let (_pool, mut writer, lane, _slot) = lane_of(2);
    append(&mut writer, b"delta");
    assert_eq!((lane.mark(), lane.entrance()), (None, lane.head()));
    let key = append(&mut writer, b"key");
    writer.mark(key);
    append(&mut writer, b"delta");
    assert_eq!((lane.mark(), lane.entrance()), (Some(key), key));
    for _ in 0..40 {
        append(&mut writer, &[0; 5_000]);
    }
    assert_eq!((lane.mark(), lane.entrance()), (None, lane.head()));
}

#[test]
fn a_closed_lane_is_finished_once_all_is_read() {
    let (_pool, mut writer, lane, mut slot) = lane_of(2);
    append(&mut writer, b"last");
    writer.close();
    assert_eq!(writer.append(&[b"late"]), Err(AppendError::Closed));
    assert!(lane.is_closed());
    assert!(!lane.is_finished(0));
    drop(writer);
    assert_eq!(bytes(&lane, 0, &mut slot).expect("still there"), b"\x82\x04last");
    assert!(lane.is_finished(6));
}

#[test]
fn a_cleared_lane_costs_no_chunk_and_goes_on() {
    let (pool, mut writer, lane, mut slot) = lane_of(4);
    append(&mut writer, b"read by all");
    assert_eq!(pool.chunks(), 1);
    let here = lane.head();
    writer.clear();
    assert_eq!((lane.tail(), lane.head()), (here, here));
    assert!(bytes(&lane, here, &mut slot).expect("at the head").is_empty());
    append(&mut writer, b"more");
    assert_eq!(pool.chunks(), 1, "the chunk was used again");
    assert_eq!(bytes(&lane, here, &mut slot).expect("in the lane"), b"\x82\x04more");
    assert_eq!(bytes(&lane, 0, &mut slot), Err(Overrun { tail: here }));
}

#[test]
fn a_pinned_chunk_is_not_used_again_and_an_unpinned_one_is() {
    let (pool, mut writer, lane, mut slot) = lane_of(2);
    append(&mut writer, &[1; 1_000]);
    let pin = slot.pin();
    let span = lane.read(0, &pin).expect("in the lane");
    for _ in 0..8 {
        writer.append(&[&[9; CHUNK_BYTES]]).expect("the pool has room");
    }
    assert!(lane.tail() > 0);
    let pinned = pool.chunks();
    assert!(pinned >= 9, "every dropped chunk is kept for the pin: {pinned}");
    let seen: Vec<u8> = span.slices().collect::<Vec<_>>().concat();
    assert!(seen[4..].iter().all(|byte| *byte == 1), "the reader sees what it pinned");
    drop(pin);
    writer.append(&[&[9; CHUNK_BYTES]]).expect("the pool has room");
    assert!(pool.chunks() <= 6, "what no pin holds went back: {}", pool.chunks());
}

#[test]
fn a_pool_at_its_bound_refuses_and_recovers() {
    let pool = pool_of(3);
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 2 * CHUNK_BYTES });
    let mut slot = pool.pin_slot().expect("the first thread has a place");
    let whole = [5; CHUNK_BYTES];
    let pin = slot.pin();
    for _ in 0..3 {
        writer.append(&[&whole]).expect("within the bound");
    }
    let head = lane.head();
    assert_eq!(writer.append(&[&whole]), Err(AppendError::NoChunk));
    assert_eq!(lane.head(), head, "nothing of the frame is visible");
    drop(pin);
    let start = writer.append(&[&whole]).expect("the pin is gone");
    assert_eq!(start, head);
    assert!(bytes(&lane, start, &mut slot).expect("in the lane") == whole);
}

#[test]
fn memory_goes_back_when_a_lane_ends() {
    let (pool, mut writer, lane, mut slot) = lane_of(8);
    append(&mut writer, &[0; 300_000]);
    assert_eq!(pool.chunks(), 5);
    let pin = slot.pin();
    drop(writer);
    assert_eq!(pool.chunks(), 5, "the reader still has the lane");
    drop(pin);
    drop(lane);
    assert_eq!(pool.chunks(), 2, "only what the pool keeps is left");
}

#[test]
fn the_rest_of_a_cut_frame_leads_to_the_next_start() {
    let (_pool, mut writer, lane, mut slot) = lane_of(4);
    // The first frame ends three bytes before the chunk does: the second one's header is split.
    append(&mut writer, &vec![1; CHUNK_BYTES - 7]);
    let second = append(&mut writer, &[2; 300]);
    let third = append(&mut writer, b"three");
    assert_eq!(second, CHUNK - 3);
    let pin = slot.pin();
    let span = lane.read(0, &pin).expect("in the lane");
    let all: Vec<u8> = span.slices().collect::<Vec<_>>().concat();
    for (sent, next) in [
        (0, 0),
        (1, second),
        (second, second),
        (second + 1, third),
        (CHUNK, third),
        (third - 1, third),
        (third, third),
        (third + 1, span.end()),
        (span.end(), span.end()),
    ] {
        let mut rest = Vec::new();
        let sent_len = usize::try_from(sent).expect("small");
        assert_eq!(span.rest_of_frame(sent_len, &mut rest), next, "after {sent} bytes");
        assert!(rest == all[sent_len..usize::try_from(next).expect("small")], "after {sent} bytes");
    }
}

#[test]
fn a_vectored_write_takes_no_more_slices_than_asked() {
    let (_pool, mut writer, lane, mut slot) = lane_of(8);
    append(&mut writer, &[0; 5 * CHUNK_BYTES]);
    let pin = slot.pin();
    let span = lane.read(0, &pin).expect("in the lane");
    let mut slices = Vec::new();
    assert_eq!(span.gather(&mut slices, 3), 3 * CHUNK_BYTES);
    assert_eq!(span.gather(&mut slices, 3), 0);
    assert_eq!(slices.len(), 3);
}

#[test]
#[should_panic(expected = "its own pool")]
fn a_pin_of_another_pool_is_refused() {
    let (_pool, _writer, lane, _slot) = lane_of(2);
    let mut stranger = pool_of(1).pin_slot().expect("a place");
    let _ = lane.read(0, &stranger.pin());
}

#[test]
fn places_for_pins_are_bounded_and_given_back() {
    let pool = pool_of(1);
    let mut slots: Vec<_> =
        (0..convoke_fanout::PINS_MAX).map(|_| pool.pin_slot().expect("a place")).collect();
    assert!(pool.pin_slot().is_none());
    slots.pop();
    assert!(pool.pin_slot().is_some());
}

#[test]
fn handles_may_move_between_threads() {
    fn sent<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    sent::<LaneWriter>();
    sent::<PinSlot>();
    shared::<Lane>();
    shared::<Pool>();
    shared::<convoke_fanout::Wakeup>();
}
