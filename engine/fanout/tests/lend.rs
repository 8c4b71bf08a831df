//! What is lent: pages that a socket keeps while the lane goes on.
#![cfg(all(target_os = "linux", not(loom), not(miri)))]

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt as _;

use convoke_fanout::{CHUNK_BYTES, FileRange, LaneLimits, Pool, PoolLimits};
use rustix::fs::sendfile;

const FRAME: usize = CHUNK_BYTES / 4;

fn pool() -> Pool {
    Pool::new(PoolLimits { chunks_max: 16, kept_max: 2 })
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let here = TcpStream::connect(address).expect("a connection");
    (here, listener.accept().expect("the same").0)
}

/// Frames of that one byte, headerless: the lane does not look into them.
fn fill(writer: &mut convoke_fanout::LaneWriter, byte: u8, frames: usize) {
    for _ in 0..frames {
        writer.append(&[&[byte; FRAME]]).expect("the lane drops what is old");
    }
}

#[test]
fn lent_ranges_hold_what_the_slices_hold() {
    let pool = pool();
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 4 * CHUNK_BYTES });
    let mut slot = pool.pin_slot().expect("a place");
    (1..=10).for_each(|byte| fill(&mut writer, byte, 1));
    let pin = slot.pin();
    let span = lane.read(FRAME as u64 / 2, &pin);
    let span = span.expect("nothing is dropped");
    let file = std::fs::File::from(
        pool.file().expect("this system has such files").try_clone_to_owned().expect("a copy"),
    );
    let mut lent = 0;
    for (range, slice) in span.lend().zip(span.slices()) {
        let FileRange { offset, len } = range.expect("every chunk is in the file");
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, offset).expect("within the file");
        assert!(bytes == slice, "the file shows what the lane holds");
        lent += len;
    }
    assert_eq!(lent, span.len());
}

#[test]
fn a_socket_keeps_what_it_was_lent_while_the_lane_goes_on() {
    let pool = pool();
    let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 2 * CHUNK_BYTES });
    let mut slot = pool.pin_slot().expect("a place");
    let (out, mut back) = pair();
    let file = pool.file().expect("this system has such files");
    let mut sent = 0;
    {
        fill(&mut writer, b'a', 6);
        let pin = slot.pin();
        let span = lane.read(0, &pin).expect("nothing is dropped");
        for range in span.lend() {
            let FileRange { mut offset, mut len } = range.expect("every chunk is in the file");
            while len > 0 {
                let taken = sendfile(&out, file, Some(&mut offset), len).expect("it is taken");
                sent += taken;
                len -= taken;
            }
        }
        assert_eq!(sent, span.len());
    }
    // Every chunk is written again, several times, before anything is read.
    fill(&mut writer, b'b', 64);
    let mut got = vec![0; sent];
    back.read_exact(&mut got).expect("all of it arrives");
    assert!(got.iter().all(|byte| *byte == b'a'), "what was lent did not change");
    assert!(pool.chunks() <= 4, "chunks that were lent are used again: {}", pool.chunks());
}
