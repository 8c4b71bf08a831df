//! Rates: who may try how often. Everything here is told the time and keeps a bounded number of
//! keys.

mod backoff;
mod bucket;
mod door;
mod guesses;
mod tally;

pub use backoff::Backoff;
pub use bucket::{Buckets, Rate};
pub use door::{Door, Slow, by_customer};
pub use guesses::Guesses;
pub use tally::Tally;

/// Keys remembered by one limiter. Beyond it those that are least in debt are forgotten first.
const KEYS_MAX: usize = 65_536;
