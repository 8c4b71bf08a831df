//! Hostile peers: whoever breaks the protocol ends their own connection, with the code that says
//! why, and nobody else in the meeting notices.

use std::time::{Duration, Instant};

use convoke_model::meeting::chat::{self, To};
use convoke_model::meeting::{Command, hand};
use convoke_model::text::ChatText;
use convoke_tests::client::Socket;
use convoke_tests::program::{Server, run};
use convoke_wire::close::Close;
use convoke_wire::frame::{Opcode, client_frame};
use convoke_wire::half::ClientHalf;
use convoke_wire::message::{self, ClientMessage, Hello};

use crate::people::{Person, Story};

const MASK: [u8; 4] = [9, 8, 7, 6];
const PASSWORD: &str = "bad-weather";

/// The limits that protect people would be what is measured here.
const SETTINGS: &str = "
[chat]
per_second = 100000
burst = 100000
[join]
per_minute = 100000
burst = 100000
";

/// What is sent, whether after a good hello, and what must come of it.
struct Attack {
    name: &'static str,
    greeted: bool,
    bytes: Vec<u8>,
    close: Close,
}

fn binary(payload: &[u8]) -> Vec<u8> {
    client_frame(Opcode::Binary, payload, MASK)
}

fn said(message: &ClientMessage) -> Vec<u8> {
    binary(&message::to_bytes(message))
}

fn hello(versions: Vec<u32>, ticket: &str) -> ClientMessage {
    let (ticket, agent) = (Some(ticket.to_owned()), "hostile".to_owned());
    ClientMessage::Hello(Hello { versions, ticket, resume: None, agent })
}

fn attacks() -> Vec<Attack> {
    let raise = Command::Hand(hand::Command::Raise {});
    let request = ClientMessage::Request { n: 1, command: raise };
    let mut text = binary(b"hi");
    text[0] = 0x81;
    let mut compressed = binary(b"hi");
    compressed[0] |= 0x40;
    let mut endless = client_frame(Opcode::Binary, b"a", MASK);
    endless[0] = 0x02;
    for _ in 0..64 {
        let mut more = client_frame(Opcode::Continuation, b"a", MASK);
        more[0] = 0x00;
        endless.extend(more);
    }
    let pings = client_frame(Opcode::Ping, b"", MASK).repeat(11);
    // Ten megabytes: refused by their length, before they have come.
    let mut huge = vec![0x82, 0xff];
    huge.extend_from_slice(&10_000_000_u64.to_be_bytes());
    huge.extend_from_slice(&MASK);
    let attack = |name, greeted, bytes, close| Attack { name, greeted, bytes, close };
    vec![
        attack("a request before the hello", false, said(&request), Close::OutOfOrder),
        attack("a ticket that never was", false, said(&hello(vec![1], "no")), Close::TicketInvalid),
        attack("a strange version", false, said(&hello(vec![9], "no")), Close::Version),
        attack("a second hello", true, said(&hello(vec![1], "no")), Close::OutOfOrder),
        attack("a text frame", true, text, Close::Text),
        attack("a compressed frame", true, compressed, Close::Framing),
        attack("an unmasked frame", true, vec![0x82, 0x01, 0x00], Close::Framing),
        attack("endless fragments", true, endless, Close::Framing),
        attack("a flood of pings", true, pings, Close::TooFast),
        attack("ten megabytes", true, huge, Close::TooBig),
        attack("a message above its bound", true, binary(&[2; 33_000]), Close::TooBig),
        attack("no MessagePack", true, binary(&[2, 0xc1]), Close::Malformed),
        attack("an unknown kind", true, binary(&[0x77; 9]), Close::Malformed),
        attack("an empty message", true, binary(&[]), Close::Malformed),
        attack("a media header cut short", true, binary(&[0x10; 8]), Close::Malformed),
    ]
}

/// Makes one attack and waits for the close code.
fn closed_by(server: &Server, id: &str, attack: &Attack) -> Option<u16> {
    let mut socket = Socket::connect(server.address()).expect("upgraded");
    if attack.greeted {
        let half = ClientHalf::new(server.ticket(id, "Mallory", PASSWORD), "hostile".to_owned());
        socket.send(&half.hello()).expect("sent");
        // The welcome shows that the ticket was good.
        let until = Instant::now() + Duration::from_secs(10);
        while socket.receive().expect("open").is_none() {
            assert!(Instant::now() < until, "{}: no welcome", attack.name);
        }
    }
    // The server may hang up before it has read all of it.
    let _ = socket.send_raw(&attack.bytes);
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if socket.receive().is_err() {
            return socket.closed();
        }
    }
    None
}

#[test]
fn hostile_messages_end_their_own_connection_only() {
    let mut server = Server::start(SETTINGS);
    let (id, host) = server.meeting(PASSWORD);
    let host = Person::enter(server.address(), "host", host);
    let ticket = server.ticket(&id, "listener", PASSWORD);
    let listener = Person::enter(server.address(), "listener", ticket);
    host.talk();
    for attack in attacks() {
        let code = closed_by(&server, &id, &attack);
        assert_eq!(code, Some(attack.close.code()), "{}", attack.name);
    }
    let talk: Story = host.finish();
    let heard = listener.finish_at(talk.last());
    assert!(talk.accepted.len() > 20, "only {} messages: nobody was there", talk.accepted.len());
    for text in talk.accepted.keys() {
        assert!(heard.heard.values().any(|other| other == text), "{text} was not heard");
    }
    let data = server.data();
    server.stop();
    let data = data.to_str().expect("temporary folders have plain names");
    let verified = run("convoke-audit", &["--data", data, "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn a_text_that_is_too_long_is_refused_and_the_connection_stays() {
    let mut server = Server::start(SETTINGS);
    let (_, host) = server.meeting(PASSWORD);
    let mut half = ClientHalf::new(host, "hostile".to_owned());
    let mut socket = Socket::connect(server.address()).expect("upgraded");
    socket.send(&half.hello()).expect("sent");
    let text = ChatText::new("short").expect("a text");
    let say = Command::Chat(chat::Command::Say { to: To::Everyone, text });
    let (_, short) = half.request(say);
    // The same request with a text of 5,000 characters, which no client of ours would build.
    let long = lengthened(&short, "short", &"x".repeat(5000));
    socket.send(&long).expect("sent");
    let refused = wait_for(&mut socket, &mut half, "too_long");
    assert!(refused, "a text above its bound is refused with a code");
    socket.send(&half.confirm(0)).expect("the connection is still open");
    assert_eq!(socket.closed(), None);
    server.stop();
}

/// A MessagePack message with one of its short strings replaced by a longer one.
fn lengthened(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut short = vec![0xa0 | u8::try_from(from.len()).expect("a short string")];
    short.extend_from_slice(from.as_bytes());
    let at = message.windows(short.len()).position(|part| part == short).expect("it is there");
    let mut long = message[..at].to_vec();
    long.push(0xda);
    long.extend_from_slice(&u16::try_from(to.len()).expect("below 64 KiB").to_be_bytes());
    long.extend_from_slice(to.as_bytes());
    long.extend_from_slice(&message[at + short.len()..]);
    long
}

fn wait_for(socket: &mut Socket, half: &mut ClientHalf, code: &str) -> bool {
    use convoke_wire::half::client::Output;
    use convoke_wire::message::ReplyResult;
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        let Some(message) = socket.receive().expect("open") else { continue };
        if let Ok(Some(Output::Reply(_, ReplyResult::Refused { code: said, .. }))) =
            half.handle(&message)
        {
            return said == code;
        }
    }
    false
}
