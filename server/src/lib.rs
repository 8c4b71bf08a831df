//! The server: listens, keeps the time and the secrets, and decides nothing about a meeting.

pub mod accounts;
pub mod clock;
pub mod config;
pub mod control;
pub mod entropy;
pub mod folder;
pub mod http;
pub mod invitation;
pub mod limits;
pub mod say;
pub mod tickets;
pub mod tls;
pub mod vault;
