//! The client's half: facts in order and once, what is withheld, holes, receipts, and what is sent
//! again.

use convoke_model::grant::Role;
use convoke_model::meeting::chat::To;
use convoke_model::meeting::{Command, hand};
use convoke_model::view::session::Viewer;
use convoke_model::{ClientId, ParticipantId, Position, Refusal};
use convoke_wire::entry::{self, CHAIN_START, EntryRef};
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::{Broken, Output};
use convoke_wire::message::{self, ClientMessage, ServerMessage};

use super::scene::{MEETING, Scene, short_form, welcome};

/// What one message was to a client.
#[derive(Debug, PartialEq)]
enum Was {
    Nothing,
    Fact(u64),
    Withheld(u64),
    Broken(Broken),
    Other,
}

fn take(half: &mut ClientHalf, bytes: &[u8]) -> Was {
    match half.handle(bytes) {
        Ok(None) => Was::Nothing,
        Ok(Some(Output::Fact(bytes))) => {
            Was::Fact(EntryRef::read(&bytes).expect("an entry").header.seq)
        }
        Ok(Some(Output::Withheld(seq))) => Was::Withheld(seq),
        Ok(Some(_)) => Was::Other,
        Err(broken) => Was::Broken(broken),
    }
}

struct Room {
    scene: Scene,
    ann: ParticipantId,
    ben: ParticipantId,
    half: ClientHalf,
    from: usize,
}

/// Ann hosts, Ben is the client and has his snapshot; what happens next is to come.
fn room() -> Room {
    let mut scene = Scene::open();
    let ann = scene.joins("Ann", Role::Host);
    let ben = scene.joins("Ben", Role::Attendee);
    let mut half = ClientHalf::new("ticket".into(), "test".into());
    assert_eq!(
        take(&mut half, &scene.snapshot(Viewer::Participant(ben, Role::Attendee))),
        Was::Other
    );
    assert_eq!((half.position(), half.hash()), (scene.position(), scene.hash()));
    let from = scene.log.len();
    Room { scene, ann, ben, half, from }
}

impl Room {
    fn seq(&self, at: usize) -> u64 {
        (self.from + at + 1) as u64
    }

    fn entry(&self, at: usize) -> &[u8] {
        &self.scene.log[self.from + at].bytes
    }

    fn withheld(&self, at: usize) -> [u8; 48] {
        message::withheld(self.seq(at), &self.scene.log[self.from + at].leaf)
    }
}

#[test]
fn facts_for_everyone_are_handed_out_in_order_and_once() {
    let mut room = room();
    room.scene.says(room.ann, To::Everyone, "one");
    room.scene.says(room.ann, To::Everyone, "two");
    let (one, two) = (short_form(room.entry(0)), room.entry(1).to_vec());
    assert_eq!(take(&mut room.half, &one), Was::Broken(Broken::Malformed), "of which stream?");
    assert_eq!(take(&mut room.half, &welcome(0)), Was::Other);
    assert_eq!(take(&mut room.half, &one), Was::Fact(room.from as u64 + 1));
    assert_eq!(take(&mut room.half, &one), Was::Nothing);
    assert_eq!(take(&mut room.half, &two), Was::Fact(room.from as u64 + 2));
    assert_eq!(take(&mut room.half, &one), Was::Nothing);
    assert_eq!(room.half.hash(), room.scene.hash());
}

#[test]
fn a_skipped_fact_is_a_hole() {
    let mut room = room();
    room.scene.says(room.ann, To::Everyone, "one");
    room.scene.says(room.ann, To::Everyone, "two");
    let two = room.entry(1).to_vec();
    let before = room.half.position();
    assert_eq!(take(&mut room.half, &two), Was::Broken(Broken::Hole));
    assert_eq!(room.half.position(), before, "the client keeps its place to resume from");
}

#[test]
fn a_skipped_withheld_fact_is_a_hole_too() {
    let mut room = room();
    room.scene.says(room.ann, To::Hosts, "one");
    room.scene.says(room.ann, To::Hosts, "two");
    let second = room.withheld(1);
    assert_eq!(take(&mut room.half, &second), Was::Broken(Broken::Hole));
}

#[test]
fn what_is_for_me_waits_for_its_turn() {
    let mut room = room();
    room.scene.says(room.ann, To::Everyone, "one");
    room.scene.says(room.ann, To::One(room.ben), "two");
    room.scene.says(room.ann, To::One(room.ben), "three");
    let (one, two, three) =
        (room.entry(0).to_vec(), room.entry(1).to_vec(), room.entry(2).to_vec());
    let (second, third) = (room.withheld(1), room.withheld(2));
    let seq = room.seq(0);
    for ahead in [&three, &two, &three] {
        assert_eq!(take(&mut room.half, ahead), Was::Nothing);
    }
    assert_eq!(take(&mut room.half, &one), Was::Fact(seq));
    assert_eq!(take(&mut room.half, &second), Was::Fact(seq + 1));
    assert_eq!(take(&mut room.half, &third), Was::Fact(seq + 2));
    assert_eq!(take(&mut room.half, &third), Was::Nothing);
    assert_eq!(take(&mut room.half, &two), Was::Nothing, "late and known");
    assert_eq!(room.half.hash(), room.scene.hash());
}

#[test]
fn what_is_not_for_me_moves_my_place_and_my_hash() {
    let mut room = room();
    room.scene.says(room.ann, To::Hosts, "one");
    let first = room.withheld(0);
    let seq = room.seq(0);
    assert_eq!(take(&mut room.half, &first), Was::Withheld(seq));
    assert_eq!(
        (room.half.position(), room.half.hash()),
        (room.scene.position(), room.scene.hash())
    );
}

