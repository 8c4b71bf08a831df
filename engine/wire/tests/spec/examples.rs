//! The examples under `schemas`: what is valid is understood by the code and fits its schema, what
//! is rejected is neither.

use std::fmt::Debug;

use convoke_model::meeting::{Command, Event};
use convoke_model::{Actor, Audience, ClientId, Millis, Position, StreamId};
use convoke_wire::codec::{self, Fact, Place};
use convoke_wire::entry::EntryRef;
use convoke_wire::message::{self, ClientMessage, ServerMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::disk::{hex, hold, names, read, unhex};
use super::messages;
use super::scene::{BEGINS, MEETING};
use super::schema::Schemas;

const KINDS: [(&str, &str); 4] = [
    ("commands", "command"),
    ("events", "event"),
    ("client_messages", "client_message"),
    ("server_messages", "server_message"),
];

fn file(schema: &str, examples: Vec<Value>) -> String {
    let file = json!({ "schema": schema, "examples": examples });
    serde_json::to_string_pretty(&file).expect("JSON") + "\n"
}

fn control<M: Serialize>(message: &M) -> Value {
    json!({ "value": message, "hex": hex(&message::to_bytes(message)) })
}

fn entry(seq: u64, event: &Event) -> Value {
    let place = Place {
        stream: StreamId { meeting: MEETING, session: 2 },
        position: Position { epoch: 3, seq },
        time: Millis(BEGINS.0 + seq),
        actor: Actor::Number(2),
        audience: Audience::Everyone,
        request: Some((ClientId(u64::MAX), seq)),
    };
    let bytes = codec::encode(&place, &[seq as u8; 16], event).expect("it fits");
    let leaf = EntryRef::read(&bytes).expect("just written").leaf();
    let number = format!("{:#06x}", event.event_type());
    json!({ "value": event, "type": number, "hex": hex(&bytes), "leaf": hex(&leaf) })
}

#[test]
fn the_valid_examples_are_what_the_code_makes() {
    let commands = messages::commands().iter().map(|command| json!({ "value": command })).collect();
    hold("examples/valid/commands.json", &file("command", commands));
    let events = (1..).zip(&messages::facts()).map(|(seq, event)| entry(seq, event)).collect();
    hold("examples/valid/events.json", &file("event", events));
    let said = messages::from_client().iter().map(control).collect();
    hold("examples/valid/client_messages.json", &file("client_message", said));
    let said = messages::from_server().iter().map(control).collect();
    hold("examples/valid/server_messages.json", &file("server_message", said));
}

fn examples(folder: &str, name: &str, schema: &str) -> Vec<Value> {
    let path = format!("examples/{folder}/{name}.json");
    let file: Value = serde_json::from_str(&read(&path)).expect("JSON");
    assert_eq!(file["schema"], schema, "{path}");
    let examples = file["examples"].as_array().expect("examples").clone();
    assert!(examples.len() > 5, "{path} has only {}", examples.len());
    examples
}

/// The value as the type of its schema, written again; or why it is not one.
fn understood(schema: &str, value: &Value) -> Result<Value, String> {
    fn again<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, String> {
        let value = T::deserialize(value).map_err(|error| error.to_string())?;
        Ok(serde_json::to_value(value).expect("JSON"))
    }
    match schema {
        "command" => again::<Command>(value),
        "event" => again::<Event>(value),
        "client_message" => again::<ClientMessage>(value),
        "server_message" => again::<ServerMessage>(value),
        other => panic!("no type for the schema {other}"),
    }
}

#[test]
fn a_valid_example_is_understood_and_fits_its_schema() {
    let schemas = Schemas::read();
    for (name, schema) in KINDS {
        for example in examples("valid", name, schema) {
            let value = &example["value"];
            assert_eq!(understood(schema, value).as_ref(), Ok(value), "{schema}");
            let findings = schemas.findings(schema, value);
            assert!(findings.is_empty(), "{schema}: {value}: {findings:?}");
        }
    }
}

#[test]
fn a_rejected_example_is_not_understood_and_does_not_fit_its_schema() {
    let schemas = Schemas::read();
    for (name, schema) in KINDS {
        for example in examples("rejected", name, schema) {
            let (reason, value) =
                (example["reason"].as_str().expect("a reason"), &example["value"]);
            assert!(understood(schema, value).is_err(), "{schema}: {reason}: was understood");
            let findings = schemas.findings(schema, value);
            assert!(!findings.is_empty(), "{schema}: {reason}: fits the schema");
        }
    }
}

#[test]
fn every_file_of_examples_and_every_schema_is_used() {
    let wanted = || KINDS.map(|(name, _)| format!("{name}.json")).into_iter().collect();
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(names("examples/valid"), sorted(wanted()));
    assert_eq!(names("examples/rejected"), sorted(wanted()));
    let mut schemas: Vec<String> = KINDS.iter().map(|(_, schema)| (*schema).to_owned()).collect();
    schemas.push("types".into());
    assert_eq!(Schemas::read().names().collect::<Vec<_>>(), sorted(schemas));
}

fn golden<M: DeserializeOwned + Serialize + Debug>(name: &str, schema: &str) {
    for example in examples("valid", name, schema) {
        let bytes = unhex(example["hex"].as_str().expect("hex"));
        let said: M = message::from_bytes(&bytes).expect("a golden message");
        assert_eq!(serde_json::to_value(&said).expect("JSON"), example["value"]);
    }
}

#[test]
fn golden_messages_are_read_as_the_values_beside_them() {
    golden::<ClientMessage>("client_messages", "client_message");
    golden::<ServerMessage>("server_messages", "server_message");
}

#[test]
fn golden_entries_are_read_as_the_values_beside_them() {
    for example in examples("valid", "events", "event") {
        let bytes = unhex(example["hex"].as_str().expect("hex"));
        let entry = EntryRef::read(&bytes).expect("a golden entry");
        assert!(entry.payload_is_sound() && entry.bytes.len() == bytes.len());
        let record = codec::decode::<Event>(&entry).expect("a golden fact");
        assert_eq!(serde_json::to_value(&record.event).expect("JSON"), example["value"]);
        assert_eq!(hex(&entry.leaf()), example["leaf"].as_str().expect("a leaf"));
        let number = format!("{:#06x}", record.event.event_type());
        assert_eq!(number, example["type"].as_str().expect("a type"));
    }
}
