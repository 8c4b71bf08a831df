//! Tests that break things on purpose, with counts as parameters: a few in CI, many by hand.

mod random;

pub use random::Random;
