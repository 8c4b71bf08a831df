//! The tests that every journal must pass, over a factory, and the entries they are made of.

use convoke_model::{Actor, Audience, ClientId, Millis, StreamId};
use convoke_wire::entry::{self, EntryRef, Header};

use crate::journal::{Journal, Tail};
use crate::{AppendError, Refused};

/// An entry for tests: its body is `body` bytes that depend on its place only.
#[must_use]
pub fn fact(stream: StreamId, epoch: u32, seq: u64, body: usize) -> Vec<u8> {
    let header = Header {
        event_type: 1,
        payload_len: 0,
        stream,
        epoch,
        audience: Audience::Everyone,
        actor: Actor::from_number(1),
        client: ClientId(1),
        client_seq: seq,
        seq,
        time: Millis(1_700_000_000_000 + seq),
        digest: [0; 32],
    };
    let salt = [(seq % 251) as u8 + 1; entry::SALT_BYTES];
    let body: Vec<u8> = (0..body).map(|n| (n as u64 * 7 + seq) as u8).collect();
    entry::write(header, &salt, &body)
}

/// A session stream for tests.
#[must_use]
pub fn stream(number: u32) -> StreamId {
    StreamId { meeting: 10_000_000 + number, session: 1 }
}

/// Runs the whole suite. `make` gives a new, empty log each time.
///
/// # Panics
/// When the log does not do what a log does.
pub fn all<J: Journal>(make: impl Fn() -> J) {
    what_is_appended_is_read(make());
    streams_are_kept_apart(make());
    the_tail_is_the_fence(make());
    a_batch_is_taken_whole_or_not_at_all(make());
    reading_begins_anywhere_and_ends_at_the_limit(make());
    readers_follow_the_writer(make());
    the_tree_grows_with_every_entry(make());
}

fn what_is_appended_is_read(mut log: impl Journal) {
    let epoch = log.epoch();
    let entries: Vec<Vec<u8>> = (1..=20).map(|seq| fact(stream(1), epoch, seq, 50)).collect();
    for (number, entry) in entries.iter().enumerate() {
        let durable = log.append(&[entry]).expect("it is the next");
        assert_eq!((durable.epoch, durable.first), (epoch, number as u64));
    }
    let run = log.reader().read(stream(1), 1, usize::MAX).expect("it was written");
    assert_eq!(run.bytes, entries.concat());
    let mut hash = entry::CHAIN_START;
    for ((stored, bytes), seq) in run.iter().zip(1..) {
        assert_eq!((stored.seq, stored.place, stored.erased), (seq, seq - 1, false));
        hash = entry::chain(&hash, &EntryRef::read(bytes).expect("an entry").leaf());
    }
    assert_eq!(log.reader().tail(stream(1)), Tail { seq: 20, hash });
}

fn streams_are_kept_apart(mut log: impl Journal) {
    let epoch = log.epoch();
    for seq in 1..=10 {
        let parts: Vec<Vec<u8>> =
            (1..=5).map(|n| fact(stream(n), epoch, seq, n as usize)).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        log.append(&parts).expect("each is the next of its stream");
    }
    let reader = log.reader();
    assert_eq!(reader.streams().len(), 5);
    for n in 1..=5 {
        let run = reader.read(stream(n), 1, usize::MAX).expect("it was written");
        let want: Vec<u8> =
            (1..=10).flat_map(|seq| fact(stream(n), epoch, seq, n as usize)).collect();
        assert_eq!(run.bytes, want);
    }
    assert!(reader.read(stream(9), 1, 100).expect("an empty stream").entries.is_empty());
    assert_eq!(reader.tail(stream(9)), Tail::default());
}

