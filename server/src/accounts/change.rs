//! Accounts made and changed, their passwords above all.

use convoke_model::site::accounts::Command;
use convoke_model::{Actor, Refusal};

use super::{AccountError, Accounts, Attempt, Strength, normal_password, refused, rules};
use crate::control::{Account, EngineError, NewAccount};
use crate::vault::SecretOf;

impl Accounts {
    /// Adds an account and sets its password.
    ///
    /// The fact comes first and the material second, because the number under which the material
    /// lies is given by the fact. An account whose material never came (a crash between the two)
    /// cannot sign in, and gets it by being added again.
    ///
    /// # Errors
    /// A weak password, `taken`, `setup_done`, `busy`; faults.
    pub async fn add(&self, new: NewAccount, password: &str) -> Result<Account, AccountError> {
        let password = normal_password(password);
        rules::check(&password, rules::ALONE, &[new.email.as_str(), new.name.as_str()])
            .map_err(AccountError::Refused)?;
        let material = self.hasher.hash(password, strength(new.administrator)).await?;
        let id = match self.engine.add_account(new.clone()).await {
            Ok(id) => id,
            Err(EngineError::Refused(Refusal::Taken)) => self.without_material(&new).await?.id,
            Err(error) => return Err(error.into()),
        };
        self.vault.put(SecretOf::Account(id), &material)?;
        self.record(Command::ChangePassword { account: id }).await?;
        let account = self.engine.account(id).await?;
        account.ok_or_else(|| AccountError::Fault("an account just made is not there".to_owned()))
    }

    async fn without_material(&self, new: &NewAccount) -> Result<Account, AccountError> {
        let taken = AccountError::Refused(Refusal::Taken);
        let Some(account) = self.engine.account_by_email(&new.email).await? else {
            return Err(taken);
        };
        let bare =
            account.external.is_none() && self.vault.get(SecretOf::Account(account.id))?.is_none();
        if bare && account.administers() == new.administrator { Ok(account) } else { Err(taken) }
    }

    /// Replaces a password by its owner's hand. The account's other sign-ins are for the caller to
    /// end.
    ///
    /// # Errors
    /// `password_wrong`, a weak new one, `kept_elsewhere`; waits; faults.
    pub async fn change_password(
        &self,
        account: &Account,
        old: &str,
        new: &str,
        attempt: &Attempt,
    ) -> Result<(), AccountError> {
        self.confirm_password(account, old, attempt).await?;
        let material = self.hashed(account, new).await?;
        // A link that somebody asked for before would bring the password back under their control.
        self.vault.remove(SecretOf::Reset(account.id))?;
        self.set_password(account, &material).await
    }

    /// Whether somebody who is signed in knows the password still: asked before what a stranger at
    /// an open browser must not do. Wrong ones count like failed sign-ins.
    pub(super) async fn confirm_password(
        &self,
        account: &Account,
        password: &str,
        attempt: &Attempt,
    ) -> Result<(), AccountError> {
        if account.external.is_some() {
            return refused(Refusal::KeptElsewhere);
        }
        let email = account.email.as_str();
        self.may_try(email, attempt)?;
        if !self.fits(Some(account), password).await? {
            self.failed(email, attempt).await?;
            return refused(Refusal::PasswordWrong);
        }
        self.backoff.succeeded(&self.row(email, attempt));
        Ok(())
    }

    /// What the vault would hold for a new password, if it is a good one.
    pub(super) async fn hashed(
        &self,
        account: &Account,
        password: &str,
    ) -> Result<Vec<u8>, AccountError> {
        let password = normal_password(password);
        let least = if account.codes { rules::WITH_CODES } else { rules::ALONE };
        rules::check(&password, least, &[account.email.as_str(), account.name.as_str()])
            .map_err(AccountError::Refused)?;
        Ok(self.hasher.hash(password, strength(account.administers())).await?)
    }

    pub(super) async fn set_password(
        &self,
        account: &Account,
        material: &[u8],
    ) -> Result<(), AccountError> {
        self.vault.put(SecretOf::Account(account.id), material)?;
        self.halves.end_all_of(account.id);
        self.record_by(account.id, Command::ChangePassword { account: account.id }).await
    }

    /// Changes an account by its owner's or an administrator's hand.
    ///
    /// # Errors
    /// What the rules refuse; when the log takes nothing.
    pub async fn change(&self, by: Actor, command: Command) -> Result<(), AccountError> {
        self.record_as(by, command).await
    }

    /// Turns codes off for somebody who has lost app and recovery codes.
    ///
    /// # Errors
    /// When the log takes nothing; faults of the vault.
    pub async fn drop_codes(&self, account: &Account, by: Actor) -> Result<(), AccountError> {
        self.record_as(by, Command::TurnCodesOff { account: account.id }).await?;
        self.vault.remove(SecretOf::Codes(account.id))?;
        self.sessions.end_all_of(account.id);
        self.halves.end_all_of(account.id);
        Ok(())
    }
}

fn strength(administrator: bool) -> Strength {
    if administrator { Strength::Administrator } else { Strength::Everybody }
}
