//! Lending: a socket is given the pages of a lane instead of a copy of their bytes. A copy costs by
//! the byte and for each reader, a loan by the page; what it costs besides, new pages for the
//! lane's chunk, is paid once for all readers together. docs/decisions/0011 has the figures.

use std::io::{self, IoSlice, Write as _};

use convoke_fanout::{FileRange, Lane};
use mio::net::TcpStream;
use rustix::fd::BorrowedFd;
use rustix::fs::sendfile;
use rustix::io::Errno;

use super::flush::Offer;

/// Fewer bytes than this of one lane are copied.
const BYTES_MIN: usize = 16 * 1024;
/// Handles of a lane from which on it is lent: the writer, its readers and few others.
const HANDLES_MIN: usize = 32;

/// Whether so many bytes of a lane are better lent than copied.
pub(super) fn pays(lane: &Lane, bytes: usize) -> bool {
    bytes >= BYTES_MIN && lane.handles() >= HANDLES_MIN
}

/// Sends an offer in order as far as the socket takes it: the bytes taken.
pub(super) fn send(
    socket: &mut TcpStream,
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
            let (taken, all) = copied(socket, &slices[copy_from..at])?;
            sent += taken;
            if !all {
                return Ok(sent);
            }
            let taken = lent(socket, file, range)?;
            sent += taken;
            if taken < range.len {
                return Ok(sent);
            }
            at += lent_slices;
            copy_from = at;
        }
    }
    Ok(sent + copied(socket, &slices[copy_from..])?.0)
}

/// Whether the file goes on with `next` where `range` ends.
fn follows(range: &FileRange, next: Option<&FileRange>) -> bool {
    next.is_some_and(|next| next.offset == range.offset + range.len as u64)
}

/// One write: the bytes taken, and whether that was all.
fn copied(socket: &mut TcpStream, slices: &[IoSlice<'_>]) -> io::Result<(usize, bool)> {
    if slices.is_empty() {
        return Ok((0, true));
    }
    let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
    loop {
        match socket.write_vectored(slices) {
            Ok(taken) => return Ok((taken, taken == bytes)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((0, false)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
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
