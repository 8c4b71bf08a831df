//! What the tests of the whole share: the programs as a person starts them, and clients without a
//! browser. The tests themselves lie in the folders beside this one.

pub mod client;
pub mod program;
