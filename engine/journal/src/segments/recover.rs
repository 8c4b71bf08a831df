//! What is in the data folder: every block from the index's place on is read and checked, the
//! witness must be reached with its root, and what is wrong at the end is told apart from an
//! unfinished write.

use std::collections::BTreeMap;

use convoke_model::StreamId;
use convoke_wire::{Hash, entry};

use super::quarantine::{Reason, lost_beyond};
use super::shared::State;
use super::{Options, shown};
use crate::block::{Block, is_torn};
use crate::checkpoint;
use crate::index::{Index, Known};
use crate::journal::Tail;
use crate::locations::{Location, Locations};
use crate::scan::{Scan, Step};
use crate::segment::{self, SegmentHeader};
use crate::tree::Tree;
use crate::witness::Witness;
use crate::{Damage, Error};

/// What was found.
#[derive(Default)]
pub(super) struct Recovered {
    /// The log up to the first thing that is wrong; `epoch` is the highest one seen.
    pub(super) state: State,
    pub(super) locations: Locations,
    pub(super) index: Option<Index>,
    /// Number of the newest whole witness.
    pub(super) witness_number: u64,
    /// Bytes after the end in the last segment, of a write that never finished.
    pub(super) torn: Option<Vec<u8>>,
    /// A last segment that never got its header.
    pub(super) unborn: Option<u64>,
    /// Why it must not be written.
    pub(super) reason: Option<Reason>,
}

/// A place that the log must pass with a known root.
#[derive(Clone)]
struct Milestone {
    name: &'static str,
    size: u64,
    root: Hash,
    passed: bool,
}

impl Milestone {
    fn new(name: &'static str, size: u64, root: Hash) -> Self {
        Self { name, size, root, passed: false }
    }
}

pub(super) fn recover(options: &Options) -> Result<Recovered, Error> {
    let (disk, data) = (&*options.disk, &options.data);
    let numbers = segment::numbers(disk, data)?;
    let (witness, _) = Witness::load(disk, data)?;
    let (index, known) = match options.index.then(|| Index::open(&data.join("index"))) {
        Some((index, known)) => (Some(index), known),
        None => (None, None),
    };
    let lost_witness = witness.is_none() && !numbers.is_empty();
    let witness = witness.unwrap_or_default();
    let mut milestones = vec![Milestone::new("head witness", witness.size, witness.root)];
    if let Some((size, root)) = checkpoint::newest(disk, data)? {
        milestones.push(Milestone::new("last checkpoint", size, root));
    }
    if let Some((at, _)) = &known {
        milestones.push(Milestone::new("index", at.size, at.root));
    }
    let mut found = Walk::new(options, witness, &milestones).all(&numbers, known.as_ref())?;
    if found.reason.is_some() && known.is_some() {
        // Whatever is wrong, the segments alone must say how far they can be read.
        found = Walk::new(options, witness, &milestones).all(&numbers, None)?;
    }
    if found.reason.is_none() && lost_witness {
        found.reason = Some(Reason::WitnessLost);
    }
    let tails = known.map(|(_, tails)| tails).unwrap_or_default();
    if let Some(Reason::Damaged { streams, .. } | Reason::Missing { streams, .. }) =
        &mut found.reason
    {
        *streams = lost_beyond(options, &found.state, &tails)?;
    }
    found.index = index;
    Ok(found)
}

struct Walk<'a> {
    options: &'a Options,
    found: Recovered,
    milestones: Vec<Milestone>,
    witness: Witness,
    /// Size of the tree where reading began.
    began: u64,
}

impl<'a> Walk<'a> {
    fn new(options: &'a Options, witness: Witness, milestones: &[Milestone]) -> Self {
        let mut found = Recovered { witness_number: witness.number, ..Recovered::default() };
        found.state.epoch = witness.epoch;
        Self { options, found, milestones: milestones.to_vec(), witness, began: 0 }
    }

