//! Everything that may be said or kept survives its bytes, and every fact has a number of its own.

use std::collections::BTreeSet;
use std::fmt::Debug;

use convoke_model::meeting::{Event, lifecycle};
use convoke_model::site::{self, accounts};
use convoke_model::{
    AccountId, Actor, Audience, ClientId, Millis, ParticipantId, Position, StreamId,
};
use convoke_wire::codec::{self, DecodeError, Fact, Place};
use convoke_wire::entry::{self, EntryRef};
use convoke_wire::message::{self, ClientMessage, ServerMessage};

use super::{messages, other_streams};

/// Every number that was ever given. One that is gone stays here and is never given again.
const GIVEN: [u16; 90] = [
    0x0101, 0x0102, 0x0201, 0x0202, 0x0203, 0x0204, 0x0205, 0x0206, 0x0301, 0x0401, 0x0402, 0x0403,
    0x0404, 0x0501, 0x0502, 0x0503, 0x0504, 0x0505, 0x0506, 0x0601, 0x0602, 0x0701, 0x0702, 0x0801,
    0x0802, 0x0803, 0x0804, 0x0901, 0x0A01, 0x0B01, 0x0B02, 0x0B03, 0x0B04, 0x0C01, 0x0C02, 0x0C03,
    0x0C04, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x3001, 0x3002,
    0x3003, 0x3004, 0x3005, 0x3006, 0x3007, 0x3008, 0x3009, 0x300A, 0x300B, 0x300C, 0x300D, 0x300E,
    0x300F, 0x3010, 0x3101, 0x3102, 0x3103, 0x3201, 0x3301, 0x3302, 0x3303, 0x3401, 0x3402, 0x3403,
    0x3404, 0x3501, 0x3601, 0x3602, 0x3603, 0x3701, 0x3702, 0x3801, 0x3802, 0x3803, 0x3804, 0x3805,
    0x3806, 0x3807, 0x3808, 0x3B01, 0x3D01, 0x3D02,
];

fn place(audience: Audience, request: Option<(ClientId, u64)>) -> Place {
    Place {
        stream: StreamId { meeting: 88_137_455, session: 2 },
        position: Position { epoch: 3, seq: 1 << 40 },
        time: Millis(1_785_000_000_000),
        actor: Actor::Number(4),
        audience,
        request,
    }
}

fn survives<E: Fact + Debug + PartialEq>(event: &E) -> u16 {
    let one = Audience::One(ParticipantId(9));
    let request = Some((ClientId(u64::MAX), 17));
    for audience in [Audience::Everyone, Audience::Hosts, one, Audience::Nobody] {
        for request in [None, request] {
            let place = place(audience, request);
            let bytes = codec::encode(&place, &[3; 16], event).expect("it fits");
            let entry = EntryRef::read(&bytes).expect("just written");
            assert_eq!(entry.header.audience, audience);
            assert_eq!(entry.header.stream, place.stream);
            let record = codec::decode::<E>(&entry).expect("just written");
            assert_eq!((&record.event, record.actor), (event, place.actor));
            assert_eq!((record.position, record.time), (place.position, place.time));
            assert_eq!(record.request, request);
        }
    }
    event.event_type()
}

#[test]
fn every_fact_survives_its_bytes_and_has_a_number_of_its_own() {
    let mut numbers: Vec<u16> = messages::facts().iter().map(survives).collect();
    numbers.extend(other_streams::life_facts().iter().map(survives));
    numbers.extend(other_streams::site_facts().iter().map(survives));
    assert_eq!(numbers, GIVEN, "each number once, in order");
    let distinct: BTreeSet<u16> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), GIVEN.len());
}

