//! What the tests of the whole share: the programs as a person starts them, clients without a
//! browser, and the simulation. The tests themselves lie in the folders beside this one.

pub mod client;
pub mod history;
pub mod program;
pub mod seat;
pub mod sim;
