//! Lanes: append-only rings of ready-to-send frames with one writer and any number of readers.
//!
//! A [`Lane`] holds complete WebSocket frames, contiguous in fixed chunks, so that everything
//! between a reader's position and the head leaves in one write call, whatever the number of
//! messages. A reader is a `u64` kept by the caller: it costs the lane nothing, and the writer
//! never waits for it. Chunks are dropped when the lane is trimmed and used again once no thread's
//! pin is older than the drop. Chunks are places of a file in memory, so that what many readers get
//! can be lent to their sockets instead of copied ([`Span::lend`]). This crate knows nothing of
//! meetings; it is the only one that may use `unsafe`.
//!
//! ```
//! use convoke_fanout::{LaneLimits, Pool, PoolLimits, frame};
//!
//! let pool = Pool::new(PoolLimits::default());
//! let (mut writer, lane) = pool.lane(LaneLimits { bytes_max: 1 << 20 });
//! let mut slot = pool.pin_slot().expect("fewer than 64 threads read");
//!
//! let mut position = lane.head();
//! let (header, header_len) = frame::header(5);
//! writer.append(&[&header[..header_len], b"hello"]).expect("the pool has room");
//!
//! let pin = slot.pin();
//! let span = lane.read(position, &pin).expect("the reader is not overrun");
//! assert_eq!(span.slices().flatten().count(), 7);
//! position = span.end();
//! assert_eq!(position, lane.head());
//! ```

mod chunk;
pub mod frame;
mod lane;
mod memory;
mod pins;
mod pool;
mod span;
mod sync;
mod wakeup;
mod writer;

pub use chunk::CHUNK_BYTES;
pub use lane::{Lane, LaneLimits, Overrun};
pub use memory::FileRange;
pub use pins::{PINS_MAX, PinGuard, PinSlot};
pub use pool::{Pool, PoolLimits};
pub use span::{Slices, Span};
pub use wakeup::Wakeup;
pub use writer::{AppendError, LaneWriter};
