//! What a shard is asked, and what it answers.

use convoke_model::meeting::{self, life};
use convoke_model::policy::Decided;
use convoke_model::{
    AccountId, Actor, ClientId, MeetingId, Position, Refusal, SessionNumber, site,
};
use convoke_wire::Hash;

/// Who waits for the answer.
pub enum ReplyTo {
    /// A connection of the shard's own core, by a number that the core gives its connections, and
    /// the request's number.
    Connection(u64, u64),
    /// Somebody on another thread.
    Call(Call),
    /// Nobody: the server's own wishes.
    Nobody,
}

/// An answer given on the shard's thread to somebody who waits on another one.
pub struct Call(Box<dyn FnOnce(Result<Answer, Refusal>) + Send>);

impl Call {
    /// Calls `then` with the answer, on the shard's thread: it must not block.
    pub fn new(then: impl FnOnce(Result<Answer, Refusal>) + Send + 'static) -> Self {
        Self(Box::new(then))
    }

    /// Gives the answer.
    pub fn give(self, answer: Result<Answer, Refusal>) {
        (self.0)(answer);
    }
}

/// A wish with its author: what goes into a shard's inbox.
pub struct Ask {
    /// Who waits for the answer.
    pub reply: ReplyTo,
    /// Who wishes it.
    pub by: Actor,
    /// The client's request, for dedupe.
    pub request: Option<(ClientId, u64)>,
    /// What is wished.
    pub wish: Wish,
}

impl Ask {
    /// A wish of the server itself that nobody waits for.
    #[must_use]
    pub fn server(wish: Wish) -> Self {
        Self { reply: ReplyTo::Nobody, by: Actor::Server, request: None, wish }
    }
}

/// A wish and what it is about.
pub enum Wish {
    /// About the site; only the shard that owns the site stream takes it.
    Site(site::Command),
    /// A new meeting.
    Create(Box<life::Creation>),
    /// About a meeting that is there: its plan, its owner.
    Life(MeetingId, Box<life::Command>),
    /// Open a session of a meeting, or find the one that is open.
    Open {
        /// Which meeting.
        meeting: MeetingId,
        /// Who opens it.
        host: AccountId,
        /// How many people may be in it at once.
        participants_max: u32,
        /// The `record` policy's decision.
        record: Box<Decided>,
    },
    /// About an open session.
    Session(MeetingId, SessionNumber, meeting::Command),
}

/// What became of a granted wish. Everything it speaks of is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Last fact of the wish in its stream, or the stream's tail when it needed none.
    pub position: Position,
    /// The stream's hash there.
    pub hash: Hash,
    /// The number of what was made: an account, a session, a participant, a track; 0 for none.
    pub made: u32,
}
