//! The way in of one connection: what it says first.

use std::net::SocketAddr;

use convoke_peers::{frame, upgrade};
use convoke_wire::message::{self, ClientMessage, Hello, VERSIONS};
use serde_json::json;

use crate::dialect::Dialect;
use crate::door::{self, Meeting};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Reader,
    Publisher,
    /// A reader that does not read any more.
    Stalled,
}

#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// A WebSocket at this path.
    Path(String),
    /// A line protocol.
    Lines,
    /// A Convoke session, with a ticket.
    Ticket(String),
    /// A Convoke session, by its number and password.
    Join(Meeting),
}

#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub(crate) part: Part,
    pub(crate) way: Way,
}

/// What is waited for before the connection is live.
pub(crate) enum Waits {
    /// The answer to joining, then the ticket is used.
    Ticket,
    /// The answer to the upgrade; with the ticket to say hello with.
    Upgrade(Option<String>),
    /// The session as it is.
    Snapshot,
    /// Any answer at all.
    Word,
}

/// Where a server is and how it is spoken to.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
    pub(crate) dialect: Dialect,
}

impl Place {
    /// What is said first, and what is waited for then.
    pub(crate) fn begin(&self, entrance: &Entrance) -> (Vec<u8>, Waits) {
        let publishes = entrance.part == Part::Publisher;
        match (&entrance.way, self.dialect) {
            (Way::Path(path), _) => {
                let asked = upgrade::request(&door::host(self.address), path, "");
                (asked.into_bytes(), Waits::Upgrade(None))
            }
            (Way::Ticket(ticket), _) => (self.upgrade(), Waits::Upgrade(Some(ticket.clone()))),
            (Way::Join(meeting), _) => {
                let body = json!({
                    "id": meeting.id, "name": "Bench", "password": meeting.password
                });
                let asked = door::post(self.address, self.tls, "/api/v1/join", "", &body);
                (asked.into_bytes(), Waits::Ticket)
            }
            (Way::Lines, Dialect::Redis) => {
                let said: &[u8] = match publishes {
                    true => b"*1\r\n$4\r\nPING\r\n",
                    false => b"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n",
                };
                (said.to_vec(), Waits::Word)
            }
            (Way::Lines, _) => {
                let subscribe = if publishes { "" } else { "SUB c 1\r\n" };
                let said = format!("CONNECT {{\"verbose\":false}}\r\n{subscribe}PING\r\n");
                (said.into_bytes(), Waits::Word)
            }
        }
    }

    /// The request that a ticket is followed by.
    pub(crate) fn upgrade(&self) -> Vec<u8> {
        let host = door::host(self.address);
        let scheme = if self.tls { "https" } else { "http" };
        let more = format!(
            "Origin: {scheme}://{host}\r\nSec-WebSocket-Protocol: {}\r\n",
            message::SUBPROTOCOL
        );
        upgrade::request(&host, "/ws", &more).into_bytes()
    }
}

/// The first message of a Convoke client.
pub(crate) fn hello(ticket: String, into: &mut Vec<u8>) {
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        ticket: Some(ticket),
        resume: None,
        agent: "drive".to_owned(),
    };
    frame::write_masked(2, &message::to_bytes(&ClientMessage::Hello(hello)), into);
}

/// The ticket in a whole answer to joining and the answer's length; `None` until it has come.
pub(crate) fn ticket(bytes: &[u8]) -> Result<Option<(String, usize)>, String> {
    let Some(end) = upgrade::head(bytes)? else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let len = upgrade::value(&head, "content-length").and_then(|len| len.parse::<usize>().ok());
    let whole = end + len.ok_or("an answer without a length")?;
    let Some(body) = bytes.get(end..whole) else { return Ok(None) };
    let body: serde_json::Value =
        serde_json::from_slice(body).map_err(|error| format!("joining: {error}"))?;
    match body["ticket"].as_str() {
        Some(ticket) => Ok(Some((ticket.to_owned(), whole))),
        None => Err(format!("joining was refused: {body}")),
    }
}
