//! Archives: written once, read without the folder, and not believed when edited.

use crate::world::{World, audit, flip};

#[test]
fn an_archive_is_one_file_that_verifies_by_itself() {
    let world = World::closed();
    let file = world.file("board.archive");
    let file = file.to_str().expect("a plain name");
    let made = world.audit(&["archive", "8813-7455/1", file]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.out.contains("session 8813-7455/1 with 15 facts"), "{made:?}");
    let again = world.audit(&["archive", "8813-7455/1", file]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("exists already and is not overwritten"), "{again:?}");

    let key = world.data().join("keys/node.vkey");
    let key = key.to_str().expect("a plain name");
    for words in
        [&["--data", file, "verify"][..], &["verify", file], &["verify", file, "--key", key]]
    {
        let verified = audit(words);
        assert_eq!(verified.code, Some(0), "{verified:?}");
        assert!(verified.out.contains("Sound: 19 facts in 2 streams"), "{verified:?}");
    }
    let listed = audit(&["--data", file, "list"]);
    assert!(listed.out.contains("8813-7455/1"), "{listed:?}");
    assert!(!listed.out.contains("8813-7455/2"), "{listed:?}");
    let shown = audit(&["--data", file, "show", "8813-7455"]);
    assert!(shown.out.contains("shall we begin"), "{shown:?}");
    assert!(audit(&["play", file]).out.contains("3 frames"));
    // The same state as in the folder.
    let words = ["state", "8813-7455/1", "--at", "9"];
    assert_eq!(
        audit(&["--data", file, words[0], words[1], words[2], words[3]]).out,
        world.audit(&words).out
    );

    flip(file.as_ref(), "shall we begin", 0);
    for words in [&["verify", file][..], &["--data", file, "show"]] {
        let edited = audit(words);
        assert_eq!(edited.code, Some(1), "{edited:?}");
        let told = edited.out + &edited.err;
        assert!(told.contains("a section does not match its digest"), "{told}");
    }
}

#[test]
fn an_archive_that_another_node_signed_is_not_believed() {
    let world = World::closed();
    let file = world.file("board.archive");
    let file = file.to_str().expect("a plain name");
    assert_eq!(world.audit(&["archive", "8813-7455/1", file]).code, Some(0));
    let key = world.file("other.vkey");
    // The example key of the signed-note specification (C2SP), with its own id.
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n";
    std::fs::write(&key, other).expect("it can be written");
    let found = audit(&["verify", file, "--key", key.to_str().expect("a plain name")]);
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.out.contains("unsigned: the archive"), "{found:?}");
    std::fs::write(&key, "nonsense").expect("it can be written");
    let wrong = audit(&["verify", file, "--key", key.to_str().expect("a plain name")]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[test]
fn a_folder_that_another_node_signed_is_not_believed() {
    let (world, other) = (World::closed(), World::numbered(1));
    let path = |world: &World| world.data().join("keys/node.vkey");
    let key = |world: &World| path(world).to_str().expect("a plain name").to_owned();
    assert_eq!(world.audit(&["verify", "--key", &key(&world)]).code, Some(0));
    // Also when it has that key, which signed nothing.
    for copied in [false, true] {
        if copied {
            let beside = world.data().join("keys/other.vkey");
            std::fs::copy(path(&other), beside).expect("there is room");
        }
        let found = world.audit(&["verify", "--key", &key(&other)]);
        assert_eq!(found.code, Some(1), "{found:?}");
        let finding = "the newest checkpoint of this folder is not signed by the key of --key";
        assert!(found.out.contains(finding), "{found:?}");
    }
    assert_eq!(world.audit(&["verify"]).code, Some(0));
}

#[test]
fn a_damaged_log_is_not_archived() {
    let world = World::closed();
    flip(&world.data().join("log/000000000001.seg"), "shall we begin", 80);
    let file = world.file("board.archive");
    let made = world.audit(&["archive", "8813-7455/1", file.to_str().expect("a plain name")]);
    assert_eq!(made.code, Some(1), "{made:?}");
    assert!(made.err.contains("nothing was archived"), "{made:?}");
    assert!(!file.exists());
}

#[test]
fn what_is_no_archive_is_told() {
    let world = World::closed();
    let file = world.file("notes.txt");
    std::fs::write(&file, "nothing of this kind").expect("it can be written");
    let wrong = audit(&["verify", file.to_str().expect("a plain name")]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("is not an archive"), "{wrong:?}");
}
