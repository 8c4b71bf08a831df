//! A request is carried out once: what the state knows of it after it became facts.

use super::super::dedupe::Known;
use super::super::{Event, hand};
use super::given::{BEN, given, joined};
use crate::id::{ClientId, Millis, Position};
use crate::record::{Actor, Record};

const CLIENT: ClientId = ClientId(102);

fn raised(seq: u64, request: Option<(ClientId, u64)>) -> Record<Event> {
    let position = Position { epoch: 2, seq };
    let event = hand::Event::Raised { who: BEN }.into();
    Record { position, time: Millis(seq), actor: Actor::from(BEN), request, event }
}

#[test]
fn a_request_that_became_a_fact_is_known_with_its_place() {
    let mut session = given([joined(BEN)]).session;
    assert_eq!(session.dedupe.known(CLIENT, 5), Known::New);
    session.apply(&raised(7, Some((CLIENT, 5))));
    assert_eq!(session.dedupe.known(CLIENT, 5), Known::Done(Position { epoch: 2, seq: 7 }));
    assert_eq!(session.dedupe.known(CLIENT, 4), Known::New, "a refusal leaves no trace");
    assert_eq!(session.dedupe.known(ClientId(9), 5), Known::New, "another client's request");
}

#[test]
fn a_request_that_became_several_facts_is_known_by_the_last() {
    let mut session = given([joined(BEN)]).session;
    session.apply(&raised(7, Some((CLIENT, 5))));
    session.apply(&raised(8, Some((CLIENT, 5))));
    assert_eq!(session.dedupe.known(CLIENT, 5), Known::Done(Position { epoch: 2, seq: 8 }));
}

#[test]
fn what_the_server_did_of_itself_is_nobodys_request() {
    let mut session = given([joined(BEN)]).session;
    session.apply(&raised(7, None));
    assert_eq!(session.dedupe.known(ClientId(0), 0), Known::New);
}
