//! refusal
pub enum Refusal {}
