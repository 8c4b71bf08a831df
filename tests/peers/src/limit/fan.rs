//! One publisher, many subscribers: everything between a subscriber's position and the head in one
//! call, or a call for each message.

use crate::Relay;
use crate::client::Client;
use crate::ring::{RING_BYTES, Ring};

/// Room that is kept for what one read may bring.
const ROOM_BYTES: u64 = 1 << 20;

struct Subscriber {
    token: usize,
    at: u64,
    /// Where the message ends that was sent in part.
    end: u64,
}

pub(crate) struct Fan {
    ring: Ring,
    one_write: bool,
    publishers: Vec<usize>,
    subscribers: Vec<Subscriber>,
    scratch: Vec<u8>,
}

impl Fan {
    pub(crate) fn new(one_write: bool) -> Self {
        let (publishers, subscribers) = (Vec::new(), Vec::new());
        Self { ring: Ring::new(), one_write, publishers, subscribers, scratch: Vec::new() }
    }

    /// Whether a read fits before the slowest subscriber's place is written over.
    fn has_room(&self, slowest: u64) -> bool {
        self.ring.head - slowest + ROOM_BYTES < RING_BYTES as u64
    }
}

impl Relay for Fan {
    fn seat(&mut self, token: usize, path: &str) {
        match path {
            "/pub" => self.publishers.push(token),
            _ => {
                let (at, end) = (self.ring.head, self.ring.head);
                self.subscribers.push(Subscriber { token, at, end });
            }
        }
    }

    fn round(&mut self, clients: &mut [Option<Client>], _ready: &[usize]) -> bool {
        let head = self.ring.head;
        let slowest = self.subscribers.iter().map(|one| one.at).min().unwrap_or(head);
        let mut more = false;
        if self.has_room(slowest) {
            for token in &self.publishers {
                if let Some(Some(client)) = clients.get_mut(*token)
                    && client.readable
                {
                    more |= client.read(&mut self.scratch, |payload| self.ring.append(payload));
                }
            }
        }
        let head = self.ring.head;
        let mut slowest = head;
        for Subscriber { token, at, end } in &mut self.subscribers {
            let Some(Some(client)) = clients.get_mut(*token) else { continue };
            while client.writable && *at < head {
                if *at == *end || !self.one_write {
                    *end = if self.one_write { self.ring.frame_end(*at) } else { head };
                }
                *at += client.write(self.ring.between(*at, *end)) as u64;
            }
            slowest = slowest.min(*at);
        }
        more && self.has_room(slowest)
    }

    fn forget(&mut self, token: usize) {
        self.publishers.retain(|known| *known != token);
        self.subscribers.retain(|one| one.token != token);
    }
}
