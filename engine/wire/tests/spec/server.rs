//! The server's half: what a client may say, when, how much and how fast.

use convoke_model::meeting::access::{Needs, needs};
use convoke_model::meeting::{Command, chat, hand};
use convoke_model::text::ChatText;
use convoke_model::{Millis, Refusal, TrackId};
use convoke_wire::close::Close;
use convoke_wire::half::ServerHalf;
use convoke_wire::half::server::{Input, Limits, UNANSWERED_MAX};
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{self, CONTROL_BYTES_MAX, ClientMessage, Hello};

use super::messages;

const WIDE: Limits = Limits { requests_per_second: 1_000, requests_burst: 1_000 };

/// What one message was to a server.
#[derive(Debug, PartialEq)]
enum Was {
    Hello(u32),
    Request(u64),
    TooFast(u64),
    NotAllowed(u64),
    Refused(u64, Refusal),
    Confirm(u64, u64),
    KeyFrame(u32),
    Undecodable(u32, Vec<String>),
    Media(u32),
    Closed(Close),
}

fn take(half: &mut ServerHalf, bytes: &[u8], now: u64, limits: &Limits) -> Was {
    match half.handle(&mut bytes.to_vec(), Millis(now), limits) {
        Ok(Input::Hello(version, _)) => Was::Hello(version),
        Ok(Input::Request { n, .. }) => Was::Request(n),
        Ok(Input::TooFast { n }) => Was::TooFast(n),
        Ok(Input::NotAllowed { n }) => Was::NotAllowed(n),
        Ok(Input::Refused { n, refusal }) => Was::Refused(n, refusal),
        Ok(Input::Confirm { seq, media }) => Was::Confirm(seq, media),
        Ok(Input::KeyFrame(track)) => Was::KeyFrame(track.0),
        Ok(Input::Undecodable(track, decodes)) => Was::Undecodable(track.0, decodes),
        Ok(Input::Media(header, _)) => Was::Media(header.track.0),
        Err(close) => Was::Closed(close),
    }
}

fn greeted(limits: &Limits) -> ServerHalf {
    let mut half = ServerHalf::new(Millis(0), limits);
    let hello = message::to_bytes(&messages::from_client()[0]);
    assert_eq!(take(&mut half, &hello, 0, limits), Was::Hello(1));
    half
}

fn request(n: u64, command: Command) -> Vec<u8> {
    message::to_bytes(&ClientMessage::Request { n, command })
}

fn raise(n: u64) -> Vec<u8> {
    request(n, Command::Hand(hand::Command::Raise {}))
}

/// A request to say any text whatever, as a client that does not check would send it.
fn say(n: u64, text: &str) -> Vec<u8> {
    let text = serde_json::json!({ "say": { "to": "everyone", "text": text } });
    message::to_bytes(&serde_json::json!({ "request": { "n": n, "command": { "chat": text } } }))
}

#[test]
fn nothing_is_heard_before_hello() {
    for bytes in [
        raise(1),
        say(1, ""),
        message::to_bytes(&ClientMessage::Confirm { seq: 1, media: 2 }),
        message::to_bytes(&ClientMessage::KeyFrame { track: TrackId(1) }),
        vec![media::KIND; 50],
    ] {
        let mut half = ServerHalf::new(Millis(0), &WIDE);
        assert_eq!(take(&mut half, &bytes, 0, &WIDE), Was::Closed(Close::OutOfOrder));
    }
}

#[test]
fn hello_shows_a_ticket_or_a_way_back_and_not_both() {
    let said = messages::from_client();
    let [ClientMessage::Hello(ticket), ClientMessage::Hello(resume)] = &said[..2] else {
        panic!("the list begins with both kinds of hello")
    };
    let neither = Hello { ticket: None, ..ticket.clone() };
    let both = Hello { ticket: ticket.ticket.clone(), ..resume.clone() };
    for (hello, was) in [
        (ticket.clone(), Was::Hello(1)),
        (resume.clone(), Was::Hello(1)),
        (neither, Was::Closed(Close::Malformed)),
        (both, Was::Closed(Close::Malformed)),
    ] {
        let mut half = ServerHalf::new(Millis(0), &WIDE);
        let bytes = message::to_bytes(&ClientMessage::Hello(hello));
        assert_eq!(take(&mut half, &bytes, 0, &WIDE), was);
    }
}

#[test]
fn what_only_the_server_may_wish_never_reaches_the_engine() {
    for (n, command) in (1..).zip(messages::commands()) {
        let mut half = greeted(&WIDE);
        let was = take(&mut half, &request(n, command.clone()), 1, &WIDE);
        let is_servers = needs(&command) == Needs::Server;
        assert_eq!(was, if is_servers { Was::NotAllowed(n) } else { Was::Request(n) });
    }
}

#[test]
fn small_talk_is_handed_on() {
    let mut half = greeted(&WIDE);
    let confirm = message::to_bytes(&ClientMessage::Confirm { seq: 9, media: 10 });
    assert_eq!(take(&mut half, &confirm, 1, &WIDE), Was::Confirm(9, 10));
    let key_frame = message::to_bytes(&ClientMessage::KeyFrame { track: TrackId(4) });
    assert_eq!(take(&mut half, &key_frame, 1, &WIDE), Was::KeyFrame(4));
}

