//! One client of the minimal server: its socket, what is ready, and bytes that came in part.

use std::io::{ErrorKind, IoSlice, Read as _, Write as _};

use convoke_peers::{frame, upgrade};
use mio::net::TcpStream;

/// Bytes read from one client in a round.
const READ_BYTES: usize = 256 * 1024;

pub(crate) struct Client {
    socket: TcpStream,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) gone: bool,
    greeted: bool,
    partial: Vec<u8>,
}

impl Client {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            readable: false,
            writable: false,
            gone: false,
            greeted: false,
            partial: Vec::new(),
        }
    }

    /// Answers the upgrade once its request is there; the path it asked for.
    pub(crate) fn greet(&mut self) -> Option<String> {
        if self.greeted || !self.readable {
            return None;
        }
        let mut bytes = [0; 4096];
        match self.socket.read(&mut bytes) {
            Ok(0) => self.gone = true,
            Ok(read) => self.partial.extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(_) => self.gone = true,
        }
        let Ok(found) = upgrade::head(&self.partial) else {
            self.gone = true;
            return None;
        };
        let head: Vec<u8> = self.partial.drain(..found?).collect();
        let head = String::from_utf8_lossy(&head);
        let Some((path, answer)) = upgrade::answer(&head) else {
            self.gone = true;
            return None;
        };
        // An empty send buffer takes an answer of this size whole.
        self.gone |= self.socket.write(answer.as_bytes()).ok() != Some(answer.len());
        self.greeted = true;
        self.partial.shrink_to_fit();
        Some(path.to_owned())
    }

    /// Reads once and gives each whole binary frame, unmasked; true when there may be more.
    pub(crate) fn read(&mut self, scratch: &mut Vec<u8>, mut each: impl FnMut(&[u8])) -> bool {
        scratch.resize(READ_BYTES + frame::FRAME_BYTES_MAX, 0);
        let kept = self.partial.len();
        scratch[..kept].copy_from_slice(&self.partial);
        self.partial.clear();
        let filled = match self.socket.read(&mut scratch[kept..kept + READ_BYTES]) {
            Ok(0) => {
                self.gone = true;
                return false;
            }
            Ok(read) => {
                self.readable = read == READ_BYTES;
                kept + read
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                kept
            }
            Err(_) => {
                self.gone = true;
                return false;
            }
        };
        let bytes = &mut scratch[..filled];
        let mut at = 0;
        while let Ok(Some(found)) = frame::find(bytes, at) {
            let payload = &mut bytes[found.payload..found.end];
            if let Some(mask) = found.mask {
                frame::unmask(payload, mask);
            }
            match found.opcode {
                2 => each(payload),
                8 => self.gone = true,
                _ => {}
            }
            at = found.end;
        }
        self.partial.extend_from_slice(&bytes[at..]);
        self.readable
    }

    /// One call; how much was taken.
    pub(crate) fn write(&mut self, slices: [&[u8]; 2]) -> usize {
        let offered = slices[0].len() + slices[1].len();
        let written = match slices {
            [all, []] => self.socket.write(all),
            [first, second] => {
                self.socket.write_vectored(&[IoSlice::new(first), IoSlice::new(second)])
            }
        };
        match written {
            Ok(taken) => {
                self.writable = taken == offered;
                taken
            }
            Err(error) => {
                self.gone |= error.kind() != ErrorKind::WouldBlock;
                self.writable = false;
                0
            }
        }
    }
}
