//! Links: what is under way between clients and the server. They outlive the process at one end of
//! them.

use std::collections::{BTreeMap, VecDeque};

use convoke_fanout::frame;

/// One connection's bytes, as messages.
#[derive(Debug)]
pub(crate) struct Link {
    /// From the client, not read by the server.
    pub(crate) up: VecDeque<Vec<u8>>,
    /// From the server, not read by the client. Whole messages; `true` once the tap has seen one.
    pub(crate) down: VecDeque<(bool, Vec<u8>)>,
    /// Bytes of them.
    pub(crate) waiting: usize,
    /// Bytes that the operating systems between both ends hold.
    pub(crate) capacity: usize,
    /// The client has not hung up.
    pub(crate) client_open: bool,
    /// The server has not hung up.
    pub(crate) server_open: bool,
    /// A frame that was cut: a client takes what there is of it and waits for the rest.
    part: Vec<u8>,
}

impl Link {
    fn new(capacity: usize) -> Self {
        Self {
            up: VecDeque::new(),
            down: VecDeque::new(),
            waiting: 0,
            capacity,
            client_open: true,
            server_open: true,
            part: Vec::new(),
        }
    }

    /// Bytes that the server may write now.
    pub(crate) fn room(&self) -> usize {
        if self.client_open { self.capacity.saturating_sub(self.waiting) } else { usize::MAX / 2 }
    }

    /// The server writes: whole messages become readable, the rest of a frame waits for its end.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.part.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(len) = frame::length(&self.part[at..]) {
            let len = usize::try_from(len).expect("frames are small");
            if self.part.len() - at < len {
                break;
            }
            let whole = &self.part[at..at + len];
            let header = match whole[1] & 0x7f {
                126 => 4,
                127 => 10,
                _ => 2,
            };
            // A close frame only repeats what the goodbye before it said.
            if whole[0] & 0x0f == 0x2 {
                self.down.push_back((false, whole[header..].to_vec()));
                self.waiting += len - header;
            }
            at += len;
        }
        self.part.drain(..at);
    }

    /// The client reads one message.
    pub(crate) fn read(&mut self) -> Option<Vec<u8>> {
        let (_, message) = self.down.pop_front()?;
        self.waiting -= message.len();
        Some(message)
    }
}

/// All links.
#[derive(Debug, Default)]
pub(crate) struct Net {
    pub(crate) links: BTreeMap<u64, Link>,
    made: u64,
}

impl Net {
    /// A new link and its number, which is never given again.
    pub(crate) fn connect(&mut self, capacity: usize) -> u64 {
        self.made += 1;
        self.links.insert(self.made, Link::new(capacity));
        self.made
    }

    pub(crate) fn get(&mut self, link: u64) -> Option<&mut Link> {
        self.links.get_mut(&link)
    }
}
