//! The fold examples: sessions as clients receive them, with the state and hashes after each
//! message. Other implementations of the fold are held equal to these files.

use convoke_model::meeting::Event;
use convoke_model::view::session::{SessionView, Viewer};
use convoke_wire::codec;
use convoke_wire::entry::{self, CHAIN_START, EntryRef, Hash};
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use serde_json::{Value, json};

use super::disk::{hex, hold, names, read, unhex};
use super::scene::{MEETING, welcome};
use super::stories::{self, Story};

#[test]
fn the_committed_folds_are_what_the_code_makes() {
    let mut made: Vec<String> = Vec::new();
    for story in stories::all() {
        let name = format!("{}.json", story.name);
        hold(&format!("examples/folds/{name}"), &file(&story));
        made.push(name);
    }
    made.push("README.md".into());
    made.sort();
    assert_eq!(names("examples/folds"), made, "a file that no story makes");
}

#[test]
fn every_fold_ends_in_the_state_that_the_log_has_for_its_viewer() {
    for story in stories::all() {
        let whole = story.scene.view.for_viewer(story.viewer);
        let file: Value = serde_json::from_str(&file(&story)).expect("just made");
        let last =
            &file["messages"].as_array().expect("messages").last().expect("one")["canonical"];
        assert_eq!(last.as_str(), Some(whole.canonical().as_str()), "{}", story.name);
    }
}

#[test]
fn a_committed_fold_is_folded_again_from_its_bytes_alone() {
    for name in names("examples/folds").iter().filter(|name| name.ends_with(".json")) {
        let file: Value =
            serde_json::from_str(&read(&format!("examples/folds/{name}"))).expect("json");
        let mut folder = Folder::new(file["viewer"] == "auditor");
        if let Some(snapshot) = file["snapshot"].as_str() {
            folder.take(&unhex(snapshot));
        }
        for message in file["messages"].as_array().expect("messages") {
            let bytes = message["hex"].as_str().expect("hex");
            folder.take(&unhex(bytes));
            assert_eq!(folder.after(bytes), *message, "{name}");
        }
        assert_eq!(json!(folder.view.chat), file["chat"], "{name}");
    }
}

/// Folds what arrives: a client's half puts it in order, an auditor gets it in order.
struct Folder {
    is_auditor: bool,
    half: ClientHalf,
    seq: u64,
    chain: Hash,
    view: SessionView,
}

impl Folder {
    fn new(is_auditor: bool) -> Self {
        let mut half = ClientHalf::new(String::new(), String::new());
        half.handle(&welcome(0)).expect("a welcome");
        Self { is_auditor, half, seq: 0, chain: CHAIN_START, view: SessionView::default() }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.is_auditor {
            let leaf = self.fact(bytes);
            self.chain = entry::chain(&self.chain, &leaf);
            self.seq += 1;
            return;
        }
        match self.half.handle(bytes).expect("the example keeps to the protocol") {
            Some(Output::Snapshot(view)) => self.view = *view,
            Some(Output::Fact(bytes)) => {
                self.fact(&bytes);
            }
            None | Some(Output::Withheld(_)) => {}
            Some(other) => panic!("not part of a fold: {other:?}"),
        }
        self.seq = self.half.position().seq;
        self.chain = self.half.hash();
    }

    fn fact(&mut self, bytes: &[u8]) -> Hash {
        let entry = EntryRef::read(bytes).expect("an entry");
        assert!(entry.payload_is_sound(), "the digest is that of the payload");
        self.view.apply(&codec::decode::<Event>(&entry).expect("a fact of a session"));
        entry.leaf()
    }

    fn after(&self, hex_of_message: &str) -> Value {
        let canonical = self.view.canonical();
        json!({
            "hex": hex_of_message,
            "seq": self.seq,
            "canonical": canonical,
            "state_hash": hex(&entry::payload_digest(canonical.as_bytes())),
            "chain": hex(&self.chain),
        })
    }
}

/// A story as its file: every message with what the fold is after it.
fn file(story: &Story) -> String {
    let mut folder = Folder::new(story.viewer == Viewer::Auditor);
    if let Some(snapshot) = &story.snapshot {
        folder.take(snapshot);
    }
    let after = |bytes: &Vec<u8>| {
        folder.take(bytes);
        folder.after(&hex(bytes))
    };
    let messages: Vec<Value> = story.messages.iter().map(after).collect();
    let viewer = match story.viewer {
        Viewer::Auditor => json!("auditor"),
        Viewer::Participant(who, role) => json!({ "who": who, "role": role }),
    };
    let file = json!({
        "viewer": viewer,
        "meeting": MEETING,
        "session": 2,
        "snapshot": story.snapshot.as_deref().map(hex),
        "messages": messages,
        "chat": folder.view.chat,
    });
    let mut text = serde_json::to_string_pretty(&file).expect("JSON");
    text.push('\n');
    text
}
