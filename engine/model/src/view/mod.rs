//! Facts to answers: pure folds of records.

pub mod session;