fn the_tail_is_the_fence(mut log: impl Journal) {
    let epoch = log.epoch();
    log.append(&[&fact(stream(1), epoch, 1, 5)]).expect("the first");
    for seq in [0, 1, 3] {
        let refused = log.append(&[&fact(stream(1), epoch, seq, 5)]);
        let Err(AppendError::Refused(Refused::NotNext { expected: 2, found, .. })) = refused else {
            panic!("seq {seq} was not refused: {refused:?}")
        };
        assert_eq!(found, seq);
    }
    let other = log.append(&[&fact(stream(1), epoch + 1, 2, 5)]);
    assert!(matches!(other, Err(AppendError::Refused(Refused::Epoch { .. }))));
    let cut = &fact(stream(1), epoch, 2, 5)[..100];
    assert!(matches!(log.append(&[cut]), Err(AppendError::Refused(Refused::Malformed(0)))));
    assert!(matches!(log.append(&[]), Err(AppendError::Refused(Refused::Size(_)))));
    log.append(&[&fact(stream(1), epoch, 2, 5)]).expect("refusals change nothing");
}

fn a_batch_is_taken_whole_or_not_at_all(mut log: impl Journal) {
    let epoch = log.epoch();
    let good = [fact(stream(1), epoch, 1, 5), fact(stream(1), epoch, 2, 5)].concat();
    let bad = fact(stream(2), epoch, 7, 5);
    assert!(log.append(&[&good, &bad]).is_err());
    let reader = log.reader();
    assert_eq!((reader.tail(stream(1)).seq, reader.head().size), (0, 0));
    log.append(&[&good]).expect("nothing was written before");
    assert_eq!((reader.tail(stream(1)).seq, reader.head().size), (2, 2));
}

fn reading_begins_anywhere_and_ends_at_the_limit(mut log: impl Journal) {
    let epoch = log.epoch();
    let mut next = 1;
    for batch in [1, 7, 3, 20, 1] {
        let part: Vec<u8> =
            (next..next + batch).flat_map(|s| fact(stream(1), epoch, s, 100)).collect();
        log.append(&[&part]).expect("it is the next");
        next += batch;
    }
    let reader = log.reader();
    let one = fact(stream(1), epoch, 1, 100).len();
    for from in 1..next {
        for limit in [0, 1, one, one * 3, one * 3 + 1, one * 100] {
            let run = reader.read(stream(1), from, limit).expect("it was written");
            let want = ((limit / one) as u64).clamp(1, next - from);
            let seqs: Vec<u64> = run.entries.iter().map(|entry| entry.seq).collect();
            assert_eq!(seqs, (from..from + want).collect::<Vec<_>>(), "from {from}, limit {limit}");
        }
    }
    assert!(reader.read(stream(1), next, 100).expect("nothing there yet").entries.is_empty());
}

fn readers_follow_the_writer(mut log: impl Journal) {
    let (epoch, reader) = (log.epoch(), log.reader());
    std::thread::scope(|scope| {
        let follower = scope.spawn(move || {
            let mut next = 1;
            while next <= 200 {
                let run = reader.read(stream(1), next, 5_000).expect("readable at any time");
                for (stored, bytes) in run.iter() {
                    assert_eq!(stored.seq, next);
                    assert_eq!(bytes, fact(stream(1), epoch, next, 64));
                    next += 1;
                }
                std::thread::yield_now();
            }
        });
        for seq in 1..=200 {
            log.append(&[&fact(stream(1), epoch, seq, 64)]).expect("it is the next");
        }
        follower.join().expect("the follower saw everything");
    });
}

fn the_tree_grows_with_every_entry(mut log: impl Journal) {
    let epoch = log.epoch();
    let mut tree = crate::tree::Tree::default();
    for seq in 1..=33 {
        let (a, b) = (fact(stream(1), epoch, seq, 5), fact(stream(2), epoch, seq, 5));
        log.append(&[&a, &b]).expect("both are the next");
        for entry in [a, b] {
            tree.push(EntryRef::read(&entry).expect("an entry").leaf());
        }
        let head = log.reader().head();
        assert_eq!((head.size, head.root, head.epoch), (tree.size(), tree.root(), epoch));
    }
}
