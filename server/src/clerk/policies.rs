//! Scripts at the command line: read again, shown, asked, and taken back.

use convoke_model::policy::{Hook, Value};
use convoke_plugins::rhai::{Loading, Secret};

use super::{Clerk, Done};
use crate::policy::{Desk, commands};

impl Clerk {
    fn desk(&self) -> Result<&Desk, String> {
        let none = || "This server runs no scripts: its log is not whole.".to_owned();
        self.policies.as_deref().ok_or_else(none)
    }

    pub(super) async fn policy_load(&self) -> Done {
        loaded(self.desk()?.load("load").await)
    }

    pub(super) fn policy_status(&self) -> Done {
        Ok(commands::status(&self.desk()?.policies().status()))
    }

    pub(super) async fn policy_rollback(&self, to: Option<u32>) -> Done {
        loaded(self.desk()?.roll_back(to).await)
    }

    pub(super) async fn policy_ask(&self, hook: Hook, question: Value) -> Done {
        let policies = self.desk()?.policies();
        let answered = policies.try_question(hook, question, Secret::none()).await?;
        Ok(commands::answered(&answered))
    }
}

fn loaded(loaded: Result<Loading, String>) -> Done {
    match loaded {
        Ok(Loading { version, changed: false, .. }) => {
            Ok(format!("Nothing changed: version {version} answers."))
        }
        Ok(Loading { version, cases, .. }) => {
            Ok(format!("Version {version} answers; {cases} cases came out as they say."))
        }
        Err(why) => Err(format!("{why}\nThe version before it stays.")),
    }
}
