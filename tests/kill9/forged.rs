//! Ways in and ways back that are forged: whoever did not get them from the server stays outside,
//! and the one whose seat was aimed at notices nothing.

use std::time::{Duration, Instant};

use convoke_model::ClientId;
use convoke_tests::client::Socket;
use convoke_tests::program::Server;
use convoke_wire::close::Close;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::message::{self, ClientMessage, Hello, Resume};

const PASSWORD: &str = "bad-weather";
const WAIT: Duration = Duration::from_secs(10);

/// Each forgery is a connection of one address; joining is limited, coming back is not.
const SETTINGS: &str = "
[join]
per_minute = 100000
burst = 100000
";

/// Somebody in the meeting, and the way back that the server gave them.
struct Seated {
    socket: Socket,
    half: ClientHalf,
    way_back: Resume,
}

fn seated(server: &Server, ticket: String) -> Seated {
    let mut socket = Socket::connect(server.address()).expect("upgraded");
    let mut half = ClientHalf::new(ticket, "forged".to_owned());
    socket.send(&half.hello()).expect("sent");
    let until = Instant::now() + WAIT;
    loop {
        assert!(Instant::now() < until, "no snapshot");
        let Some(said) = socket.receive().expect("open") else { continue };
        if let Ok(Some(Output::Snapshot(_))) = half.handle(&said) {
            break;
        }
    }
    let Some(ClientMessage::Hello(Hello { resume: Some(way_back), .. })) =
        message::from_bytes(&half.hello())
    else {
        panic!("who was welcomed has a way back");
    };
    Seated { socket, half, way_back }
}

/// The code that a first message is answered with.
fn closed_by(server: &Server, ticket: Option<String>, resume: Option<Resume>) -> Option<u16> {
    let mut socket = Socket::connect(server.address()).expect("upgraded");
    let agent = "forged".to_owned();
    let hello = ClientMessage::Hello(Hello { versions: vec![1], ticket, resume, agent });
    socket.send(&message::to_bytes(&hello)).expect("sent");
    let until = Instant::now() + WAIT;
    while Instant::now() < until {
        if socket.receive().is_err() {
            return socket.closed();
        }
    }
    None
}

/// Every bit of the secret turned, every length but its own, and everything that it stands for
/// changed with it left as it is.
fn forgeries(of: &Resume, other: &Resume) -> Vec<Resume> {
    let with = |secret: Vec<u8>| Resume { secret, ..of.clone() };
    let mut forged = Vec::new();
    for bit in 0..of.secret.len() * 8 {
        let mut secret = of.secret.clone();
        secret[bit / 8] ^= 1 << (bit % 8);
        forged.push(with(secret));
    }
    forged.extend((0..of.secret.len()).map(|length| with(of.secret[..length].to_vec())));
    for more in [1, 2, 16, 32, 224, 1000] {
        forged.push(with([of.secret.clone(), vec![0; more]].concat()));
    }
    forged.push(with(of.secret.iter().rev().copied().collect()));
    for byte in [0, 0xff] {
        forged.push(with(vec![byte; of.secret.len()]));
    }
    forged.push(with(other.secret.clone()));
    let bare = |resume: Resume| Resume { position: None, hash: None, ..resume };
    forged.push(bare(with(other.secret.clone())));
    let clients = (0..64).map(|bit| of.client.0 ^ (1 << bit)).chain([0, u64::MAX, other.client.0]);
    forged.extend(clients.map(|client| Resume { client: ClientId(client), ..of.clone() }));
    let sessions = (0..32).map(|bit| of.session ^ (1 << bit));
    forged.extend(sessions.map(|session| Resume { session, ..of.clone() }));
    let meetings = [other.meeting, of.meeting + 1, of.meeting - 1];
    forged.extend(meetings.map(|meeting| Resume { meeting, ..of.clone() }));
    forged
}

#[test]
fn nobody_takes_a_seat_with_a_forged_way_back() {
    let mut server = Server::start(SETTINGS);
    let (_, host) = server.meeting(PASSWORD);
    let (_, other) = server.meeting(PASSWORD);
    let mut host = seated(&server, host);
    let other = seated(&server, other);
    let forged = forgeries(&host.way_back, &other.way_back);
    assert!(forged.len() > 400);
    for resume in forged {
        let code = closed_by(&server, None, Some(resume.clone()));
        assert_eq!(code, Some(Close::TicketInvalid.code()), "{resume:?}");
    }
    // The seat is still the host's: a way back that is taken ends the connection before it.
    host.socket.send(&host.half.confirm(0)).expect("open");
    assert!(host.socket.receive().is_ok(), "nobody took the seat");
    let mut back = Socket::connect(server.address()).expect("upgraded");
    back.send(&host.half.hello()).expect("sent");
    let until = Instant::now() + WAIT;
    while back.receive().expect("the way back that was given is good").is_none() {
        assert!(Instant::now() < until, "no welcome");
    }
    server.stop();
}

#[test]
fn nobody_enters_with_a_forged_ticket() {
    let mut server = Server::start(SETTINGS);
    let (_, ticket) = server.meeting(PASSWORD);
    let mut forged: Vec<String> = (0..ticket.len()).map(|end| ticket[..end].to_owned()).collect();
    for (at, old) in ticket.char_indices() {
        for new in ['A', 'z', '0', '-', '_', '=', '+', '\0', 'é'] {
            let text = format!("{}{new}{}", &ticket[..at], &ticket[at + 1..]);
            forged.extend((new != old).then_some(text));
        }
    }
    let around = [format!("{ticket} "), format!(" {ticket}"), format!("{ticket}A")];
    forged.extend(around);
    for forgery in forged {
        let code = closed_by(&server, Some(forgery.clone()), None);
        assert_eq!(code, Some(Close::TicketInvalid.code()), "{forgery:?}");
    }
    let _in = seated(&server, ticket);
    server.stop();
}
