//! Facts about policies on their way into the log.

use std::sync::{Arc, OnceLock};

use convoke_engine::{Directory, Wish};
use convoke_model::policy::Decided;
use convoke_model::site::scripts::Command;
use convoke_model::{Actor, site};
use convoke_plugins::rhai::{Kept, Sink};

use crate::engine::wish;
use crate::worker::Cores;

/// The site's stream. The cores come later: they ask policies themselves.
pub struct LogSink {
    cores: OnceLock<Arc<Cores>>,
    directory: Arc<Directory>,
}

impl LogSink {
    /// A way that leads nowhere yet.
    #[must_use]
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { cores: OnceLock::new(), directory }
    }

    /// Where it leads.
    pub fn connect(&self, cores: Arc<Cores>) {
        // It is connected once, by whoever made it.
        let _ = self.cores.set(cores);
    }

    async fn keep(&self, command: site::Command) -> Result<(), String> {
        let Some(cores) = self.cores.get() else {
            return Err("the engine has not started".to_owned());
        };
        let granted = wish(cores, None, Actor::Server, Wish::Site(command)).await;
        granted.map(drop).map_err(|error| error.to_string())
    }
}

impl Sink for LogSink {
    fn loaded(&self, wish: Command) -> Kept<'_, u32> {
        Box::pin(async move {
            self.keep(site::Command::Scripts(wish)).await?;
            Ok(self.directory.scripts(site::scripts::Scripts::version))
        })
    }

    fn decided(&self, decided: Decided) -> Kept<'_, ()> {
        Box::pin(self.keep(site::Command::Policy(Box::new(decided))))
    }
}
