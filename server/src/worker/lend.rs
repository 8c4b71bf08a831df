//! Lending: a socket is given the pages of a lane instead of a copy of their bytes. A copy costs by
//! the byte and for each reader, a loan by the page; what it costs besides, new pages for the
//! lane's chunk, is paid once for all readers together. docs/decisions/0011 has the figures.

use std::io::{self, IoSlice};

use convoke_fanout::{FileRange, Lane};
use mio::net::TcpStream;
use rustix::fd::BorrowedFd;
use rustix::fs::sendfile;
use rustix::io::Errno;

use super::flush::Offer;
use super::io::Io;

/// Fewer bytes than this of one lane are copied.
const BYTES_MIN: usize = 16 * 1024;
/// Handles of a lane below which it is never lent: the writer, its readers and few others.
const HANDLES_MIN: usize = 32;
/// Bytes that all readers together take, below which new pages cost more than the loans save: with
/// a hundred readers 50 KiB each, with three hundred what is the least for one.
const ALL_BYTES_MIN: usize = 5 * 1024 * 1024;

/// Whether so many bytes of a lane are better lent than copied.
pub(super) fn pays(lane: &Lane, bytes: usize) -> bool {
    let handles = lane.handles();
    bytes >= BYTES_MIN && handles >= HANDLES_MIN && bytes * handles >= ALL_BYTES_MIN
}

/// Sends an offer in order as far as the socket, a plain one, takes it: the bytes taken.
pub(super) fn send(
    plain: &mut Io,
    file: BorrowedFd<'_>,
    offer: &Offer<'_, '_>,
) -> io::Result<usize> {
    let slices = offer.slices();
    let of_lanes: usize = offer.parts().iter().map(|part| part.slices).sum();
    // Slices from `copy_from` to `at` are to be copied before the next loan.
    let (mut sent, mut copy_from, mut at) = (0, 0, slices.len() - of_lanes);
    for part in offer.parts() {
        let Some(span) = part.span.filter(|_| part.lent) else {
            at += part.slices;
            continue;
        };
        let mut ranges = span.lend().take(part.slices).peekable();
        while let Some(range) = ranges.next() {
            let Some(mut range) = range else {
                at += 1;
                continue;
            };
            // The chunks of a busy lane mostly lie one behind the other: then they are one loan.
            let mut lent_slices = 1;
            while let Some(next) = ranges.next_if(|next| follows(&range, next.as_ref())) {
                range.len += next.map_or(0, |next| next.len);
                lent_slices += 1;
            }
            let (taken, all) = copied(plain, &slices[copy_from..at])?;
            sent += taken;
            if !all {
                return Ok(sent);
            }
            let taken = lent(plain.socket(), file, range)?;
            sent += taken;
            if taken < range.len {
                return Ok(sent);
            }
            at += lent_slices;
            copy_from = at;
        }
    }
    Ok(sent + copied(plain, &slices[copy_from..])?.0)
}

/// Whether the file goes on with `next` where `range` ends.
fn follows(range: &FileRange, next: Option<&FileRange>) -> bool {
    next.is_some_and(|next| next.offset == range.offset + range.len as u64)
}

