//! Who signs in: the `authenticate` policy says where the operator set one, else the accounts of
//! this server. Every way in asks here.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_model::Refusal;
use convoke_model::policy::{Decided, Hook, Value, Verdict, authenticate};
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::{Email, External, Profile, Via};
use convoke_model::text::{ForeignId, Name, Source, Zone};
use convoke_plugins::rhai::{Policies, Secret};
use zeroize::Zeroizing;

use crate::accounts::{AccountError, Accounts, Attempt};
use crate::control::Account;

/// Checks who signs in.
pub struct SignIns {
    accounts: Arc<Accounts>,
    policies: Option<Arc<Policies>>,
}

impl SignIns {
    /// Puts the parts together. Without policies there are only the accounts of this server.
    #[must_use]
    pub fn new(accounts: Arc<Accounts>, policies: Option<Arc<Policies>>) -> Self {
        Self { accounts, policies }
    }

    /// Checks what somebody typed: whose account it is. That they signed in is for
    /// [`Accounts::signed_in`] to say, after the code where one is owed.
    ///
    /// # Errors
    /// Those of [`Accounts::verify`]; `Denied` with the words of the policy.
    pub async fn verify(
        &self,
        typed: &str,
        password: &str,
        attempt: &Attempt,
    ) -> Result<Account, AccountError> {
        let live = |policies: &&Arc<Policies>| policies.is_live(Hook::Authenticate);
        let Some(policies) = self.policies.as_ref().filter(live) else {
            return self.accounts.verify(typed, password, attempt).await;
        };
        self.accounts.may_try(typed, attempt)?;
        let question = authenticate::Question {
            identity: typed.trim().to_owned(),
            has_secret: !password.is_empty(),
            address: attempt.from.to_canonical().to_string(),
            via: match attempt.via {
                Via::Page | Via::Setup => authenticate::Via::Page,
                Via::Legacy => authenticate::Via::Downloader,
            },
        };
        let secret = match password {
            "" => Secret::none(),
            typed => Secret::new(Zeroizing::new(typed.to_owned())),
        };
        let decided = policies.authenticate(question, secret).await;
        let decided = decided.map_err(AccountError::Unavailable)?;
        match &decided.verdict {
            Verdict::Authenticate(authenticate::Verdict::Allow { profile, privileges }) => {
                self.allowed(typed, attempt, &decided, profile, privileges).await
            }
            Verdict::Authenticate(authenticate::Verdict::Deny { reason }) => {
                self.denied((typed, password), attempt, &decided, reason.as_str()).await
            }
            other => Err(AccountError::Fault(format!("{other:?} is no answer to a sign-in"))),
        }
    }

    /// The account of somebody who may sign in: one of this server whose password was compared, or
    /// that of a person whom another place knows, made or refreshed now.
    async fn allowed(
        &self,
        typed: &str,
        attempt: &Attempt,
        decided: &Decided,
        profile: &authenticate::Profile,
        privileges: &BTreeSet<Privilege>,
    ) -> Result<Account, AccountError> {
        let account = if let Some(email) = verified_here(decided, profile) {
            let found = self.accounts.find(email).await?;
            found.ok_or(AccountError::Refused(Refusal::SignInFailed))?
        } else {
            let (mut profile, address) = known(typed, decided, profile, privileges)?;
            if address == Told::Nothing
                && let Some(before) = self.accounts.known_as(&profile.external).await?
            {
                // A name that was typed this time is no reason to forget the address.
                profile.email = before.email;
            }
            match self.accounts.know(profile).await {
                Err(AccountError::Refused(Refusal::Taken)) => {
                    return Err(AccountError::Denied(OTHERS_ADDRESS.to_owned()));
                }
                known => known?,
            }
        };
        self.accounts.succeeded(typed, attempt);
        self.accounts.met(typed, attempt);
        Ok(account)
    }