#[test]
fn records_of_before_read_on() {
    // As they were written when a sign-in did not say from where, and an opening not whether it
    // may be recorded.
    let old = serde_json::json!({ "accounts": { "signed_in": { "account": 7, "via": "page" } } });
    let bytes = rmp_serde::to_vec_named(&old).expect("it packs");
    let read: site::Event = rmp_serde::from_slice(&bytes).expect("it reads");
    let (account, via) = (AccountId(7), accounts::Via::Page);
    let signed = accounts::Event::SignedIn { account, via, from: None, second: None };
    assert_eq!(read, site::Event::Accounts(signed));
    let written = rmp_serde::to_vec_named(&read).expect("it packs");
    assert_eq!(written, bytes, "what has nothing new to say is written as before");
    let opened = Event::Lifecycle(lifecycle::Event::Opened(super::scene::opening()));
    let value = serde_json::to_value(&opened).expect("JSON");
    assert_eq!(value["lifecycle"]["opened"].get("may_record"), None);
    let read: Event = serde_json::from_value(value).expect("it reads");
    assert_eq!(read, opened);
}

#[test]
fn every_control_message_survives_its_bytes() {
    for said in messages::from_client() {
        let bytes = message::to_bytes(&said);
        assert_eq!(message::from_bytes::<ClientMessage>(&bytes), Some(said));
    }
    for said in messages::from_server() {
        let bytes = message::to_bytes(&said);
        assert_eq!(message::from_bytes::<ServerMessage>(&bytes), Some(said));
    }
}

#[test]
fn the_list_holds_every_command() {
    // The model's own list has as many, and does not compile when one is missing.
    let name = |command: &_| {
        let value = serde_json::to_value(command).expect("JSON");
        let (topic, inner) = value.as_object().expect("tagged").iter().next().expect("one");
        match topic.as_str() {
            "policy" => topic.clone(),
            _ => format!(
                "{topic}.{}",
                inner.as_object().expect("tagged").keys().next().expect("one")
            ),
        }
    };
    let names: BTreeSet<String> = messages::commands().iter().map(name).collect();
    assert_eq!((names.len(), messages::commands().len()), (43, 43));
}

#[test]
fn a_body_under_another_facts_number_is_refused() {
    let facts = messages::facts();
    let mut bytes =
        codec::encode(&place(Audience::Everyone, None), &[3; 16], &facts[5]).expect("fits");
    bytes[2] ^= 1;
    let entry = EntryRef::read(&bytes).expect("the header is well formed");
    assert!(matches!(codec::decode::<Event>(&entry), Err(DecodeError::Malformed(_))));
}

#[test]
fn an_erased_fact_says_so() {
    let fact = &messages::facts()[9];
    let mut bytes = codec::encode(&place(Audience::Everyone, None), &[3; 16], fact).expect("fits");
    bytes[entry::HEADER_BYTES..].fill(0);
    let entry = EntryRef::read(&bytes).expect("the header is whole");
    assert_eq!(codec::decode::<Event>(&entry), Err(DecodeError::Erased));
}

#[test]
fn a_fact_that_does_not_fit_an_entry_is_not_encoded() {
    let version = "v".repeat(entry::PAYLOAD_BYTES_MAX);
    let event = convoke_model::site::Event::Started { version };
    assert!(codec::encode(&place(Audience::Nobody, None), &[3; 16], &event).is_err());
}

#[test]
fn a_field_of_a_later_version_is_passed_over() {
    // {"hello": {"versions": [1], "ticket": "t", "colour": {"is": [1, 2]}}}
    let mut bytes = vec![message::KIND, 0x81, 0xa5];
    bytes.extend(b"hello");
    bytes.extend([0x83, 0xa8]);
    bytes.extend(b"versions");
    bytes.extend([0x91, 1, 0xa6]);
    bytes.extend(b"ticket");
    bytes.extend([0xa1, b't', 0xa6]);
    bytes.extend(b"colour");
    bytes.extend([0x81, 0xa2, b'i', b's', 0x92, 1, 2]);
    let Some(ClientMessage::Hello(hello)) = message::from_bytes(&bytes) else {
        panic!("a later version's hello is understood")
    };
    assert_eq!((hello.versions, hello.ticket), (vec![1], Some("t".into())));
    bytes.push(0xc0);
    assert_eq!(message::from_bytes::<ClientMessage>(&bytes), None, "something follows it");
}
