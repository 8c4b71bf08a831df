//! What a meeting is: its wishes, its facts, its state and its rules. Pure: told the time, never
//! asks.

pub mod grant;
pub mod id;
pub mod meeting;
pub mod policy;
pub mod privilege;
pub mod record;
pub mod refusal;
pub mod site;
pub mod text;
pub mod view;

pub use id::{AccountId, ApiKeyId, ClientId, GroupId, MeetingId, Millis, ParticipantId};
pub use id::{Position, SessionNumber, StreamId, TrackId, WebhookId};
pub use record::{Actor, Audience, Proposal, Record};
pub use refusal::Refusal;
