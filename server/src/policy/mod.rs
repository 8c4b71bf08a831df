//! The operator's policies: which scripts the settings name, when they are read again, and what the
//! console and the command line can do with them.

mod at_door;
pub mod commands;
pub mod decisions;
mod defaults;
mod library;
mod log_sink;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convoke_engine::Directory;
use convoke_model::policy::Hook;
use convoke_model::site::scripts::{Loaded, Scripts};
use convoke_plugins::rhai::{Book, Loading, Names, Policies};

use crate::config::PolicySettings;
use crate::folder::Folder;

pub use at_door::AtTheDoor;
pub use defaults::defaults;
pub use library::{LateLibrary, ServerLibrary};
pub use log_sink::LogSink;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where the scripts are, and which answer.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The folder, with one folder per hook.
    pub folder: PathBuf,
    /// Scripts whose verdicts hold.
    pub live: Names,
    /// Scripts on trial.
    pub trial: Names,
}

impl Chosen {
    /// As the settings say.
    #[must_use]
    pub fn of(settings: &PolicySettings, data: &Path) -> Self {
        let folder = settings.scripts.clone().unwrap_or_else(|| data.join("scripts"));
        Self { folder, live: settings.live.names(), trial: settings.trial.names() }
    }

    /// Reads the scripts.
    ///
    /// # Errors
    /// Naming the file.
    pub fn read(&self) -> Result<Book, convoke_plugins::rhai::BookError> {
        Book::read(&self.folder, &self.live, &self.trial)
    }

    /// Whether no script is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.values().chain(self.trial.values()).all(Vec::is_empty)
    }
}

/// The policies of a running server, with the files that they come from.
pub struct Desk {
    policies: Arc<Policies>,
    directory: Arc<Directory>,
    chosen: Chosen,
    /// What the files held when they were last looked at.
    seen: Mutex<Option<Book>>,
    /// Why what they hold does not answer.
    refused: Mutex<Option<String>>,
}

impl Desk {
    /// For the settings of a server.
    #[must_use]
    pub fn new(
        policies: Arc<Policies>,
        directory: Arc<Directory>,
        settings: &PolicySettings,
        folder: &Folder,
    ) -> Self {
        let chosen = Chosen::of(settings, folder.root());
        Self { policies, directory, chosen, seen: Mutex::default(), refused: Mutex::default() }
    }

    /// What answers.
    #[must_use]
    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// What is known of versions and their texts.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Lets the version of the files in before anybody is served. When it is refused, the one that
    /// answered last goes on; when there is none, the server does not start.
    ///
    /// # Errors
    /// Why the files were refused.
    pub async fn start(&self) -> Result<(), String> {
        let loaded = |scripts: &Scripts| scripts.loaded(scripts.version()).cloned();
        let before = self.directory.scripts(loaded);
        if self.chosen.is_empty() && before.is_none_or(|before| before == Loaded::default()) {
            return Ok(());
        }
        // That no script is set any more is a fact too.
        let Err(refused) = self.load("start").await else { return Ok(()) };
        let last = self.directory.scripts(|scripts| {
            let loaded = scripts.loaded(scripts.version())?;
            Book::of_log(scripts, loaded).ok()
        });
        let Some(last) = last else { return Err(refused) };
        tracing::error!(refused, "the policies' files are refused; the last version goes on");
        self.policies.load(last, "start").await.map(drop).map_err(|error| error.to_string())
    }

    /// Lets the version of the files in.
    ///
    /// # Errors
    /// Why it was refused: file, line, column and reason. The one before it stays.
    pub async fn load(&self, cause: &str) -> Result<Loading, String> {
        let loaded = self.load_files(cause).await;
        self.note(loaded.as_ref().err().cloned());
        loaded
    }

    async fn load_files(&self, cause: &str) -> Result<Loading, String> {
        let book = self.chosen.read().map_err(|error| error.to_string())?;
        self.see(book.clone());
        self.policies.load(book, cause).await.map_err(|error| error.to_string())
    }

    /// Why the files as they are now do not answer, when they do not.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, refused: Option<String>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// Lets an earlier version in again, from the texts in the log. The files are not touched, and
    /// are not read again before one of them changes.
    ///
    /// # Errors
    /// When there is none, or it is refused.
    pub async fn roll_back(&self, to: Option<u32>) -> Result<Loading, String> {
        let now = self.policies.status().version;
        let to = match to {
            Some(to) => to,
            None => now.checked_sub(1).filter(|&to| to > 0).ok_or("there is no earlier version")?,
        };
        let book = self.directory.scripts(|scripts| match scripts.loaded(to) {
            Some(loaded) => Book::of_log(scripts, loaded).map_err(|error| error.to_string()),
            None => Err(format!("there was never a version {to}")),
        })?;
        self.policies.load(book, "rollback").await.map_err(|error| error.to_string())
    }

    /// Reads the files again and again, and lets a changed version in once it has stood still.
    pub async fn watch(self: Arc<Self>) {
        if self.chosen.is_empty() {
            return;
        }
        let (mut before, mut unreadable) = (None, None);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let chosen = self.chosen.clone();
            let read = match tokio::task::spawn_blocking(move || chosen.read()).await {
                Ok(read) => read,
                // The server is stopping.
                Err(_) => return,
            };
            let book = match read {
                Ok(book) => book,
                Err(refused) => {
                    // Said once, not every second.
                    if unreadable.replace(refused.clone()).as_ref() != Some(&refused) {
                        tracing::error!(%refused, "the policies' files cannot be read");
                        self.note(Some(refused.to_string()));
                    }
                    continue;
                }
            };
            if unreadable.take().is_some() {
                self.note(None);
            }
            // An editor may be in the middle of it: the same twice is a version.
            let still = before.replace(book.clone()).as_ref() == Some(&book);
            if !still || self.saw(&book) {
                continue;
            }
            match self.load("changed").await {
                Ok(loaded) => {
                    tracing::info!(version = loaded.version, cases = loaded.cases, "policies");
                }
                Err(refused) => tracing::error!(refused, "changed policies are refused"),
            }
        }
    }

    fn see(&self, book: Book) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(book);
    }

    fn saw(&self, book: &Book) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(book)
    }
}

/// Every script of a folder, whatever the settings say: for trying them out.
///
/// # Errors
/// Naming what cannot be read.
pub fn all_of(folder: &Path) -> Result<Book, String> {
    let mut names = BTreeMap::new();
    for hook in Hook::ALL {
        let Ok(entries) = std::fs::read_dir(folder.join(hook.word())) else { continue };
        let mut found: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name();
                name.to_str()?.strip_suffix(".rhai").map(str::to_owned)
            })
            .collect();
        found.sort_unstable();
        names.insert(hook, found);
    }
    let mut book = Book::default();
    for (hook, names) in names {
        // One at a time: a folder may hold more than one chain takes.
        for name in names {
            let one = BTreeMap::from([(hook, vec![name])]);
            let read = Book::read(folder, &one, &BTreeMap::new());
            let read = read.map_err(|error| error.to_string())?;
            book.live.entry(hook).or_default().extend(read.live.into_values().flatten());
        }
    }
    Ok(book)
}