#[test]
fn codecs_are_few_and_short() {
    let tell = |decodes: &[&str]| {
        let decodes: Vec<String> = decodes.iter().map(|&name| name.to_owned()).collect();
        let said = ClientMessage::Undecodable { track: TrackId(4), decodes: decodes.clone() };
        let was = take(&mut greeted(&WIDE), &message::to_bytes(&said), 1, &WIDE);
        (was, decodes)
    };
    for names in [&["vp8", "vp09", "av01", "avc1"][..], &[], &["a"; 16]] {
        let (was, decodes) = tell(names);
        assert_eq!(was, Was::Undecodable(4, decodes));
    }
    for names in [&["a"; 17][..], &[""], &["vp09.00.10.08"], &["seventeen-letters"]] {
        assert_eq!(tell(names).0, Was::Closed(Close::Malformed), "{names:?}");
    }
}

#[test]
fn a_text_that_is_too_long_or_empty_is_refused_and_nobody_is_hung_up_on() {
    let mut half = greeted(&WIDE);
    let long = "x".repeat(ChatText::CHARS_MAX + 1);
    assert_eq!(take(&mut half, &say(1, &long), 1, &WIDE), Was::Refused(1, Refusal::TooLong));
    assert_eq!(take(&mut half, &say(2, " \u{0} "), 1, &WIDE), Was::Refused(2, Refusal::Empty));
    assert_eq!(take(&mut half, &say(3, "hello"), 1, &WIDE), Was::Request(3));
}

#[test]
fn a_text_above_every_bound_ends_the_connection() {
    let mut half = greeted(&WIDE);
    let huge = say(1, &"x".repeat(CONTROL_BYTES_MAX));
    assert_eq!(take(&mut half, &huge, 1, &WIDE), Was::Closed(Close::TooBig));
}

#[test]
fn a_text_comes_to_the_engine_without_control_characters() {
    let mut half = greeted(&WIDE);
    let mut bytes = say(1, "a\u{0}b\u{202e}c\n<b>");
    let Ok(Input::Request { command, .. }) = half.handle(&mut bytes, Millis(1), &WIDE) else {
        panic!("a request")
    };
    let text = ChatText::new("abc\n<b>").expect("a text");
    assert_eq!(command, Command::Chat(chat::Command::Say { to: chat::To::Everyone, text }));
}

#[test]
fn a_refused_text_counts_like_any_request() {
    let narrow = Limits { requests_per_second: 1, requests_burst: 2 };
    let mut half = greeted(&narrow);
    assert_eq!(take(&mut half, &say(1, ""), 0, &narrow), Was::Refused(1, Refusal::Empty));
    assert_eq!(take(&mut half, &say(2, ""), 0, &narrow), Was::Refused(2, Refusal::Empty));
    assert_eq!(take(&mut half, &say(3, ""), 0, &narrow), Was::TooFast(3));
    assert_eq!(take(&mut half, &raise(4), 0, &narrow), Was::TooFast(4));
}

#[test]
fn unanswered_requests_are_bounded() {
    let mut half = greeted(&WIDE);
    for n in 1..=u64::from(UNANSWERED_MAX) {
        assert_eq!(take(&mut half, &raise(n), 0, &WIDE), Was::Request(n));
    }
    half.answered();
    assert_eq!(take(&mut half, &raise(65), 0, &WIDE), Was::Request(65));
    assert_eq!(take(&mut half, &raise(66), 0, &WIDE), Was::Closed(Close::TooFast));
}

#[test]
fn the_rate_is_a_burst_and_then_so_many_a_second() {
    let limits = Limits { requests_per_second: 4, requests_burst: 6 };
    let mut half = greeted(&limits);
    let mut n = 0;
    let mut granted_at = |now| {
        let mut granted = 0;
        loop {
            n += 1;
            let was = take(&mut half, &raise(n), now, &limits);
            half.answered();
            match was {
                Was::Request(_) => granted += 1,
                was => {
                    assert_eq!(was, Was::TooFast(n));
                    return granted;
                }
            }
        }
    };
    assert_eq!(granted_at(0), 6, "the burst");
    assert_eq!(granted_at(249), 0);
    assert_eq!(granted_at(250), 1, "a quarter of a second later");
    assert_eq!(granted_at(1_250), 4, "a second later");
    assert_eq!(granted_at(60_000), 6, "a rest fills no more than a burst");
    assert_eq!(granted_at(0), 0, "a clock that goes back gives nothing");
}

#[test]
fn a_media_message_is_bounded_and_has_a_whole_header() {
    let header = MediaHeader {
        flags: media::FLAG_FIRST,
        part: 0,
        track: TrackId(5),
        generation: 1,
        frame: 1,
        captured_us: 1,
        arrived: Millis(0),
        fact_seq: 0,
    };
    let message = |payload: usize| [&header.to_bytes()[..], &vec![0; payload]].concat();
    let largest = media::MESSAGE_BYTES_MAX - media::HEADER_BYTES;
    let mut half = greeted(&WIDE);
    assert_eq!(take(&mut half, &message(0), 1, &WIDE), Was::Media(5));
    assert_eq!(take(&mut half, &message(largest), 1, &WIDE), Was::Media(5));
    assert_eq!(take(&mut half, &message(largest + 1), 1, &WIDE), Was::Closed(Close::TooBig));
    assert_eq!(take(&mut half, &message(0)[..39], 1, &WIDE), Was::Closed(Close::Malformed));
}

#[test]
fn a_client_sends_no_facts() {
    let mut half = greeted(&WIDE);
    let withheld = message::withheld(1, &[0; 32]);
    assert_eq!(take(&mut half, &withheld, 1, &WIDE), Was::Closed(Close::Malformed));
    assert_eq!(take(&mut half, &[1; 200], 1, &WIDE), Was::Closed(Close::Malformed));
    for said in messages::from_server() {
        let bytes = message::to_bytes(&said);
        assert_eq!(take(&mut half, &bytes, 1, &WIDE), Was::Closed(Close::Malformed));
    }
}
