//! Who delivers letters now: what the settings file says, else what administrators set while we
//! run.

use std::sync::{Arc, PoisonError, RwLock};

use convoke_model::site::accounts::Email;

use super::{Delivering, Letter, Mail};

/// Delivers by whoever is set at the moment.
pub struct Switched {
    file: Arc<dyn Mail>,
    set: RwLock<Option<Arc<dyn Mail>>>,
}

impl Switched {
    /// By what the settings file says; by nobody when it says nothing.
    #[must_use]
    pub fn new(file: Arc<dyn Mail>) -> Self {
        Self { file, set: RwLock::default() }
    }

    /// Whether the settings file says who delivers: then nobody else does.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        self.file.is_set_up()
    }

    /// From now on by this one. Letters that wait at the one before are still delivered by it.
    pub fn switch(&self, to: Option<Arc<dyn Mail>>) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = to;
    }

    fn now(&self) -> Arc<dyn Mail> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        let set = set.as_ref().filter(|_| !self.is_in_file());
        Arc::clone(set.unwrap_or(&self.file))
    }
}

impl Mail for Switched {
    fn is_set_up(&self) -> bool {
        self.now().is_set_up()
    }

    fn send(&self, to: &Email, letter: Letter) -> bool {
        self.now().send(to, letter)
    }

    fn deliver<'a>(&'a self, to: &'a Email, letter: &'a Letter) -> Delivering<'a> {
        Box::pin(async move { self.now().deliver(to, letter).await })
    }
}
