//! Sign-in by another server, against a real one: HTTP and HTTPS, honest, broken and hostile.

mod adapter;
mod addresses;
mod answers;
mod deliveries;
mod outages;
mod secrecy;
mod server;
mod services;
mod tls;
