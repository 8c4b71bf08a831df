//! Telephone bridges over real sockets, with a real engine behind them.

mod bridges {
    mod agi;
    pub(crate) mod client;
    mod dialects;
    mod doors;
    mod kamailio;
    pub(crate) mod program;
    mod roster;
    pub(crate) mod world;
}
