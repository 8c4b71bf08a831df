//! The auditor as a person at a terminal meets it: outputs and exit codes on good and bad logs.

mod archives;
mod damage;
mod forge;
mod outage;
mod tamper;
mod world;

use convoke_model::StreamId;
use sha2::{Digest as _, Sha256};
use world::{BOARD, World, audit, json};

/// The end of the first session: 15 facts.
const LAST: u64 = 15;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_session_is_listed() {
    let world = World::closed();
    let listed = world.audit(&["list"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let row = |start: &str| listed.out.lines().find(|line| line.starts_with(start)).expect(start);
    for part in ["interactive", "2026-03-01T09:00:04.000Z", "Board meeting", "00:00:14", "2  "] {
        assert!(row("8813-7455/1").contains(part), "{part}: {}", listed.out);
    }
    assert!(row("8813-7455/2").contains("  open  "), "{}", listed.out);
    assert!(row("1000-0001").contains("never"), "{}", listed.out);

    let listed = json(&world.audit(&["list", "--json"]));
    let board = &listed["meetings"][1];
    assert_eq!((&board["id"], &board["owner"]), (&"8813-7455".into(), &1.into()));
    let first = &board["sessions"][0];
    assert_eq!((&first["people"], &first["facts"]), (&2.into(), &LAST.into()));
    assert_eq!((&first["duration_ms"], &first["media_bytes"]), (&14_000.into(), &556.into()));
    assert_eq!(board["sessions"][1]["ended"], serde_json::Value::Null);
}

#[test]
fn facts_are_shown_in_words_and_escapes_are_not_obeyed() {
    let world = World::closed();
    let shown = world.audit(&["show", "8813-7455/1"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert_eq!(shown.out.lines().count() as u64, LAST);
    for part in [
        "     1  2026-03-01T09:00:04.000Z  server",
        "opened \"Board meeting\" (interactive)",
        "Hana (1) joined as host",
        "Ann (2)               says: yes please\\n<b>now</b>",
        "shares a screen as track 1 (vp8\\u{1b}[31m, 1280x720)",
        "[log] media sealed: bytes 64 to 556",
        "Ann (2) left (the session ended)",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    assert!(!shown.out.contains('\u{1b}'));
    assert_eq!(shown.out.matches("joined").count(), 2);
    assert_eq!(shown.out.matches("left").count(), 2);

    let some = world.audit(&["show", "88137455/1", "--from", "7", "--to", "8", "--json"]);
    let seqs: Vec<u64> = some
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|fact| fact["seq"].as_u64().expect("a number"))
        .collect();
    assert_eq!(seqs, [7, 8]);
    // Without a number it is the last session; 0 is the meeting's own stream.
    assert!(world.audit(&["show", "8813-7455"]).out.contains("are you there"));
    assert!(world.audit(&["show", "8813-7455/0"]).out.contains("session 1 ended"));
    assert!(world.audit(&["show", "site"]).out.contains("host@example.com"));
}

#[test]
fn a_session_is_played_with_its_media() {
    let world = World::closed();
    let played = world.audit(&["play", "8813-7455/1", "--speed", "0.01"]);
    assert_eq!(played.code, Some(0), "{played:?}");
    let at = |part: &str| played.out.find(part).unwrap_or_else(|| panic!("{part}: {}", played.out));
    assert!(at("Ann (2) joined") < at("Hana (1) says: shall we begin"));
    assert!(at("shall we begin") < at("yes please"));
    assert!(at("yes please") < at("00:00:09  track 1 (screen of Hana (1)): 3 frames, 420 B"));
    assert!(at("3 frames") < at("ended: a host ended it"));
    assert!(!played.out.contains("sealed") && !played.out.contains("came through the door"));
    let wrong = world.audit(&["play", "8813-7455/1", "--speed", "0"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[test]
fn the_state_at_a_place_has_the_hashes_of_live_clients() {
    let mut world = World::open();
    let live = world.tail(BOARD);
    assert_eq!(live.seq, LAST);
    let state = json(&world.audit(&["state", "8813-7455/1", "--at", "15", "--json"]));
    assert_eq!(state["chain"], hex(&live.hash).as_str());
    let canonical = state["canonical"].as_str().expect("a text");
    assert_eq!(state["hash"], hex(&Sha256::digest(canonical.as_bytes())).as_str());
    assert_eq!(state["people"], serde_json::json!({}));
    assert_eq!(state["said"], 2);
    world.close();

    let there = world.audit(&["state", "8813-7455/1", "--at", "11"]);
    assert_eq!(there.code, Some(0), "{there:?}");
    for part in [
        "presenter   Hana (1)",
        "In the session: 2",
        "since 2026-03-01T09:00:09.000Z, fact 6  hand up since fact 11",
        "Shared: 1",
        "state hash  ",
        "chain       ",
    ] {
        assert!(there.out.contains(part), "{part}: {}", there.out);
    }
    // The same moment by its time.
    let by_time = world.audit(&["state", "8813-7455/1", "--at", "2026-03-01T09:00:14.5Z"]);
    assert_eq!(by_time.out, there.out);
    for (at, sentence) in [
        ("16", "8813-7455/1 has facts 1 to 15, so there is no fact 16"),
        ("0", "there is no fact 0"),
        ("noon", "neither a seq nor a time such as 2026-03-01T09:00:18.000Z"),
        ("2020-01-01T00:00:00Z", "was opened later"),
    ] {
        let wrong = world.audit(&["state", "8813-7455/1", "--at", at]);
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
        assert!(wrong.err.contains(sentence), "{wrong:?}");
    }
}

#[test]
fn a_sound_log_verifies_closed_and_while_it_is_written() {
    let mut world = World::open();
    let busy = world.audit(&["verify"]);
    assert_eq!(busy.code, Some(0), "{busy:?}");
    assert!(busy.out.starts_with("Sound: 25 facts in 5 streams; signed up to"), "{busy:?}");
    for words in [&["list"][..], &["show", "8813-7455"], &["play", "8813-7455"]] {
        assert_eq!(world.audit(words).code, Some(0), "{words:?}");
    }
    // A session that is open has media that is not sealed yet: worth a note, not a finding.
    world.unsealed(StreamId { session: 2, ..BOARD }, 0);
    let open = world.audit(&["verify"]);
    assert_eq!(open.code, Some(0), "{open:?}");
    assert!(open.out.contains("note     8813-7455/2: media behind the last seal"), "{open:?}");
    world.close();
    let verified = json(&world.audit(&["verify", "8813-7455/1", "--json"]));
    assert_eq!((&verified["sound"], &verified["findings"]), (&true.into(), &serde_json::json!([])));
    assert_eq!(verified["streams"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_empty_folder_is_no_error_and_a_missing_one_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().to_str().expect("a plain name");
    let listed = audit(&["--data", data, "list"]);
    assert_eq!((listed.code, &*listed.out), (Some(0), "This folder holds no meetings yet.\n"));
    assert_eq!(audit(&["--data", data, "verify"]).code, Some(0));
    let shown = audit(&["--data", data, "show", "8813-7455"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(shown.err.contains("this folder holds no meetings yet"), "{shown:?}");

    let nowhere = folder.path().join("nowhere");
    let missing = audit(&["--data", nowhere.to_str().expect("a plain name"), "verify"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(missing.err.contains("there is no folder or file"), "{missing:?}");
    std::fs::write(folder.path().join("notes.txt"), "other things").expect("written");
    let other = audit(&["--data", data, "list"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.err.contains("is not a Convoke data folder"), "{other:?}");
    let neither = audit(&["verify"]);
    assert_eq!(neither.code, Some(2), "{neither:?}");
}

#[test]
fn wrong_use_is_answered_with_the_nearest_right_one() {
    let world = World::closed();
    for (words, sentence) in [
        (
            &["show", "8813-7456"][..],
            "there is no meeting 8813-7456 in this folder; the nearest is 8813-7455",
        ),
        (&["show", "8813745"], "\"8813745\" names no meeting; the nearest is 8813-7455"),
        (
            &["show", "8813-7455/7"],
            "meeting 8813-7455 has no session 7; the nearest is 8813-7455/2",
        ),
        (&["show"], "say which session, such as 8813-7455/2"),
        (&["state", "1000-0001"], "was never opened"),
        (&["show", "8813-7455/1", "--from", "99"], "has facts 1 to 15"),
        (&["shw"], "show"),
    ] {
        let wrong = world.audit(words);
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
        assert!(wrong.err.contains(sentence), "{wrong:?}");
    }
    for command in ["list", "show", "play", "state", "verify", "archive"] {
        let help = audit(&[command, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(help.out.contains("Example"), "{}", help.out);
    }
}
