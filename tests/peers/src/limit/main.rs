//! `limit`: the least a relay can do, on one thread, as a measure for one that does more.
//!
//! ```text
//! limit ADDRESS                   one ring: /pub writes into it, everybody at /sub reads it
//! limit ADDRESS --one-write       the same with one write for each message
//! limit ADDRESS --meeting         groups: what somebody at /g/N says goes to the others there
//! ```
//! Readiness is edge-triggered; everybody is flushed at the end of each poll round.

mod client;
mod fan;
mod meeting;
mod ring;

use std::io::ErrorKind;

use client::Client;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);

/// What is done with what comes in; `fan` and `meeting` are the two loads.
trait Relay {
    /// A client said where it belongs.
    fn seat(&mut self, token: usize, path: &str);
    /// Reads clients, those that are `ready` among them, and sends what is due; whether there is
    /// more to do at once.
    fn round(&mut self, clients: &mut [Option<Client>], ready: &[usize]) -> bool;
    /// A client is gone.
    fn forget(&mut self, token: usize);
}

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let address = words.first().ok_or("limit ADDRESS [--one-write | --meeting]")?;
    let one_write = words.iter().any(|word| word == "--one-write");
    let mut relay: Box<dyn Relay> = match words.iter().any(|word| word == "--meeting") {
        true => Box::<meeting::Meetings>::default(),
        false => Box::new(fan::Fan::new(one_write)),
    };
    let address = address.parse().map_err(|_| format!("{address} is no address"))?;
    serve(address, relay.as_mut()).map_err(|error| error.to_string())
}

fn serve(address: std::net::SocketAddr, relay: &mut dyn Relay) -> std::io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(address)?;
    // A limit is not paced: with BBR, which some systems have as their default, one start of it is
    // half as fast as another. Where there is no Reno it is as fast as the default.
    let _ = rustix::net::sockopt::set_tcp_congestion(&listener, "reno");
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut clients: Vec<Option<Client>> = Vec::new();
    let (mut more, mut ready) = (false, Vec::new());
    loop {
        let wait = more.then_some(std::time::Duration::ZERO);
        match poll.poll(&mut events, wait) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        ready.clear();
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut clients)?;
            } else if let Some(Some(client)) = clients.get_mut(event.token().0) {
                client.readable |= event.is_readable();
                client.writable |= event.is_writable();
                client.gone |= event.is_error() || event.is_read_closed();
                if let Some(path) = client.greet() {
                    relay.seat(event.token().0, &path);
                }
                if event.is_readable() {
                    ready.push(event.token().0);
                }
            }
        }
        more = relay.round(&mut clients, &ready);
        for event in &events {
            let token = event.token().0;
            if clients.get(token).and_then(Option::as_ref).is_some_and(|client| client.gone) {
                relay.forget(token);
                clients[token] = None;
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    clients: &mut Vec<Option<Client>>,
) -> std::io::Result<()> {
    loop {
        let mut socket = match listener.accept() {
            Ok((socket, _)) => socket,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        socket.set_nodelay(true)?;
        let token = clients.iter().position(Option::is_none).unwrap_or(clients.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut socket, Token(token), interest)?;
        let client = Some(Client::new(socket));
        match clients.get_mut(token) {
            Some(place) => *place = client,
            None => clients.push(client),
        }
    }
}
