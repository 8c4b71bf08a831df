//! What the wire promises, held against its examples: folds, halves, hostile bytes, lists and
//! schemas.

mod account_answer;
mod client;
mod disk;
mod examples;
mod folds;
mod messages;
mod mutations;
mod other_streams;
mod page;
mod round_trip;
mod scene;
mod schema;
mod server;
mod stories;
