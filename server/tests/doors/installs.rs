//! Two installations that were set up in the same way share no secret.

use std::collections::BTreeMap;
use std::path::Path;

use super::codes;
use super::world::{EMAIL, World, world};

/// Shorter runs of bytes are alike by chance.
const RUN_BYTES: usize = 8;
/// What every file of the vault begins with: its magic and its version.
const HEADER_BYTES: usize = 12;

fn secrets(world: &World) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in ["keys", "secrets"] {
        let dir = world.folder.root().join(folder);
        for entry in std::fs::read_dir(&dir).expect("there") {
            let path = entry.expect("there").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            found.insert(format!("{folder}/{name}"), material(&path, folder));
        }
    }
    found
}

fn material(path: &Path, folder: &str) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("read");
    if folder == "secrets" { bytes[HEADER_BYTES..].to_vec() } else { bytes }
}

#[test]
fn two_fresh_installations_share_no_secret() {
    let worlds = [world(""), world("")];
    for world in &worlds {
        world.account(EMAIL, false);
        codes::set_up(world, &world.sign_in(EMAIL));
    }
    let [one, other] = worlds.each_ref().map(secrets);
    assert!(one.len() >= 5, "{:?}", one.keys());
    assert!(one.keys().eq(other.keys()), "the same kinds of secret");
    for (name, bytes) in &one {
        for window in bytes.windows(RUN_BYTES) {
            for (other_name, others) in &other {
                let shared = others.windows(RUN_BYTES).any(|other| other == window);
                assert!(!shared, "{name} and {other_name} share {window:02x?}");
            }
        }
    }
}