    /// Nobody is let in, but a local administrator with the right password: a policy that fails, or
    /// a directory that is down, must not lock out whoever has to mend it.
    ///
    /// The same work is done whoever was typed, so that the time it takes tells nobody who
    /// administers.
    async fn denied(
        &self,
        (typed, password): (&str, &str),
        attempt: &Attempt,
        decided: &Decided,
        reason: &str,
    ) -> Result<Account, AccountError> {
        let found = self.accounts.find(typed).await?;
        let spare = found.filter(|found| found.external.is_none() && found.administers());
        // A script may have had the password compared already.
        let fits = match asked_here(decided).find(|(asked, _)| *asked == Some(typed.trim())) {
            Some((_, answer)) => fitted(answer),
            None => self.accounts.fits(spare.as_ref(), password).await?,
        };
        if !fits {
            self.accounts.failed(typed, attempt).await?;
        } else if spare.is_some() {
            tracing::warn!("the authenticate policy lets nobody in; a local administrator may");
            return self.accounts.verify(typed, password, attempt).await;
        }
        Err(AccountError::Denied(reason.to_owned()))
    }
}

/// What somebody is told whose address belongs to an account of this server.
const OTHERS_ADDRESS: &str =
    "That e-mail address belongs to another account of this server. Ask its administrator.";

/// The address of the account of this server that a script means, whose password was compared and
/// fitted.
fn verified_here<'a>(decided: &'a Decided, profile: &authenticate::Profile) -> Option<&'a str> {
    if profile.external_id.as_ref().is_some_and(|id| !id.trim().is_empty()) {
        return None;
    }
    let mut verified = asked_here(decided).filter_map(|(_, answer)| {
        let right = answer.get("ok") == Some(&Value::Bool(true));
        answer.get("profile")?.get("email").and_then(Value::text).filter(|_| right)
    });
    verified.find(|email| profile.email.as_ref().is_none_or(|meant| meant == email))
}

/// Whether the password was right, may the account sign in or not.
fn fitted(answer: &Value) -> bool {
    let but = [Refusal::AccountDisabled, Refusal::PasswordOutgrown].map(Refusal::code);
    let reason = answer.get("reason").and_then(Value::text);
    answer.get("ok") == Some(&Value::Bool(true)) || reason.is_some_and(|why| but.contains(&why))
}

fn asked_here(decided: &Decided) -> impl Iterator<Item = (Option<&str>, &Value)> {
    let asked = decided.evidence.iter().filter(|one| one.call == "local.verify");
    asked.map(|one| (one.arguments.first().and_then(Value::text), &one.answer))
}

/// Whether it is known how somebody is reached.
#[derive(PartialEq, Eq)]
enum Told {
    /// An address came with the sign-in.
    Address,
    /// None did: a stand-in that reaches nobody.
    Nothing,
}

/// What is kept of somebody whom another place knows.
fn known(
    typed: &str,
    decided: &Decided,
    profile: &authenticate::Profile,
    privileges: &BTreeSet<Privilege>,
) -> Result<(Profile, Told), AccountError> {
    let typed = typed.trim();
    let unusable = |what: &str| {
        tracing::warn!(what, policy = decided.policy, "a profile is not usable");
        AccountError::Denied(format!("Your {what} is not one that can be used here."))
    };
    // The script that let them in, `authenticate/ldap.rhai`, gives the place its name.
    let script = decided.script.as_ref().and_then(|script| script.path.rsplit('/').next());
    let source = script.map_or("policy", |file| file.trim_end_matches(".rhai"));
    let source = Source::new(source).map_err(|_| unusable("directory"))?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let id = given(&profile.external_id).unwrap_or_else(|| typed.to_lowercase());
    let id = ForeignId::new(&id).map_err(|_| unusable("user name"))?;
    let email = given(&profile.email).and_then(|email| Email::new(&email));
    let (email, told) = match email.or_else(|| Email::new(typed)) {
        Some(email) => (email, Told::Address),
        None => {
            // A user name is no address. One under `.invalid` (RFC 2606) reaches nobody, and is
            // unique.
            let stand_in = Email::new(&format!("{typed}@{}.invalid", source.as_str()));
            (stand_in.ok_or_else(|| unusable("user name"))?, Told::Nothing)
        }
    };
    let name = given(&profile.name).and_then(|name| Name::new(&name).ok());
    let name = name.or_else(|| Name::new(typed).ok()).ok_or_else(|| unusable("name"))?;
    let privileges = privileges.iter().fold(Privileges::NONE, |all, one| all.with(*one));
    let zone = given(&profile.time_zone).and_then(|zone| Zone::new(&zone).ok());
    Ok((Profile { external: External { source, id }, email, name, privileges, zone }, told))
}
