//! Archives that somebody changed who knows the format but not the key: both verifiers refuse each,
//! the auditor and the one in Python, and let those pass that nobody changed.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_journal::torture::Random;
use convoke_model::ParticipantId;
use sha2::{Digest as _, Sha256};

use crate::forge::{Entry, Parts, leaves, root_of};
use crate::world::{BOARD, World, audit};

/// What is done to an archive, each with how it is called when it is not noticed.
const KINDS: [(&str, Forge); 15] = [
    ("one bit flipped", |case| {
        let at = case.below(case.whole.len());
        case.whole[at] ^= 1 << case.below(8);
    }),
    ("the file cut short", |case| {
        let keep = case.below(case.whole.len());
        case.whole.truncate(keep);
    }),
    ("an entry edited", |case| {
        let at = case.below(case.entries.len());
        case.edit(at);
        case.seal();
    }),
    ("an entry deleted", |case| {
        let at = case.below(case.entries.len());
        case.entries.remove(at);
        case.number_and_prove();
    }),
    ("an entry inserted", |case| {
        let mut more = case.any_entry();
        // At the place of an entry of another stream.
        let free: Vec<u64> = (0..case.size()).filter(|&place| !case.holds(place)).collect();
        more.place = free[case.below(free.len())];
        case.entries.push(more);
        case.entries.sort_by_key(|entry| entry.place);
        case.number_and_prove();
    }),
    ("an entry appended", |case| {
        let mut more = case.any_entry();
        more.place = case.size() + case.below(9) as u64;
        case.entries.push(more);
        case.number_and_prove();
    }),
    ("two entries swapped", |case| {
        let at = case.below(case.entries.len() - 1);
        let (a, b) = (case.entries[at].place, case.entries[at + 1].place);
        case.entries.swap(at, at + 1);
        (case.entries[at].place, case.entries[at + 1].place) = (a, b);
        case.number_and_prove();
    }),
    ("a section of another archive", |case| {
        let theirs = case.theirs.get(2).to_vec();
        if case.below(2) == 0 {
            case.parts.sections.push((2, theirs));
        } else {
            *case.parts.get_mut(2) = theirs;
        }
        case.whole = case.parts.seal();
    }),
    ("the tail cut", |case| {
        let keep = 1 + case.below(case.entries.len() - 1);
        case.entries.truncate(keep);
        case.prove();
    }),
    ("chained anew without the key", |case| {
        let at = case.below(case.entries.len());
        case.edit(at);
        let size = case.size();
        let root = STANDARD.encode(case.root());
        let note = case.note();
        let lines: Vec<&str> = note.split('\n').collect();
        let note = note.replacen(lines[2], &root, 1);
        assert_eq!(lines[1], size.to_string());
        *case.parts.get_mut(3) = note.into_bytes();
        case.seal();
    }),
    ("made by another key", |case| case.whole = case.theirs.seal()),
    ("a key that signs everything", |case| {
        let at = case.below(case.entries.len());
        case.edit(at);
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let key = [&[1][..], &neutral].concat();
        let name = String::from("convoke/00000000000000000000000000000000");
        let id = Sha256::digest([name.as_bytes(), b"\n", &key].concat())[..4].to_vec();
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{name}\n{}\n{}\nepoch 1\n", case.size(), STANDARD.encode(case.root()));
        let signature = STANDARD.encode([&id[..], &neutral, &[0; 32]].concat());
        *case.parts.get_mut(3) = format!("{text}\n\u{2014} {name} {signature}\n").into_bytes();
        *case.parts.get_mut(4) = format!("{name}+{hex}+{}", STANDARD.encode(key)).into_bytes();
        case.believed = false;
        case.seal();
    }),
    ("S of the signature written another way", |case| {
        let note = case.note();
        let signature = note.trim_end().rsplit(' ').next().expect("a note").to_owned();
        let mut bytes = STANDARD.decode(&signature).expect("base64");
        // S + the order of the group: the same number to whoever does not look.
        let order = 27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes();
        let mut carry = 0;
        for (at, byte) in bytes[36..68].iter_mut().enumerate() {
            let more = if at < 16 { order[at] } else { u8::from(at == 31) << 4 };
            let sum = u16::from(*byte) + u16::from(more) + carry;
            (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        *case.parts.get_mut(3) = note.replace(&signature, &STANDARD.encode(bytes)).into_bytes();
        case.whole = case.parts.seal();
    }),
    ("an old checkpoint and an edit behind it", |case| {
        let at = 1 + case.below(case.entries.len() - 1);
        let size = case.entries[at].place;
        *case.parts.get_mut(3) = case.sign(size).into_bytes();
        case.edit(at);
        case.prove();
    }),
    ("media edited", |case| {
        let media = case.parts.get_mut(6);
        // The first frame: after the file's header and its own.
        let length = u32::from_le_bytes(media[64..68].try_into().expect("four")) as usize;
        media[88 + length - 1] ^= 1;
        let crc = crc32fast::hash(&media[88..88 + length]).to_le_bytes();
        media[68..72].copy_from_slice(&crc);
        let crc = crc32fast::hash(&media[64..84]).to_le_bytes();
        media[84..88].copy_from_slice(&crc);
        case.whole = case.parts.seal();
    }),
];

type Forge = fn(&mut Case);

/// One archive that is being changed.
struct Case {
    random: Random,
    world: std::rc::Rc<World>,
    parts: Parts,
    theirs: Parts,
    /// Of the session.
    entries: Vec<Entry>,
    /// Of the whole log.
    leaves: Vec<[u8; 32]>,
    /// The file as it will be.
    whole: Vec<u8>,
    /// Whether the node's key is named to the verifiers.
    believed: bool,
}

impl Case {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.below(end as u64)).expect("small")
    }

    fn any_entry(&mut self) -> Entry {
        let at = self.below(self.entries.len());
        self.entries[at].clone()
    }

    fn note(&self) -> String {
        String::from_utf8(self.parts.get(3).to_vec()).expect("a note is text")
    }

    /// Entries that the checkpoint covers.
    fn size(&self) -> u64 {
        self.note().lines().nth(1).and_then(|size| size.parse().ok()).expect("a note")
    }

    fn holds(&self, place: u64) -> bool {
        self.parts.entries(1).iter().chain(&self.entries).any(|entry| entry.place == place)
    }

    /// Another text of the same length, with its digest; the log's tree is made anew.
    fn edit(&mut self, at: usize) {
        let bits = 1 << self.below(7);
        let offset = self.below(self.entries[at].bytes.len() - 112);
        let entry = &mut self.entries[at];
        entry.bytes[112 + offset] ^= bits;
        entry.digest();
        let (place, leaf) = (entry.place, entry.leaf());
        self.leaves[usize::try_from(place).expect("small")] = leaf;
    }

    fn root(&self) -> [u8; 32] {
        root_of(&self.leaves[..usize::try_from(self.size()).expect("small")])
    }

    /// A checkpoint that the node signed when the log was shorter.
    fn sign(&self, size: u64) -> String {
        crate::forge::sign(&self.world.data(), &self.leaves, size)
    }

    /// Numbers the entries without a hole, then proves as far as that goes.
    fn number_and_prove(&mut self) {
        for (seq, entry) in (1_u64..).zip(&mut self.entries) {
            entry.bytes[24..32].copy_from_slice(&seq.to_le_bytes());
        }
        self.prove();
    }

    /// Makes the proof anew for what is there now.
    fn prove(&mut self) {
        let size = self.size();
        let meeting = self.parts.entries(1);
        let mut kept: Vec<u64> = meeting.iter().chain(&self.entries).map(|e| e.place).collect();
        kept.retain(|&place| place < size);
        kept.sort_unstable();
        let leaves = &self.leaves[..usize::try_from(size).expect("small")];
        let mut proof = size.to_le_bytes().to_vec();
        proof.extend(convoke_journal::tree::proof(leaves, &kept).concat());
        *self.parts.get_mut(5) = proof;
        self.seal();
    }

    fn seal(&mut self) {
        self.parts.put(2, &self.entries);
        self.whole = self.parts.seal();
    }
}

