//! Somebody in a meeting, as far as these tests need one.

use std::time::{Duration, Instant};

use convoke_model::meeting::Command;
use convoke_model::meeting::chat::{self, To};
use convoke_model::text::ChatText;
use convoke_tests::client::Socket;
use convoke_tests::program::Server;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::message::ReplyResult;

const WAIT: Duration = Duration::from_secs(10);

/// A connection and what its person knows; the latter outlives the former.
pub(crate) struct Guest {
    pub(crate) half: ClientHalf,
    socket: Option<Socket>,
}

/// What came.
enum Came {
    In,
    Accepted,
    Other,
}

impl Guest {
    /// Comes in with a ticket; `Err` holds the code with which the connection was closed instead.
    pub(crate) fn enter(server: &Server, ticket: String) -> Result<Self, Option<u16>> {
        let half = ClientHalf::new(ticket, "recovery".to_owned());
        let mut guest = Self { half, socket: None };
        guest.connect(server).map(|()| guest)
    }

    /// Connects, for the first time or again.
    pub(crate) fn connect(&mut self, server: &Server) -> Result<(), Option<u16>> {
        let mut socket = Socket::connect(server.address()).expect("a connection");
        socket.send(&self.half.hello()).expect("sent");
        let begun = Instant::now();
        loop {
            match self.hear(&mut socket) {
                Ok(Some(Came::In)) => break,
                Ok(_) => assert!(begun.elapsed() < WAIT, "no answer"),
                Err(()) => return Err(socket.closed()),
            }
        }
        self.socket = Some(socket);
        Ok(())
    }

    /// Says something, and returns when it is accepted.
    pub(crate) fn say(&mut self, text: &str) {
        let mut socket = self.socket.take().expect("connected");
        let text = ChatText::new(text).expect("a short text");
        let say = Command::Chat(chat::Command::Say { to: To::Everyone, text });
        let (_, message) = self.half.request(say);
        socket.send(&message).expect("sent");
        let begun = Instant::now();
        while !matches!(self.hear(&mut socket), Ok(Some(Came::Accepted))) {
            assert!(begun.elapsed() < WAIT, "it is not accepted");
        }
        self.socket = Some(socket);
    }

    /// Hears everything up to a fact.
    pub(crate) fn hear_up_to(&mut self, seq: u64) {
        let mut socket = self.socket.take().expect("connected");
        let begun = Instant::now();
        while self.half.position().seq < seq {
            assert!(self.hear(&mut socket).is_ok() && begun.elapsed() < WAIT, "not up to {seq}");
        }
        self.socket = Some(socket);
    }

    /// Whether the connection is still there, once everything that came has been heard.
    pub(crate) fn is_connected(&mut self) -> bool {
        let Some(mut socket) = self.socket.take() else { return false };
        while let Ok(Some(_)) = self.hear(&mut socket) {}
        let open = socket.closed().is_none();
        self.socket = Some(socket);
        open
    }

    /// The connection is lost.
    pub(crate) fn disconnect(&mut self) {
        self.socket = None;
    }

    fn hear(&mut self, socket: &mut Socket) -> Result<Option<Came>, ()> {
        let Some(bytes) = socket.receive().map_err(|_| ())? else { return Ok(None) };
        let came = match self.half.handle(&bytes).expect("the server speaks the protocol") {
            Some(Output::Snapshot(_) | Output::Resumed) => Came::In,
            Some(Output::Reply(_, ReplyResult::Accepted(_))) => Came::Accepted,
            _ => Came::Other,
        };
        Ok(Some(came))
    }
}
