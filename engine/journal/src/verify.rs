//! `verify`: everything a data folder claims, checked from its bytes alone. Takes no lock, needs no
//! server, trusts no index; may run while a server writes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use convoke_model::StreamId;
use convoke_wire::Hash;
use convoke_wire::entry::{self, EntryRef, Header};

use crate::block::salvage;
use crate::checkpoint::{self, Checkpoint};
use crate::disk::Disk;
use crate::journal::{Head, Tail};
use crate::keys::PublicKey;
use crate::reader::SegmentReader;
use crate::segment::{self, SegmentHeader};
use crate::tree::Tree;
use crate::witness::Witness;
use crate::{Damage, Error};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Bytes are not what was written.
    Damaged(Damage),
    /// Entries of a stream are not there: first and last seq.
    Missing {
        /// The stream.
        stream: StreamId,
        /// First seq that is missing.
        from: u64,
        /// Last seq that is missing.
        to: u64,
    },
    /// The log ends before what somebody knows to have been durable.
    Short {
        /// Who knows.
        by: String,
        /// Entries found.
        size: u64,
        /// Entries known.
        known: u64,
    },
    /// The tree over the first `size` entries is not the one that was recorded.
    Root {
        /// Who recorded it.
        by: String,
        /// Entries.
        size: u64,
    },
    /// A signed note is not signed by the key of this node, or not a note.
    Unsigned(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => write!(f, "damaged: {damage}"),
            Self::Missing { stream, from, to } => {
                write!(f, "missing: stream {stream}, seq {from} to {to}")
            }
            Self::Short { by, size, known } => {
                write!(f, "short: {size} entries, but {by} knows of {known}")
            }
            Self::Root { by, size } => {
                write!(f, "changed: the first {size} entries are not those of {by}")
            }
            Self::Unsigned(name) => {
                write!(f, "unsigned: {name} is not a note signed by this node's key")
            }
        }
    }
}

/// What `verify` saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Blocks read.
    pub blocks: u64,
    /// Every stream and its end.
    pub streams: Vec<(StreamId, Tail)>,
    /// Entries whose payload was erased and is covered by an `Erased` fact.
    pub erased: u64,
    /// Size and root of the whole tree, unless damage hides it.
    pub head: Option<(u64, Hash)>,
    /// Entries of an archive that are newer than its checkpoint: nothing signed covers them.
    pub unsigned: u64,
    /// The largest checkpoint that holds.
    pub checkpoint: Option<Head>,
    /// Who signed the largest checkpoints of a data folder, whether or not they hold.
    pub signers: Vec<PublicKey>,
    /// What is wrong; empty when the log is sound.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Verifies the log of a data folder. `covered` says whether an `Erased` fact covers an entry whose
