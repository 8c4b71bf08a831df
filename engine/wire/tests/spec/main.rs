//! What the wire promises, held against its examples: folds, halves, hostile bytes, lists and schemas.

mod disk;
mod folds;
mod messages;
mod round_trip;
mod scene;
mod stories;
