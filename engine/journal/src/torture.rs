//! Tests that break things on purpose, with counts as parameters: a few in CI, many by hand.

mod faults;
mod flips;
mod kill9;
mod power;
mod random;
mod world;

pub use faults::{FaultTally, faults};
pub use flips::{FlipTally, flips};
pub use kill9::{KillTally, kill9, kill9_child};
pub use power::{PowerTally, power};
pub use random::Random;