/// payload is zeros. `visit` sees every sound entry in the node's order (to collect facts, or `|_,
/// _| {}`).
///
/// # Errors
/// `NewerFormat`, or what the disk said. Damage is a finding.
pub fn verify(
    disk: &Arc<dyn Disk>,
    data: &Path,
    covered: impl Fn(&Header) -> bool,
    mut visit: impl FnMut(u64, EntryRef<'_>),
) -> Result<Report, Error> {
    let mut check = Check::begin(&**disk, data)?;
    let mut reader = SegmentReader::on(Arc::clone(disk), data);
    let mut segment = 0;
    loop {
        let block = match reader.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => break,
            Err(Error::Damaged(damage)) => {
                check.damaged(damage);
                reader.skip_damage()?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if block.segment != segment {
            segment = block.segment;
            check.segment(SegmentHeader::load(&**disk, data, segment));
        }
        let file = format!("log/{}", segment::name(segment));
        check.report.blocks += 1;
        match block.block() {
            Ok(whole) => {
                if check.tree.as_ref().is_some_and(|tree| tree.size() != whole.header.first) {
                    let what = "a block is not the next in the node's order";
                    check.damaged(Damage::at(file.clone(), block.offset, what));
                }
                for placed in &whole.entries {
                    let offset = block.offset + placed.at as u64;
                    check.entry(&placed.entry, &placed.leaf, (&file, offset), &covered);
                    visit(placed.place, placed.entry);
                }
            }
            Err(error) => {
                if let Error::Damaged(damage) = error {
                    check.damaged(damage);
                }
                for (place, leaf, one) in salvage(&block.bytes) {
                    check.entry(&one, &leaf, (&file, block.offset), &covered);
                    visit(place, one);
                }
            }
        }
    }
    Ok(check.finish())
}

/// Follows the chain of every stream, entry by entry.
#[derive(Default)]
pub(crate) struct Streams {
    tails: BTreeMap<StreamId, Tail>,
    epoch: u32,
}

impl Streams {
    /// The ends reached.
    pub(crate) fn tails(&self) -> Vec<(StreamId, Tail)> {
        self.tails.iter().map(|(&stream, &tail)| (stream, tail)).collect()
    }

    /// The next entry in the node's order; `at` is its file and byte, for what is wrong with it.
    pub(crate) fn entry(
        &mut self,
        one: &EntryRef<'_>,
        leaf: &Hash,
        at: (&str, u64),
        covered: impl Fn(&Header) -> bool,
        report: &mut Report,
    ) {
        let header = &one.header;
        let (stream, seq) = (header.stream, header.seq);
        let damaged = |what| Finding::Damaged(Damage::at(at.0, at.1, what).of(stream, seq, seq));
        let tail = self.tails.entry(stream).or_default();
        if seq > tail.seq + 1 {
            let (from, to) = (tail.seq + 1, seq - 1);
            report.findings.push(Finding::Missing { stream, from, to });
        } else if seq != tail.seq + 1 {
            report.findings.push(damaged("a seq comes twice"));
        }
        *tail = Tail { seq, hash: entry::chain(&tail.hash, leaf) };
        if header.epoch < self.epoch {
            report.findings.push(damaged("an epoch goes back"));
        }
        self.epoch = self.epoch.max(header.epoch);
        if !one.payload_is_sound() {
            match (one.is_erased(), covered(header)) {
                (true, true) => report.erased += 1,
                (true, false) => {
                    report
                        .findings
                        .push(damaged("a payload is zeros and no Erased fact covers it"));
                }
                (false, _) => {
                    report.findings.push(damaged("a payload does not match its digest"));
                }
            }
        }
        report.entries += 1;
    }
}

/// A size whose root somebody recorded.
struct Known {
    by: String,
    head: Head,
    signed: bool,
}

struct Check {
    report: Report,
    streams: Streams,
    /// `None` behind damage, until a segment header says how the tree stands.
    tree: Option<Tree>,
    known: Vec<Known>,
}

impl Check {
    fn begin(disk: &dyn Disk, data: &Path) -> Result<Self, Error> {
        let mut report = Report::default();
        let mut known = Vec::new();
        // What is claimed is read first: the log only grows.
        let keys = match PublicKey::all(disk, data) {
            Ok(keys) => keys,
            Err(Error::Format(_)) => {
                report.findings.push(Finding::Unsigned(String::from("keys/node.vkey")));
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let mut largest = 0;
        for (name, note) in checkpoint::all(disk, data)? {
            let text = String::from_utf8(note).unwrap_or_default();
            let by_key = |key: &PublicKey| Some((key.clone(), Checkpoint::verify(&text, key)?));
            match keys.iter().find_map(by_key) {
                Some((key, checkpoint)) => {
                    if checkpoint.head.size > largest {
                        largest = checkpoint.head.size;
                        report.signers.clear();
                    }
                    if checkpoint.head.size == largest && !report.signers.contains(&key) {
                        report.signers.push(key);
                    }
                    let by = format!("checkpoints/{name}");
                    known.push(Known { by, head: checkpoint.head, signed: true });
                }
                None => report.findings.push(Finding::Unsigned(format!("checkpoints/{name}"))),
            }
        }
        let (witness, damaged) = Witness::load(disk, data)?;
        if damaged {
            let damage = Damage::at("log/witness", 0, "a slot is damaged");
            report.findings.push(Finding::Damaged(damage));
        }
        match witness {
            Some(w) => known.push(Known {
                by: String::from("log/witness"),
                head: Head { epoch: w.epoch, size: w.size, root: w.root },
                signed: false,
            }),
            None if !segment::numbers(disk, data)?.is_empty() => {
                let damage = Damage::at("log/witness", 0, "the head witness is missing");
                report.findings.push(Finding::Damaged(damage));
            }
            None => {}
        }
        let tree = Some(Tree::default());
        let mut check = Self { report, streams: Streams::default(), tree, known };
        check.compare();
        Ok(check)
    }

    fn damaged(&mut self, damage: Damage) {
        self.tree = None;
        self.report.findings.push(Finding::Damaged(damage));
    }

    fn segment(&mut self, header: Result<SegmentHeader, Error>) {
        let Ok(header) = header else { return };
        match &self.tree {
            Some(tree) if *tree != header.tree => {
                let by = format!("log/{}", segment::name(header.number));
                self.report.findings.push(Finding::Root { by, size: header.tree.size() });
                self.tree = Some(header.tree);
            }
            Some(_) => {}
            None => self.tree = Some(header.tree),
        }
    }

    fn entry(
        &mut self,
        one: &EntryRef<'_>,
        leaf: &Hash,
        at: (&str, u64),
        covered: impl Fn(&Header) -> bool,
    ) {
        self.streams.entry(one, leaf, at, covered, &mut self.report);
        if let Some(tree) = &mut self.tree {
            tree.push(*leaf);
            self.compare();
        }
    }

    /// Compares the tree with what is known of this size.
    fn compare(&mut self) {
        let Some(tree) = &self.tree else { return };
        if !self.known.iter().any(|known| known.head.size == tree.size()) {
            return;
        }
        let (size, root) = (tree.size(), tree.root());
        for known in self.known.extract_if(.., |known| known.head.size == size) {
            if known.head.root != root {
                self.report.findings.push(Finding::Root { by: known.by, size });
            } else if known.signed && self.report.checkpoint.is_none_or(|head| head.size <= size) {
                self.report.checkpoint = Some(known.head);
            }
        }
    }

    fn finish(mut self) -> Report {
        let size = self.tree.as_ref().map_or(0, Tree::size);
        for known in &self.known {
            let (by, known) = (known.by.clone(), known.head.size);
            if self.tree.is_some() && known > size {
                self.report.findings.push(Finding::Short { by, size, known });
            }
        }
        self.report.head = self.tree.as_ref().map(|tree| (tree.size(), tree.root()));
        self.report.streams = self.streams.tails();
        self.report
    }
}