#[test]
fn an_entry_that_the_facts_lane_does_not_vouch_for_is_not_taken() {
    let mut room = room();
    room.scene.says(room.ann, To::One(room.ben), "one");
    let mut forged = room.entry(0).to_vec();
    forged[40] ^= 1;
    let first = room.withheld(0);
    assert_eq!(take(&mut room.half, &forged), Was::Nothing);
    assert_eq!(take(&mut room.half, &first), Was::Broken(Broken::Malformed));
}

#[test]
fn a_snapshot_forgets_what_came_ahead_and_is_behind_it_now() {
    let mut room = room();
    room.scene.says(room.ann, To::One(room.ben), "one");
    let one = room.entry(0).to_vec();
    assert_eq!(take(&mut room.half, &one), Was::Nothing);
    let viewer = Viewer::Participant(room.ben, Role::Attendee);
    let snapshot = room.scene.snapshot(viewer);
    assert_eq!(take(&mut room.half, &snapshot), Was::Other);
    room.scene.says(room.ann, To::Hosts, "two");
    let second = room.withheld(1);
    let seq = room.seq(1);
    assert_eq!(take(&mut room.half, &second), Was::Withheld(seq));
    assert_eq!(room.half.hash(), room.scene.hash());
}

#[test]
fn bytes_that_are_no_message_break_the_connection() {
    let mut half = ClientHalf::new("ticket".into(), "test".into());
    for bytes in [&[][..], &[0x77], &[0x01, 0x01], &[0x02, 0xc1], &[0x03; 48], &[0x10; 39]] {
        assert_eq!(take(&mut half, bytes), Was::Broken(Broken::Malformed), "{bytes:?}");
    }
    assert_eq!((half.position(), half.hash()), (Position::default(), CHAIN_START));
}

fn said(bytes: &[u8]) -> ClientMessage {
    message::from_bytes(bytes).expect("a client's message")
}

#[test]
fn the_first_hello_shows_the_ticket_and_later_ones_the_way_back() {
    let mut room = room();
    let ClientMessage::Hello(first) = said(&room.half.hello()) else { panic!("hello") };
    assert_eq!((first.ticket.as_deref(), first.resume), (Some("ticket"), None));
    assert_eq!(take(&mut room.half, &welcome(0)), Was::Other);
    let ClientMessage::Hello(again) = said(&room.half.hello()) else { panic!("hello") };
    let back = again.resume.expect("the way back");
    assert_eq!((again.ticket, back.client, back.secret), (None, ClientId(u64::MAX), vec![7; 16]));
    assert_eq!((back.meeting, back.session), (MEETING, 2));
    assert_eq!(back.position, Some(room.scene.position()));
    assert_eq!(back.hash, Some(room.scene.hash().to_vec()), "its receipt");
}

#[test]
fn a_client_without_a_fact_asks_for_a_snapshot() {
    let mut half = ClientHalf::new("ticket".into(), "test".into());
    assert_eq!(take(&mut half, &welcome(0)), Was::Other);
    let ClientMessage::Hello(again) = said(&half.hello()) else { panic!("hello") };
    let back = again.resume.expect("the way back");
    assert_eq!((back.position, back.hash), (None, None));
}

#[test]
fn what_follows_a_resume_must_follow_what_is_held() {
    let mut room = room();
    let next = room.scene.position().seq + 1;
    let resumed = |from| message::to_bytes(&ServerMessage::Resumed { from });
    assert_eq!(take(&mut room.half, &resumed(next)), Was::Other);
    assert_eq!(take(&mut room.half, &resumed(next + 1)), Was::Broken(Broken::Hole));
}

fn raise() -> Command {
    Command::Hand(hand::Command::Raise {})
}

fn numbers(messages: &[Vec<u8>]) -> Vec<u64> {
    let number = |bytes: &Vec<u8>| match said(bytes) {
        ClientMessage::Request { n, .. } => n,
        other => panic!("not a request: {other:?}"),
    };
    messages.iter().map(number).collect()
}

#[test]
fn requests_are_numbered_and_repeated_until_they_are_answered() {
    let mut half = ClientHalf::new("ticket".into(), "test".into());
    let sent: Vec<_> = (0..3).map(|_| half.request(raise())).collect();
    assert_eq!(sent.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 2, 3]);
    let refused = ServerMessage::Reply { n: 2, result: Refusal::AlreadyDone.into() };
    assert_eq!(take(&mut half, &message::to_bytes(&refused)), Was::Other);
    assert_eq!((half.unanswered(), numbers(&half.repeat())), (2, vec![1, 3]));
    assert_eq!(half.repeat()[0], sent[0].1, "the same bytes again");
}

#[test]
fn a_client_that_lost_its_count_numbers_on_from_the_servers() {
    let mut half = ClientHalf::new("ticket".into(), "test".into());
    assert_eq!(take(&mut half, &welcome(41)), Was::Other);
    assert_eq!(half.request(raise()).0, 42);
    assert_eq!(take(&mut half, &welcome(40)), Was::Other);
    assert_eq!(half.request(raise()).0, 43);
}

#[test]
fn it_confirms_what_it_holds() {
    let room = room();
    let seq = room.scene.position().seq;
    assert_eq!(said(&room.half.confirm(77)), ClientMessage::Confirm { seq, media: 77 });
}

#[test]
fn the_chain_is_the_hash_of_the_hash_before_and_the_leaf() {
    let mut room = room();
    let before = room.half.hash();
    room.scene.says(room.ann, To::Everyone, "one");
    let one = room.entry(0).to_vec();
    let leaf = entry::leaf(&one[..entry::HEADER_BYTES]);
    assert_eq!(take(&mut room.half, &one), Was::Fact(room.seq(0)));
    assert_eq!(room.half.hash(), entry::chain(&before, &leaf));
}
