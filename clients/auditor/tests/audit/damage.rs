//! What the auditor says of logs that are not as they were written.

use convoke_model::meeting::lifecycle::{EndReason, MeetingType, Opening};
use convoke_model::meeting::{Event, control, lifecycle, lock, recording, roster};
use convoke_model::text::Topic;
use convoke_model::{
    AccountId, Actor, MeetingId, Millis, ParticipantId, SessionNumber, StreamId, TrackId,
};

use crate::world::{BOARD, World, flip, json};

const SEGMENT: &str = "log/000000000001.seg";

#[test]
fn a_flipped_byte_of_a_payload_is_found_with_its_place() {
    let world = World::closed();
    flip(&world.data().join(SEGMENT), "shall we begin", 0);
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let finding = "finding  8813-7455/1 seq 7: a payload does not match its digest (byte ";
    assert!(found.out.starts_with(finding), "{found:?}");
    assert!(found.out.contains("NOT SOUND: 1 finding;"), "{found:?}");
    let found = json(&world.audit(&["verify", "--json"]));
    let finding = &found["findings"][0];
    assert_eq!((&finding["from"], &finding["to"]), (&7.into(), &7.into()));
    assert_eq!((&finding["stream"], &finding["file"]), (&"8813-7455/1".into(), &SEGMENT.into()));
    // The others can still be read, and the exit code tells.
    let shown = world.audit(&["show", "8813-7455/1"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(shown.out.contains("damaged (event type 0x0401)"), "{shown:?}");
    assert!(shown.out.contains("yes please") && shown.err.contains("verify"), "{shown:?}");
    // It does not concern the meeting that was never held.
    assert_eq!(world.audit(&["verify", "1000-0001"]).code, Some(0));
}

#[test]
fn a_flipped_byte_of_a_header_hides_one_fact() {
    let world = World::closed();
    flip(&world.data().join(SEGMENT), "shall we begin", 80);
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.out.contains("8813-7455/1 seq 7: these facts are missing"), "{found:?}");
    let state = world.audit(&["state", "8813-7455/1"]);
    assert_eq!(state.code, Some(1), "{state:?}");
    assert!(state.out.contains("chain       unknown: facts before are missing"), "{state:?}");
}

#[test]
fn media_is_held_against_its_seals() {
    let world = World::closed();
    let file = world.data().join("media/88137455-1.media");
    let good = std::fs::read(&file).expect("it is there");
    let mut bad = good.clone();
    bad[300] ^= 1;
    std::fs::write(&file, bad).expect("it can be written");
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let finding = "8813-7455/1 seq 10: a stretch of media does not match its digest";
    assert!(found.out.contains(finding), "{found:?}");
    std::fs::remove_file(&file).expect("it is there");
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.out.contains("the media file media/88137455-1.media is missing"), "{found:?}");
    std::fs::write(&file, good).expect("it can be written");
    assert_eq!(world.audit(&["verify"]).code, Some(0));
}

#[test]
fn media_that_nobody_sealed_is_a_finding_once_the_session_is_over() {
    let mut world = World::open();
    world.unsealed(BOARD, 556);
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let finding = "8813-7455/1: media behind the last seal is not bound by a digest: 1 message";
    assert!(found.out.contains(finding), "{found:?}");
}

#[test]
fn an_erased_fact_is_sound_when_a_fact_says_so() {
    let mut world = World::open();
    world.erase(BOARD, 8, true);
    let verified = world.audit(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.out.contains("1 erased"), "{verified:?}");
    let shown = world.audit(&["show", "8813-7455/1"]);
    assert!(shown.out.contains("erased (event type 0x0401)"), "{shown:?}");
    assert!(world.audit(&["play", "8813-7455/1"]).out.contains("(erased)"));
    world.erase(BOARD, 7, false);
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let finding = "8813-7455/1 seq 7: a payload is zeros and no fact says it was erased";
    assert!(found.out.contains(finding), "{found:?}");
}

#[test]
fn nothing_happens_after_the_end() {
    let mut world = World::open();
    // But for what is only known then.
    let count = control::Count {
        track: TrackId(1),
        who: ParticipantId(2),
        messages: 345,
        bytes: 26_218,
        first: Millis(1_772_355_612_000),
        last: Millis(1_772_355_620_000),
    };
    let counted = Event::Control(control::Event::Counted(count));
    world.in_session(BOARD, Actor::Server, counted);
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(0), "{found:?}");
    let shown = world.audit(&["show", "8813-7455/1", "--from", "16"]);
    let words = "Ann (2) sent 345 messages of input, 26218 bytes, in 8.0 s on track 1";
    assert!(shown.out.contains(words), "{shown:?}");

    world.in_session(BOARD, Actor::Server, Event::Recording(recording::Event::Stopped {}));
    world.in_session(BOARD, Actor::Server, Event::Lock(lock::Event::Locked {}));
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    for seq in [17, 18] {
        let finding = format!("seq {seq}: something happens after the session ended");
        assert!(found.out.contains(&finding), "{found:?}");
    }
}

#[test]
fn a_session_that_ends_with_people_in_it_is_found() {
    let mut world = World::open();
    let second = StreamId { session: 2, ..BOARD };
    let stranger =
        roster::Event::Left { who: ParticipantId(9), reason: roster::LeaveReason::Left, at: None };
    world.in_session(second, Actor::Server, Event::Roster(stranger));
    let ended = lifecycle::Event::Ended { reason: EndReason::Empty };
    world.in_session(second, Actor::Server, Event::Lifecycle(ended));
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    for finding in [
        "8813-7455/2 seq 5: participant 9 leaves who was not there",
        "8813-7455/2 seq 6: the session ended and participant 1 never left",
        "8813-7455/2 seq 6: the session ended and its meeting does not know",
    ] {
        assert!(found.out.contains(finding), "{finding}: {found:?}");
    }
    assert_eq!(world.audit(&["verify", "8813-7455/1"]).code, Some(0));
}

#[test]
fn a_session_of_another_meeting_stream_is_found() {
    let mut world = World::open();
    let meeting = MeetingId::new(BOARD.meeting).expect("eight digits");
    let opening = Opening {
        meeting,
        session: SessionNumber(3),
        kind: MeetingType::Interactive,
        topic: Topic::new("Forged").expect("a topic"),
        host: AccountId(1),
        participants_max: 2,
        recording: false,
        may_record: true,
        records_input: false,
        meeting_seq: 2,
        meeting_hash: [1; 32],
    };
    let opened = Event::Lifecycle(lifecycle::Event::Opened(opening));
    world.in_session(StreamId { session: 3, ..BOARD }, Actor::Server, opened);
    let found = world.audit(&["verify"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let finding =
        "8813-7455/3 seq 1: the session was opened on another meeting stream than this one";
    assert!(found.out.contains(finding), "{found:?}");
}
