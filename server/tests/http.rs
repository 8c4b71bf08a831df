//! The control plane over real sockets: what callers get, and what they do not.

mod doors {
    pub(crate) mod client;
    pub(crate) mod memory;
    pub(crate) mod world;

    mod accounts;
    mod commands;
    mod headers;
    mod legacy;
    mod limits;
    mod meetings;
    mod program;
    mod quarantine;
    mod same_site;
    mod sockets;
    mod tls;
}
