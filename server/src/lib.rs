//! The server: listens, keeps the time and the secrets, and decides nothing about a meeting.

pub mod accounts;
pub mod backend;
pub mod backup;
pub mod clock;
pub mod command;
pub mod config;
pub mod control;
pub mod control_socket;
pub mod engine;
pub mod entropy;
pub mod folder;
pub mod http;
pub mod invitation;
pub mod limits;
pub mod logging;
pub mod media;
pub mod plane;
pub mod process;
pub mod run;
pub mod say;
pub mod serve;
pub mod supervisor;
pub mod tickets;
pub mod tls;
pub mod vault;
pub mod worker;
