//! Public lists, and the console's long tables, over real sockets, on a real log, with real
//! scripts.

#[path = "doors/client.rs"]
#[expect(dead_code, reason = "pages that start from a boot block are not tested here")]
mod client;
#[path = "public/guarded.rs"]
mod guarded;
#[path = "public/kept.rs"]
mod kept;
#[path = "public/listed.rs"]
mod listed;
#[path = "public/past.rs"]
mod past;
#[path = "public/stage.rs"]
mod stage;
#[path = "public/tables.rs"]
mod tables;
#[path = "public/valid.rs"]
mod valid;
