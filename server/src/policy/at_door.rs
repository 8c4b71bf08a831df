//! Scripts asked from a core's thread: the question goes to the control plane, and the thread goes
//! on.

use std::sync::Arc;

use convoke_model::policy::{Admit, Decided, Hook, Question};
use convoke_plugins::rhai::{Policies, Secret};
use tokio::runtime::Handle;

use crate::worker::AtDoor;

/// The `admit` hook for cores.
pub struct AtTheDoor {
    /// What answers.
    pub policies: Arc<Policies>,
    /// Where it is waited for.
    pub runtime: Handle,
}

impl AtDoor for AtTheDoor {
    fn is_set(&self) -> bool {
        self.policies.is_set(Hook::Admit)
    }

    fn ask(&self, question: Admit, then: Box<dyn FnOnce(Decided) + Send>) {
        let policies = self.policies.clone();
        self.runtime.spawn(async move {
            then(policies.decide(Question::Admit(question), Secret::none()).await);
        });
    }
}
