//! What the peer servers and the load client share: the HTTP upgrade and WebSocket frames.

pub mod frame;
pub mod upgrade;