    fn all(mut self, numbers: &[u64], known: Option<&Known>) -> Result<Recovered, Error> {
        // Begin at the segment in which the index or the witness ends, whichever is earlier.
        let mut start = 1;
        if let Some((at, tails)) = known
            && at.segment > 0
        {
            start = at.segment.min(self.witness.segment).max(1);
            self.found.state.tails = tails.clone();
        }
        let mut previous: Option<u64> = None;
        for (expected, &number) in (1..).zip(numbers) {
            let header = match SegmentHeader::load(&*self.options.disk, &self.options.data, number)
            {
                Err(Error::Damaged(damage)) => {
                    if numbers.last() == Some(&number) && self.is_unborn(number)? {
                        self.found.unborn = Some(number);
                        break;
                    }
                    self.damaged(damage);
                    return Ok(self.found);
                }
                other => other?,
            };
            if number != expected {
                self.damaged(Damage::at(shown(expected), 0, "a segment is missing"));
                return Ok(self.found);
            }
            let wrong = match previous {
                Some(end) => header.previous_end != end || header.tree != self.found.state.tree,
                None => number == start && start == 1 && header.tree != Tree::default(),
            };
            if wrong {
                let what = "a segment does not follow the one before it";
                self.damaged(Damage::at(shown(number), 0, what));
                return Ok(self.found);
            }
            let end = self.sealed_at(numbers, number);
            if let Some(end) = end
                && self.length(number)? < end
            {
                self.damaged(Damage::at(shown(number), end, "a segment is cut short"));
                return Ok(self.found);
            }
            if number < start {
                continue;
            }
            if previous.is_none() {
                self.began = header.tree.size();
                self.found.state.tree = header.tree;
                self.pass();
            }
            self.found.state.segment = number;
            self.found.state.epoch = self.found.state.epoch.max(header.epoch);
            if !self.segment(number, end)? {
                return Ok(self.found);
            }
            previous = Some(self.found.state.offset);
        }
        self.finish();
        Ok(self.found)
    }

    /// Where a segment ends, as its successor says.
    fn sealed_at(&self, numbers: &[u64], number: u64) -> Option<u64> {
        numbers.contains(&(number + 1)).then_some(())?;
        let next = SegmentHeader::load(&*self.options.disk, &self.options.data, number + 1);
        next.ok().map(|header| header.previous_end)
    }

    fn length(&self, number: u64) -> Result<u64, Error> {
        let path = segment::path(&self.options.data, number);
        let file = self.options.disk.open(&path, crate::disk::Mode::Read);
        file.and_then(|file| file.length()).map_err(Error::io("read", &path))
    }

    /// Whether a file with a damaged header can be one whose making never finished.
    fn is_unborn(&self, number: u64) -> Result<bool, Error> {
        let scan = Scan::open(&*self.options.disk, &self.options.data, number, None, None);
        Ok(self.witness.segment < number && scan?.holds_nothing()?)
    }

    /// Reads one segment's blocks. `false` when something is wrong.
    fn segment(&mut self, number: u64, end: Option<u64>) -> Result<bool, Error> {
        let (disk, data) = (&*self.options.disk, &self.options.data);
        let mut scan = Scan::open(disk, data, number, None, end)?;
        loop {
            let (at, bytes) = match scan.step()? {
                Step::Block(at, bytes) => (at, bytes),
                Step::End(at) => {
                    self.found.state.offset = at;
                    if end.is_some_and(|end| end != at) {
                        self.damaged(Damage::at(shown(number), at, "a segment is cut short"));
                        return Ok(false);
                    }
                    return Ok(true);
                }
                Step::Bad(at) => return self.wrong(&mut scan, number, at, end, "not a block"),
            };
            match Block::read(&bytes) {
                Err(what) => return self.wrong(&mut scan, number, at, end, what),
                Ok(block) => {
                    // Not known to be durable yet: the payloads may not have arrived.
                    let fresh = block.header.first >= self.witness.size;
                    if fresh && !block.payloads_are_sound() {
                        let rest = scan.rest(at)?;
                        let last = end.is_none() && is_torn(&rest, at);
                        if last {
                            return self.wrong(&mut scan, number, at, end, "payloads are missing");
                        }
                    }
                    if let Err(what) = self.block(number, at, &block) {
                        self.damaged(Damage::at(shown(number), at, what));
                        return Ok(false);
                    }
                    self.found.state.offset = scan.at();
                }
            }
        }
    }

