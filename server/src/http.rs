//! The control plane: pages, JSON calls, legacy doors, and the hand-over of WebSockets.

mod api;
mod assets;
mod body;
mod boot;
mod cookies;
mod downloader;
mod first_line;
mod headers;
mod health;
mod join;
mod listener;
mod meetings;
mod origin;
mod pages;
mod patience;
mod pending;
mod quarantine;
mod refusal;
mod routes;
mod scrub;
mod setup;
mod sign_in;
mod site;
mod slots;
mod socket;
mod stack;
mod stream;
mod viewer;

pub use headers::Surface;
pub use listener::{BindError, Listener};
pub use patience::Patience;
pub use routes::routes;
pub use site::{Parts, Site};
pub use slots::{Slot, Slots};
pub use socket::{Handover, UpgradedSocket};
