//! The clerk: does what commands ask of a running server, or of a folder opened for one command.

mod accounts;
mod calls;
mod groups;
mod keys;
mod policies;

use std::sync::Arc;

use convoke_model::Refusal;
use convoke_model::site::accounts::Email;
use convoke_model::text::Name;

use crate::accounts::{AccountError, Accounts};
use crate::backup;
use crate::control::{Engine, EngineError, NewAccount};
use crate::control_socket::{Answer, Call};
use crate::folder::Folder;
use crate::policy::Desk;

pub use calls::{AccountCall, AccountChange, GroupCall, KeyCall};

/// Who does what is wished.
#[derive(Clone)]
pub struct Clerk {
    /// Passwords and accounts.
    pub accounts: Arc<Accounts>,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The data folder.
    pub folder: Folder,
    /// Where people reach the server, while one runs.
    pub address: Option<String>,
    /// The operator's scripts, while a server runs.
    pub policies: Option<Arc<Desk>>,
}

/// What was done, as a line to print; or why it was not, as a sentence to act on.
type Done = Result<String, String>;

impl Clerk {
    /// Does what is wished.
    pub async fn answer(&self, call: Call) -> Answer {
        let done = match call {
            Call::AccountAdd { email, name, administrator, password } => {
                self.add(&email, &name, administrator, &password).await
            }
            Call::Account(call) => self.account(call).await,
            Call::Group(call) => self.group(call).await,
            Call::Key(call) => self.key(call).await,
            Call::AuthExplain { name, password } => self.explain(&name, password).await,
            Call::PolicyLoad {} => self.policy_load().await,
            Call::PolicyStatus {} => self.policy_status(),
            Call::PolicyRollback { to } => self.policy_rollback(to).await,
            Call::PolicyAsk { hook, question } => self.policy_ask(hook, question).await,
            Call::Backup { to } => {
                return match self.engine.backup(&to).await {
                    Err(error) => Answer::Refused(error.to_string()),
                    Ok(()) => backup::answer(backup::keep_secrets(&self.folder, &to), &to),
                };
            }
        };
        match done {
            Ok(words) => Answer::Done(words),
            Err(why) => Answer::Refused(why),
        }
    }

    async fn add(&self, email: &str, name: &str, administrator: bool, password: &str) -> Done {
        let email = email_of(email)?;
        let name = Name::new(name).map_err(|_| said(Refusal::NameInvalid))?;
        let new = NewAccount { email, name, administrator, first: false };
        match self.accounts.add(new, password).await {
            Ok(account) => Ok(format!("Account {} added.", account.email)),
            Err(AccountError::Refused(Refusal::Taken)) => {
                Err("There is an account with that e-mail address already.".to_owned())
            }
            Err(error) => Err(of_accounts(error)),
        }
    }
}

fn email_of(typed: &str) -> Result<Email, String> {
    Email::new(typed).ok_or_else(|| said(Refusal::EmailInvalid))
}

fn said(refusal: Refusal) -> String {
    refusal.sentence().to_owned()
}

fn of_accounts(error: AccountError) -> String {
    match error {
        AccountError::Refused(refusal) => said(refusal),
        AccountError::Slow(_) => said(Refusal::Busy),
        AccountError::Denied(reason) => reason,
        AccountError::Fault(reason) | AccountError::Unavailable(reason) => reason,
    }
}

fn of_engine(error: EngineError) -> String {
    error.to_string()
}
