//! What stands behind the doors: how the log and the engine are opened, copied and brought back.

use std::path::Path;
use std::sync::Arc;

use convoke_engine::Directory;
use convoke_plugins::rhai::Policies;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::control::Engine;
use crate::folder::Folder;
use crate::http::Handover;
use crate::metrics::Metrics;
use crate::policy::LateLibrary;
use crate::public::Known;
use crate::quarantine::Quarantine;
use crate::tickets::Tickets;

/// What a backend is opened with.
pub struct Opening<'a> {
    /// The data folder.
    pub folder: &'a Folder,
    /// The settings.
    pub config: &'a Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The tickets it redeems.
    pub tickets: Arc<Tickets>,
}

/// An opened log with an engine running on it.
pub struct Backend {
    /// For the control plane.
    pub engine: Arc<dyn Engine>,
    /// Takes over upgraded connections.
    pub handover: Arc<dyn Handover>,
    /// Becomes a reason when the log can no longer be written. The process then ends with 75 and
    /// its supervisor starts it again.
    pub failed: watch::Receiver<Option<String>>,
    /// Says goodbye to everybody, makes everything durable, and returns when that is done.
    pub stop: Box<dyn FnOnce() + Send>,
    /// Why nothing is taken, when the log is not whole.
    pub quarantine: Option<Quarantine>,
    /// The operator's scripts; not there in quarantine, nor for a single command.
    pub policies: Option<Scripts>,
    /// What public lists are made of; not there in quarantine.
    pub known: Option<Arc<dyn Known>>,
}

/// The operator's scripts, before they are loaded.
#[derive(Clone)]
pub struct Scripts {
    /// What is asked.
    pub policies: Arc<Policies>,
    /// Where their library is put.
    pub library: Arc<LateLibrary>,
    /// What is known of versions and their texts.
    pub directory: Arc<Directory>,
}

/// Why the folder could not be used, as a sentence a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(pub String);

/// The operations on a data folder that commands need.
#[derive(Clone, Copy)]
pub struct Operations {
    /// Opens the folder for use. Refuses when another process has it.
    pub open: fn(Opening<'_>) -> Result<Backend, BackendError>,
    /// Copies the log of a folder that no server uses into an empty or missing folder.
    pub backup: fn(&Folder, &Path) -> Result<(), BackendError>,
    /// Fills an empty or missing folder from a backup.
    pub restore: fn(&Path, &Path) -> Result<(), BackendError>,
    /// Accepts that the log is shorter than its witness says; gives the words to print.
    pub accept_loss: fn(&Folder) -> Result<String, BackendError>,
}