/// One write: the bytes taken, and whether that was all.
fn copied(plain: &mut Io, slices: &[IoSlice<'_>]) -> io::Result<(usize, bool)> {
    if slices.is_empty() {
        return Ok((0, true));
    }
    let taken = plain.write(slices)?;
    Ok((taken, taken == slices.iter().map(|slice| slice.len()).sum::<usize>()))
}

/// Lends a range, until all is taken or the socket says that it is full: only then does it tell
/// when it takes more. The bytes taken.
fn lent(socket: &TcpStream, file: BorrowedFd<'_>, range: FileRange) -> io::Result<usize> {
    let FileRange { mut offset, len } = range;
    let mut taken = 0;
    while taken < len {
        match sendfile(socket, file, Some(&mut offset), len - taken) {
            Err(Errno::AGAIN) => break,
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => taken += more,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};

    use convoke_fanout::{CHUNK_BYTES, LaneLimits, LaneWriter, PinSlot, Pool, PoolLimits};

    use super::*;
    use crate::worker::flush::Source;

    /// So many handles that the least bytes of one lane are lent.
    const CROWD: usize = ALL_BYTES_MIN / BYTES_MIN;
    /// As much of one lane as an offer takes.
    const FULL_BYTES: usize = 60 * CHUNK_BYTES;

    /// Two lanes that begin off the start of a chunk, with enough handles to be lent.
    struct Stage {
        lanes: [(LaneWriter, Lane); 2],
        _handles: Vec<Lane>,
        pins: PinSlot,
    }

    impl Stage {
        fn new() -> Self {
            let pool = Pool::new(PoolLimits { chunks_max: 256, kept_max: 8 });
            let lanes = [(); 2].map(|()| pool.lane(LaneLimits { bytes_max: 96 * CHUNK_BYTES }));
            let _handles = lanes.iter().flat_map(|(_, lane)| vec![lane.clone(); CROWD]).collect();
            let pins = pool.pin_slot().expect("a place");
            Self { lanes, _handles, pins }
        }

        /// Bytes that tell where they stand, in pieces that no chunk is a multiple of.
        fn fill(&mut self, lane: usize, bytes: usize) {
            let piece: Vec<u8> = (0..997_u32).map(|at| (at % 251) as u8 ^ lane as u8).collect();
            for part in vec![&piece[..]; bytes.div_ceil(997)] {
                self.lanes[lane].0.append(&[part]).expect("it fits");
            }
        }
    }

    fn pair(buffer_bytes: usize) -> (Io, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let there = TcpStream::connect(listener.local_addr().expect("one")).expect("connects");
        let here = listener.accept().expect("the same").0;
        here.set_nonblocking(true).expect("it can");
        let bounded = socket2::SockRef::from(&here).set_send_buffer_size(buffer_bytes);
        bounded.expect("it can be bounded");
        (Io::new(here, None), there)
    }

    /// Own bytes, a lane, answers, another lane: what was offered, what of it was taken, and what
    /// arrived.
    fn sent(stage: &mut Stage, buffer_bytes: usize) -> (Vec<u8>, usize, Vec<u8>) {
        let (mut here, mut there) = pair(buffer_bytes);
        let pin = stage.pins.pin();
        let mut offer = Offer::new(b"own bytes");
        let [(_, first), (_, second)] = &stage.lanes;
        offer.add(Source::Facts, first, first.read(997, &pin).expect("nothing is dropped"));
        offer.add_replies(b"answers");
        offer.add(Source::Track(0), second, second.read(0, &pin).expect("nothing is dropped"));
        assert!(offer.lends(), "so much for so many is lent");
        let offered: Vec<u8> = offer.slices().iter().flat_map(|slice| slice.to_vec()).collect();
        let file = pin.pool().file().expect("this system has such files");
        let taken = send(&mut here, file, &offer).expect("the peer is there");
        drop(here);
        let mut arrived = Vec::new();
        there.read_to_end(&mut arrived).expect("it was closed in order");
        (offered, taken, arrived)
    }

    #[test]
    fn what_is_lent_and_what_is_copied_arrive_in_order() {
        let mut stage = Stage::new();
        // Over the end of a chunk, and no more than a socket's buffer holds everywhere.
        stage.fill(0, CHUNK_BYTES + BYTES_MIN);
        stage.fill(1, BYTES_MIN);
        let (offered, taken, arrived) = sent(&mut stage, 4 << 20);
        assert_eq!((taken, arrived.len()), (offered.len(), offered.len()));
        assert!(arrived == offered, "byte for byte");
    }

    #[test]
    fn a_full_socket_has_taken_what_is_said_and_no_more() {
        let mut stage = Stage::new();
        // Nobody reads meanwhile, and the buffers between hold less.
        stage.fill(0, FULL_BYTES);
        stage.fill(1, BYTES_MIN);
        let (offered, taken, arrived) = sent(&mut stage, 64 * 1024);
        assert!(taken < offered.len(), "it was full");
        assert_eq!(taken, arrived.len());
        assert!(arrived == offered[..taken], "byte for byte");
    }

    #[test]
    fn little_or_for_few_is_copied() {
        let pool = Pool::new(PoolLimits { chunks_max: 8, kept_max: 2 });
        let (_writer, lane) = pool.lane(LaneLimits { bytes_max: CHUNK_BYTES });
        assert!(!pays(&lane, ALL_BYTES_MIN));
        let _some = vec![lane.clone(); HANDLES_MIN];
        assert!(pays(&lane, ALL_BYTES_MIN / HANDLES_MIN) && !pays(&lane, BYTES_MIN));
        let _many = vec![lane.clone(); CROWD];
        assert!(pays(&lane, BYTES_MIN) && !pays(&lane, BYTES_MIN - 1));
    }
}