    /// Takes a block into the state.
    fn block(&mut self, segment: u64, offset: u64, block: &Block<'_>) -> Result<(), &'static str> {
        let state = &mut self.found.state;
        if block.header.first != state.tree.size() {
            return Err("a block is not the next in the node's order");
        }
        let mut lines: BTreeMap<StreamId, Location> = BTreeMap::new();
        for placed in &block.entries {
            let header = &placed.entry.header;
            let tail = state.tails.entry(header.stream).or_default();
            state.tree.push(placed.leaf);
            state.epoch = state.epoch.max(header.epoch);
            if header.seq <= tail.seq {
                continue; // The index knows it.
            }
            if header.seq != tail.seq + 1 {
                return Err("an entry does not follow its stream");
            }
            *tail = Tail { seq: header.seq, hash: entry::chain(&tail.hash, &placed.leaf) };
            let first = header.seq;
            lines.entry(header.stream).and_modify(|line| line.count += 1).or_insert(Location {
                segment,
                offset,
                first,
                count: 1,
            });
        }
        self.found.locations.add(lines);
        if self.pass() { Ok(()) } else { Err("the tree has another root than was recorded") }
    }

    /// Ticks off the milestones reached; `false` when one has another root.
    fn pass(&mut self) -> bool {
        let tree = &self.found.state.tree;
        let mut same = true;
        for milestone in &mut self.milestones {
            if milestone.size == tree.size() && !milestone.passed {
                milestone.passed = true;
                same &= milestone.root == tree.root();
            }
        }
        same
    }

    /// Something that is no good block: an unfinished write at the very end, or damage.
    fn wrong(
        &mut self,
        scan: &mut Scan,
        number: u64,
        at: u64,
        end: Option<u64>,
        what: &'static str,
    ) -> Result<bool, Error> {
        self.found.state.offset = at;
        let rest = scan.rest(at)?;
        let durable = self.found.state.tree.size() >= self.witness.size;
        if durable && end.is_none() && is_torn(&rest, at) && !scan.resync(at)? {
            self.found.torn = Some(rest);
            return Ok(true);
        }
        self.damaged(Damage::at(shown(number), at, what));
        Ok(false)
    }

    fn damaged(&mut self, damage: Damage) {
        let state = &mut self.found.state;
        let size = self.milestones.iter().map(|milestone| milestone.size).max().unwrap_or(0);
        if state.segment == 0 && state.tree.size() == 0 {
            state.tails.clear();
        }
        let places = (state.tree.size() < size).then(|| (state.tree.size(), size - 1));
        let damage = Damage { places, ..damage };
        self.found.reason = Some(Reason::Damaged { damage, streams: Vec::new() });
    }

    /// The log was read to its end: every milestone must have been passed.
    fn finish(&mut self) {
        let size = self.found.state.tree.size();
        let read = self.began..=size;
        let off = |milestone: &&Milestone| !milestone.passed && read.contains(&milestone.size);
        if size > 0 && self.milestones.iter().any(|milestone| off(&milestone)) {
            let file = shown(self.found.state.segment);
            let what = "no block ends where one did";
            return self.damaged(Damage::at(file, self.found.state.offset, what));
        }
        let far = self.milestones.iter().filter(|milestone| milestone.size > size);
        if let Some(milestone) = far.max_by_key(|milestone| milestone.size) {
            let (by, known) = (milestone.name, milestone.size);
            self.found.reason = Some(Reason::Missing { by, size, known, streams: Vec::new() });
        }
    }
}
