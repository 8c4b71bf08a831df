//! The control plane over real sockets: what callers get, and what they do not.

mod doors {
    pub(crate) mod client;
    pub(crate) mod dice;
    pub(crate) mod line;
    pub(crate) mod memory;
    pub(crate) mod world;

    mod accounts;
    mod admin;
    mod canary;
    mod codes;
    mod commands;
    mod connections;
    mod connections_in_force;
    mod dates;
    mod elsewhere;
    mod forged;
    mod headers;
    mod injected;
    mod installs;
    mod key_commands;
    mod key_scopes;
    mod keys;
    mod legacy;
    mod legacy_meetings;
    mod letter_limit;
    mod letters;
    mod limits;
    mod lockout;
    mod me;
    mod meetings;
    mod openapi;
    mod outside;
    mod outside_files;
    mod people;
    mod policy_sign_in;
    mod privileges;
    mod program;
    mod proxies;
    mod quarantine;
    mod redirects;
    mod resets;
    mod same_site;
    mod scheduling;
    mod smuggled;
    mod sockets;
    mod tls;
    mod watching;
}
