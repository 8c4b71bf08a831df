//! The chain of facts as somebody who acts holds it, and the receipts compared with it.

use std::collections::{BTreeMap, VecDeque};

use convoke_wire::Hash;
use convoke_wire::half::client::ClientHalf;
use convoke_wire::message::Receipt;

use crate::measure::Totals;

/// Chain hashes that are remembered for receipts that come after their facts.
const HASHES_MAX: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Receipts {
    hashes: VecDeque<(u64, Hash)>,
    waiting: BTreeMap<u64, Hash>,
}

impl Receipts {
    /// Keeps the chain's hash at the newest fact, and compares the receipt that waits for it.
    pub(crate) fn remember(&mut self, half: &ClientHalf, totals: &mut Totals) {
        let (seq, hash) = (half.position().seq, half.hash());
        if let Some(receipt) = self.waiting.remove(&seq) {
            totals.receipts += 1;
            totals.receipts_wrong += u64::from(receipt != hash);
        }
        if self.hashes.len() == HASHES_MAX {
            self.hashes.pop_front();
        }
        self.hashes.push_back((seq, hash));
    }

    /// Takes in a receipt.
    pub(crate) fn take(&mut self, receipt: &Receipt, half: &ClientHalf, totals: &mut Totals) {
        let hash = receipt.hash;
        if receipt.seq > half.position().seq {
            self.waiting.insert(receipt.seq, hash);
        } else if let Some((_, known)) = self.hashes.iter().find(|(seq, _)| *seq == receipt.seq) {
            totals.receipts += 1;
            totals.receipts_wrong += u64::from(*known != hash);
        }
    }
}
