//! The node's tree: RFC 6962 over all leaves of the log in node order, kept as its peaks.

use convoke_wire::{Hash, digest};

/// The root of a tree without leaves, SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    digest::of(&[])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    digest::of(&[&[1], left, right])
}

/// A tree that only grows: its size and the roots of its perfect subtrees, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// A tree from what was stored of it; `None` when the peaks do not fit the size.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    /// Adds one leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut top = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().unwrap_or_default();
            top = node(&left, &top);
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(&last) = peaks.next() else { return empty_root() };
        peaks.fold(last, |right, left| node(left, &right))
    }
}

/// Leaves left of the split of a tree of `size` leaves: the largest power of two below it.
fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The proof that the leaves at `kept` (sorted, no doubles) belong to the tree over `leaves`: roots
/// of the largest subtrees without any of them, from left to right.
#[must_use]
pub fn proof(leaves: &[Hash], kept: &[u64]) -> Vec<Hash> {
    fn walk(leaves: &[Hash], first: u64, kept: &[u64], out: &mut Vec<Hash>) {
        if kept.is_empty() {
            let mut tree = Tree::default();
            leaves.iter().for_each(|&leaf| tree.push(leaf));
            out.push(tree.root());
        } else if leaves.len() > 1 {
            let left = split(leaves.len() as u64);
            let cut = kept.partition_point(|&at| at < first + left);
            walk(&leaves[..left as usize], first, &kept[..cut], out);
            walk(&leaves[left as usize..], first + left, &kept[cut..], out);
        }
    }
    let mut out = Vec::new();
    walk(leaves, 0, kept, &mut out);
    out
}

/// The root of a tree of `size` leaves of which only `kept` (sorted by place) are at hand, with the
/// `proof` for the rest. `None` when the proof has too few or too many hashes, or a place is
/// outside.
#[must_use]
pub fn root_with_proof(size: u64, kept: &[(u64, Hash)], proof: &[Hash]) -> Option<Hash> {
    fn walk(first: u64, size: u64, kept: &[(u64, Hash)], proof: &mut &[Hash]) -> Option<Hash> {
        if kept.is_empty() {
            let (&hash, rest) = proof.split_first()?;
            *proof = rest;
            return Some(hash);
        }
        if size == 1 {
            return (kept.len() == 1 && kept[0].0 == first).then_some(kept[0].1);
        }
        let left = split(size);
        let cut = kept.partition_point(|&(at, _)| at < first + left);
        let a = walk(first, left, &kept[..cut], proof)?;
        let b = walk(first + left, size - left, &kept[cut..], proof)?;
        Some(node(&a, &b))
    }
    if size == 0 {
        return (kept.is_empty() && proof.is_empty()).then(empty_root);
    }
    let mut rest = proof;
    let root = walk(0, size, kept, &mut rest)?;
    rest.is_empty().then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_wire::entry;

    /// RFC 6962 section 2.1 as it is written there, to compare with.
    fn plain(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (a, b) = leaves.split_at(split(leaves.len() as u64) as usize);
                node(&plain(a), &plain(b))
            }
        }
    }

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|n| entry::leaf(&[n])).collect()
    }

    #[test]
    fn the_growing_tree_has_the_root_of_the_rfc() {
        let leaves = leaves(70);
        let mut tree = Tree::default();
        for count in 0..leaves.len() {
            assert_eq!(tree.root(), plain(&leaves[..count]), "{count} leaves");
            let again =
                Tree::from_peaks(tree.size(), tree.peaks().to_vec()).expect("its own peaks");
            assert_eq!(again, tree);
            tree.push(leaves[count]);
        }
    }

    #[test]
    fn the_root_of_a_known_tree() {
        // The first vectors of the certificate-transparency test suite.
        let mut tree = Tree::default();
        tree.push(entry::leaf(&[]));
        tree.push(entry::leaf(&[0]));
        let root = crate::bytes::hex(&tree.root());
        assert_eq!(root, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }

    #[test]
    fn a_proof_holds_for_its_leaves_only() {
        for count in 1..20_u8 {
            let leaves = leaves(count);
            for mask in 1..64_u64 {
                let kept: Vec<u64> =
                    (0..u64::from(count)).filter(|n| mask >> (n % 6) & 1 == 1).collect();
                let proof = proof(&leaves, &kept);
                let mut with: Vec<_> = kept.iter().map(|&n| (n, leaves[n as usize])).collect();
                let size = u64::from(count);
                assert_eq!(root_with_proof(size, &with, &proof), Some(plain(&leaves)));
                if let Some(first) = with.first_mut() {
                    first.1[0] ^= 1;
                    assert_ne!(root_with_proof(size, &with, &proof), Some(plain(&leaves)));
                }
            }
        }
    }
}
