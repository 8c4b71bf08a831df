//! Telephone bridges over real sockets, with a real engine behind them.

#[path = "doors/client.rs"]
mod client;

mod bridges {
    mod agi;
    mod dialects;
    mod doors;
    mod kamailio;
    pub(crate) mod program;
    mod roster;
    pub(crate) mod world;
}