/// What both verifiers say: the auditor's exit code and output, then Python's.
fn both(file: &Path, key: Option<&Path>) -> [(Option<i32>, String); 2] {
    let text = |path: &Path| path.to_str().expect("a plain name").to_owned();
    let named = key.map(|key| [String::from("--key"), text(key)]);
    let mut words = vec![String::from("verify"), text(file)];
    words.extend(named.clone().into_iter().flatten());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rust = audit(&words);
    let mut python = Command::new("python3");
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py"));
    let done = python.args(named.into_iter().flatten()).arg(file).output().expect("python3");
    let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    [(rust.code, rust.out + &rust.err), (done.status.code(), told)]
}

/// A world of its own by number, with the archive of its first session.
fn made(number: u64) -> (World, Parts) {
    let mut world = World::numbered((number % 251) as u8 + 1);
    let mut random = Random::new(number);
    for line in 0..random.below(20) {
        let who = ParticipantId(1);
        let second = convoke_model::StreamId { session: 2, ..BOARD };
        world.said(second, who, &format!("line {line} of world {number}"));
    }
    world.close();
    for session in ["1", "2"] {
        let file = world.file(&format!("{session}.archive"));
        let name = format!("8813-7455/{session}");
        let done = world.audit(&["archive", &name, file.to_str().expect("a plain name")]);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let parts = Parts::read(&std::fs::read(world.file("1.archive")).expect("just written"));
    (world, parts)
}

#[test]
fn changed_archives_are_refused_by_both_verifiers_and_clean_ones_by_none() {
    let asked = std::env::var("CONVOKE_TORTURE_N").ok().and_then(|n| n.parse().ok());
    let wanted: u64 = asked.unwrap_or(300);
    let (mut clean, mut silent) = (0, Vec::new());
    let (_, mut before) = made(0);
    let mut case = 0;
    while case < wanted {
        let (world, parts) = made(case + 1);
        let key = world.data().join("keys/node.vkey");
        for session in ["1", "2"] {
            for key in [None, Some(&*key)] {
                let told = both(&world.file(&format!("{session}.archive")), key);
                assert!(told.iter().all(|told| told.0 == Some(0)), "world {}: {told:?}", case + 1);
            }
            clean += 1;
        }
        let world = std::rc::Rc::new(world);
        for (name, forge) in KINDS {
            let mut one = Case {
                random: Random::new(case),
                world: world.clone(),
                theirs: before.clone(),
                entries: parts.entries(2),
                leaves: leaves(&world.data()),
                whole: parts.seal(),
                believed: true,
                parts: parts.clone(),
            };
            forge(&mut one);
            let file = world.file("changed.archive");
            std::fs::write(&file, &one.whole).expect("there is room");
            for (who, told) in
                ["auditor", "Python"].iter().zip(both(&file, one.believed.then_some(&*key)))
            {
                if !matches!(told.0, Some(1 | 2)) {
                    silent.push(format!("case {case}, {name}: {who} says {told:?}"));
                }
            }
            case += 1;
        }
        before = parts;
    }
    println!(
        "{case} changed archives, {clean} clean ones: {} must not have happened",
        silent.len()
    );
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
