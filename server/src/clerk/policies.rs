//! Scripts at the command line: read again, shown, asked, and taken back.

use convoke_model::policy::{Hook, Value, authenticate};
use convoke_plugins::rhai::{Loading, Secret};

use zeroize::Zeroizing;

use super::{Clerk, Done, of_accounts};
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
        let desk = self.desk()?;
        Ok(commands::status(&desk.policies().status(), desk.refused().as_deref()))
    }

    pub(super) async fn policy_rollback(&self, to: Option<u32>) -> Done {
        loaded(self.desk()?.roll_back(to).await)
    }

    /// What would become of a sign-in, and on what evidence. Nobody is signed in by it.
    pub(super) async fn explain(&self, name: &str, password: Option<Zeroizing<String>>) -> Done {
        let policies = self.policies.as_deref().map(Desk::policies);
        let Some(policies) = policies.filter(|policies| policies.is_live(Hook::Authenticate))
        else {
            return self.explain_account(name, password).await;
        };
        let question = Value::map([
            ("identity", name.trim().into()),
            ("has_secret", password.is_some().into()),
            ("address", "127.0.0.1".into()),
            ("via", authenticate::Via::Command.word().into()),
        ]);
        let secret = password.map_or_else(Secret::none, Secret::new);
        let answered = policies.try_question(Hook::Authenticate, question, secret).await?;
        Ok(format!("the scripts of `authenticate`\n{}", commands::answered(&answered)))
    }

    async fn explain_account(&self, name: &str, password: Option<Zeroizing<String>>) -> Done {
        let said = "No script answers `authenticate`: the accounts of this server do.";
        let Some(account) = self.accounts.find(name).await.map_err(of_accounts)? else {
            return Ok(format!("{said}\naccount: none with that address"));
        };
        let state = if account.enabled { "switched on" } else { "switched off" };
        let kept = match &account.external {
            Some(external) => format!("known by {}, no password here", external.source.as_str()),
            None => "has a password here".to_owned(),
        };
        let mut said = format!("{said}\naccount: {}, {state}, {kept}", account.email);
        if let Some(password) = password {
            let fits = self.accounts.fits(Some(&account), &password).await.map_err(of_accounts)?;
            said.push_str(if fits { "\npassword: right" } else { "\npassword: wrong" });
        }
        said.push_str(&format!("\nprivileges: {}", account.privileges));
        Ok(said)
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
