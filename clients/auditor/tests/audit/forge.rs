//! An archive taken to pieces, and put together again with all its checksums right.

use std::path::Path;
use std::sync::Arc;

use convoke_journal::disk::RealDisk;
use convoke_journal::keys::NodeKey;
use convoke_journal::reader::SegmentReader;
use convoke_journal::tree::Tree;
use convoke_journal::{Head, checkpoint};
use sha2::{Digest as _, Sha256};

/// An archive's header, and the content of its sections by their kinds.
#[derive(Clone)]
pub(crate) struct Parts {
    header: Vec<u8>,
    pub(crate) sections: Vec<(u32, Vec<u8>)>,
}

/// An entry with its place.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) place: u64,
    pub(crate) bytes: Vec<u8>,
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    bytes[at..at + what.len()].copy_from_slice(what);
}

impl Parts {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let (mut sections, mut at) = (Vec::new(), 64);
        while at < bytes.len() {
            let content = at + 64..at + 64 + number(bytes, at + 8);
            at = content.end;
            sections.push((number(bytes, content.start - 60) as u32, bytes[content].to_vec()));
        }
        Self { header: bytes[..64].to_vec(), sections }
    }

    pub(crate) fn get(&self, kind: u32) -> &[u8] {
        &self.sections.iter().find(|section| section.0 == kind).expect("it has one").1
    }

    pub(crate) fn get_mut(&mut self, kind: u32) -> &mut Vec<u8> {
        &mut self.sections.iter_mut().find(|section| section.0 == kind).expect("it has one").1
    }

    pub(crate) fn entries(&self, kind: u32) -> Vec<Entry> {
        let (mut rest, mut entries) = (self.get(kind), Vec::new());
        while !rest.is_empty() {
            let length = 8 + 96 + number(rest, 12);
            let place = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes"));
            entries.push(Entry { place, bytes: rest[8..length].to_vec() });
            rest = &rest[length..];
        }
        entries
    }

    pub(crate) fn put(&mut self, kind: u32, entries: &[Entry]) {
        let one = |entry: &Entry| [&entry.place.to_le_bytes(), &entry.bytes[..]].concat();
        *self.get_mut(kind) = entries.iter().flat_map(one).collect();
    }

    /// The file, every checksum made anew.
    pub(crate) fn seal(&self) -> Vec<u8> {
        let mut whole = self.header.clone();
        put(&mut whole, 24, &(self.sections.len() as u32).to_le_bytes());
        let crc = crc32fast::hash(&whole[..60]);
        put(&mut whole, 60, &crc.to_le_bytes());
        for (kind, content) in &self.sections {
            let mut header = [0; 64];
            put(&mut header, 0, b"CVS1");
            put(&mut header, 4, &kind.to_le_bytes());
            put(&mut header, 8, &(content.len() as u64).to_le_bytes());
            put(&mut header, 16, &Sha256::digest(content));
            let crc = crc32fast::hash(&header[..60]);
            put(&mut header, 60, &crc.to_le_bytes());
            whole.extend(header);
            whole.extend(content);
        }
        whole
    }
}

impl Entry {
    /// Makes the header fit the payload.
    pub(crate) fn digest(&mut self) {
        let digest = Sha256::digest(&self.bytes[96..]);
        put(&mut self.bytes, 64, &digest);
    }

    pub(crate) fn leaf(&self) -> [u8; 32] {
        Sha256::digest([&[0], &self.bytes[..96]].concat()).into()
    }
}

/// The leaves of a whole log.
pub(crate) fn leaves(data: &Path) -> Vec<[u8; 32]> {
    let mut reader = SegmentReader::on(Arc::new(RealDisk), data);
    let mut leaves = Vec::new();
    while let Some(raw) = reader.next_block().expect("it is whole") {
        leaves.extend(raw.block().expect("it is whole").entries.iter().map(|placed| placed.leaf));
    }
    leaves
}

pub(crate) fn root_of(leaves: &[[u8; 32]]) -> [u8; 32] {
    let mut tree = Tree::default();
    leaves.iter().for_each(|&leaf| tree.push(leaf));
    tree.root()
}

/// What the node signed when its log had `size` entries.
pub(crate) fn sign(data: &Path, leaves: &[[u8; 32]], size: u64) -> String {
    let key = NodeKey::load_or_make(&RealDisk, data, None).expect("the node has a key");
    let first = &leaves[..usize::try_from(size).expect("small")];
    checkpoint::sign(&Head { epoch: 1, size, root: root_of(first) }, &key)
}
