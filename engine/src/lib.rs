//! The engine: runs meetings. Takes wishes, decides them in turns, and publishes what became
//! durable. It owns no socket, no clock and no thread: the server steps it, and so do the tests.

pub mod ask;
pub mod catch_up;
pub mod directory;
pub mod lanes;
pub mod limits;
pub mod pen;
pub mod policies;
pub mod recovery;
mod seats;
pub mod session;
pub mod shard;

pub use ask::{Answer, Ask, Call, ReplyTo, Wish};
pub use directory::Directory;
pub use limits::Limits;
pub use session::LiveSession;
pub use shard::{Batch, Effect, Shard, TurnId};
