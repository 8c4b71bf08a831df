//! Catching up: entries from the log as the frames that a viewer gets, exactly as the lanes would
//! have carried them.

use convoke_journal::{Error, LogReader};
use convoke_model::StreamId;
use convoke_model::view::session::Viewer;
use convoke_wire::entry::{self, EntryRef, Hash};
use convoke_wire::frame::{Opcode, server_header};
use convoke_wire::{message, short};

/// A stretch of the log, ready to send.
#[derive(Debug, Default)]
pub struct Stretch {
    /// WebSocket frames.
    pub frames: Vec<u8>,
    /// Seq of the last entry in it; 0 when there was none.
    pub to: u64,
    /// The stream's hash there, continued from the hash that was handed in.
    pub hash: Hash,
}

/// Frames for the entries of `stream` from `from` to `to`, at most about `bytes_max`, as `viewer`
/// may see them, continuing the chain from `hash`.
///
/// # Errors
/// What the log said: damaged or unreadable entries are named, never skipped.
pub fn read(
    log: &dyn LogReader,
    stream: StreamId,
    viewer: Viewer,
    (from, to): (u64, u64),
    hash: Hash,
    bytes_max: usize,
) -> Result<Stretch, Error> {
    let mut stretch = Stretch { frames: Vec::new(), to: 0, hash };
    let run = log.read(stream, from, bytes_max)?;
    for (_, bytes) in run.iter() {
        let Ok(found) = EntryRef::read(bytes) else { break };
        if found.header.seq > to {
            break;
        }
        let leaf = found.leaf();
        push(&mut stretch.frames, viewer, &found, &leaf);
        stretch.hash = entry::chain(&stretch.hash, &leaf);
        stretch.to = found.header.seq;
    }
    Ok(stretch)
}

/// An entry is sent with its payload to whoever may see it; where it does not go to everyone, its
/// withheld form marks its place. An erased entry is withheld from all.
fn push(frames: &mut Vec<u8>, viewer: Viewer, found: &EntryRef<'_>, leaf: &Hash) {
    let header = &found.header;
    let for_all = header.audience == convoke_model::Audience::Everyone;
    let erased = found.is_erased();
    if viewer.sees(header.audience, header.actor) && !erased {
        match short::split(found.bytes) {
            Some((short, payload)) => frame(frames, &[&short, payload]),
            None => frame(frames, &[found.bytes]),
        }
    }
    if !for_all || erased {
        frame(frames, &[&message::withheld(header.seq, leaf)]);
    }
}

fn frame(frames: &mut Vec<u8>, payload: &[&[u8]]) {
    let bytes = payload.iter().map(|part| part.len()).sum();
    let (header, len) = server_header(Opcode::Binary, bytes);
    frames.extend_from_slice(&header[..len]);
    for part in payload {
        frames.extend_from_slice(part);
    }
}
