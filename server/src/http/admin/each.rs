//! Every account or meeting in turn, in runs: nobody else waits for long, and nothing is copied
//! that is not looked at next.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use convoke_model::{AccountId, MeetingId};

use crate::control::{Account, Meeting};
use crate::http::refusal::No;
use crate::http::site::Site;

/// How many come together.
const RUN: usize = 1_000;

/// How far it has been read.
#[derive(Default)]
pub(super) struct Each {
    account: Option<AccountId>,
    meeting: Option<MeetingId>,
}

impl Each {
    /// The next accounts, by number; nothing at the end.
    pub(super) async fn accounts(&mut self, site: &Site) -> Result<Option<Vec<Account>>, No> {
        let run = site.engine.accounts_after(self.account, RUN).await?;
        let Some(last) = run.last() else { return Ok(None) };
        self.account = Some(last.id);
        // Others have something to do too.
        tokio::task::yield_now().await;
        Ok(Some(run))
    }

    /// The next meetings, by number; nothing at the end.
    pub(super) async fn meetings(&mut self, site: &Site) -> Result<Option<Vec<Meeting>>, No> {
        let run = site.engine.meetings_after(self.meeting, RUN).await?;
        let Some(last) = run.last() else { return Ok(None) };
        self.meeting = Some(last.id);
        tokio::task::yield_now().await;
        Ok(Some(run))
    }
}

/// What accounts sign in with, looked up when it is asked for.
#[derive(Default)]
pub(super) struct Emails(BTreeMap<AccountId, String>);

impl Emails {
    /// Of this one; empty when there is none.
    pub(super) async fn of(&mut self, site: &Site, id: AccountId) -> Result<&str, No> {
        if let Entry::Vacant(vacant) = self.0.entry(id) {
            let found = site.engine.account(id).await?;
            vacant.insert(found.map(|account| account.email.to_string()).unwrap_or_default());
        }
        Ok(self.known(id))
    }

    /// Of one that was looked up.
    pub(super) fn known(&self, id: AccountId) -> &str {
        self.0.get(&id).map_or("", String::as_str)
    }
}
