//! docs/PROTOCOL.md tells what the code does: its tables name every fact, command, close code and
//! limit.

use convoke_model::meeting::access::{Needs, needs};
use convoke_model::meeting::track::{CODEC_BYTES_MAX, TRACKS_MAX};
use convoke_model::text::{ChatText, Name, Topic};
use convoke_model::view::session::CHAT_MAX;
use convoke_wire::close::Close;
use convoke_wire::codec::Fact;
use convoke_wire::frame::FRAGMENTS_MAX;
use convoke_wire::half::server::{Limits, UNANSWERED_MAX};
use convoke_wire::message::{self, ClientMessage, SUBPROTOCOL, ServerMessage};
use convoke_wire::{entry, media, short};
use serde::Serialize;
use serde_json::Value;

use super::disk::{hex, read};
use super::messages;

fn page() -> String {
    read("../docs/PROTOCOL.md")
}

/// `topic.name` of a choice within a choice, or the name of the outer one.
fn name(of: &impl Serialize) -> String {
    let value = serde_json::to_value(of).expect("JSON");
    let tag = |value: &Value| value.as_object().and_then(|map| map.keys().next().cloned());
    let topic = tag(&value).expect("a choice");
    if topic == "policy" {
        return topic;
    }
    let inner = tag(&value[&topic]).expect("a choice within");
    format!("{topic}.{inner}")
}

#[test]
fn every_fact_has_its_row() {
    let page = page();
    for event in messages::facts() {
        let row = format!("| `{:#06x}` | `{}` |", event.event_type(), name(&event));
        assert!(page.contains(&row), "no row {row}");
    }
}

#[test]
fn every_command_is_listed_where_it_belongs() {
    let page = page();
    let (table, servers) = page.split_once("Viewers may only leave.").expect("the sentence");
    let (_, table) = table.split_once("| command | fields | who may |").expect("the table");
    let (servers, _) = servers.split_once("belong to the server").expect("the sentence");
    for command in messages::commands() {
        let name = format!("`{}`", name(&command));
        let is_servers = needs(&command) == Needs::Server;
        assert_eq!(table.contains(&name), !is_servers, "{name} in the table");
        assert_eq!(servers.contains(&name), is_servers, "{name} among the server's");
    }
}

#[test]
fn every_control_message_has_its_row() {
    let page = page();
    let outer = |value: Value| value.as_object().expect("a choice").keys().next().cloned();
    let client = messages::from_client();
    let server = messages::from_server();
    let client = client.iter().map(|said: &ClientMessage| serde_json::to_value(said));
    let server = server.iter().map(|said: &ServerMessage| serde_json::to_value(said));
    for said in client.chain(server) {
        let row = format!("| `{}` |", outer(said.expect("JSON")).expect("a name"));
        assert!(page.contains(&row), "no row {row}");
    }
}

#[test]
fn every_close_code_has_its_row() {
    let page = page();
    for close in Close::ALL {
        let row = format!("| {} | `{}` |", close.code(), close.word());
        assert!(page.contains(&row), "no row {row}");
    }
}

#[test]
fn limits_are_those_of_the_code() {
    let page = page();
    let Limits { requests_per_second, requests_burst } = Limits::default();
    let largest = entry::PAYLOAD_BYTES_MAX;
    for row in [
        format!("| control message of a client | {} bytes |", message::CONTROL_BYTES_MAX),
        format!("| media message | {} bytes |", media::MESSAGE_BYTES_MAX),
        format!("| fragments of a message | {FRAGMENTS_MAX} |"),
        format!("| unanswered requests | {UNANSWERED_MAX} |"),
        format!(
            "| requests of a client | {requests_per_second} a second, {requests_burst} at once"
        ),
        format!("| chat text | {} characters |", ChatText::CHARS_MAX),
        format!("| name, topic | {}, {} characters |", Name::CHARS_MAX, Topic::CHARS_MAX),
        format!("| codec string | {CODEC_BYTES_MAX} bytes"),
        format!("| open tracks of a session | {TRACKS_MAX};"),
        format!("| entry payload | {largest} bytes |"),
        format!("| 4 | u32 | bytes after the header: {} to {largest} |", entry::SALT_BYTES),
        format!("| 0 | u8 | kind, `0x{:02x}` |", short::KIND),
        format!("| {} | bytes | payload: salt and body, as in the entry |", short::HEADER_BYTES),
        format!("the last {CHAT_MAX} lines"),
        format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}"),
    ] {
        assert!(page.contains(&row), "not there: {row}");
    }
}

#[test]
fn the_example_has_the_bytes_it_shows() {
    let bytes = hex(&message::to_bytes(&ClientMessage::Confirm { seq: 9, media: 0 }));
    let pairs: Vec<&str> = (0..bytes.len() / 2).map(|at| &bytes[at * 2..at * 2 + 2]).collect();
    let shown = format!("{{\"confirm\":{{\"seq\":9,\"media\":0}}}}  {}", pairs.join(" "));
    assert!(page().contains(&shown), "not there: {shown}");
}
