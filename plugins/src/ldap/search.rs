//! Questions to a directory: exactly one entry, or a bounded list of them, page by page.

use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapError, Scope, SearchEntry, SearchOptions};

use super::entry::Entry;
use super::settings::SearchScope;
use super::verdict::is_of_this_server;
use crate::outcome::{Denial, Fault};

/// What a search for one entry came to.
pub(super) enum One {
    /// It.
    Found(Box<Entry>),
    /// None, or several.
    Not(Denial),
}

const NO_SUCH_OBJECT: u32 = 32;
const SIZE_LIMIT: u32 = 4;
const REFERRAL: u32 = 10;

/// Where and what to search.
pub(super) struct Query<'a> {
    pub(super) base: &'a str,
    pub(super) scope: SearchScope,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [String],
    pub(super) limit: Duration,
}

impl From<SearchScope> for Scope {
    fn from(scope: SearchScope) -> Self {
        match scope {
            SearchScope::Subtree => Self::Subtree,
            SearchScope::OneLevel => Self::OneLevel,
            SearchScope::Base => Self::Base,
        }
    }
}

impl Query<'_> {
    /// The one entry that fits. Two are asked for, since the second one makes the first worthless.
    pub(super) async fn one(&self, ldap: &mut Ldap) -> Result<One, Fault> {
        let options = SearchOptions::new().sizelimit(2).timelimit(self.seconds());
        let search = ldap.with_search_options(options).search(
            self.base,
            self.scope.into(),
            self.filter,
            self.attributes,
        );
        let found = match tokio::time::timeout(self.limit, search).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(fault(&error)),
            Err(_) => return Err(Fault::Late),
        };
        let (entries, result) = (found.0, found.1);
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| !entry.is_ref() && !entry.is_intermediate())
            .map(|entry| Entry::new(SearchEntry::construct(entry)))
            .collect();
        match result.rc {
            0 | REFERRAL => {}
            SIZE_LIMIT => return Ok(One::Not(Denial::Ambiguous)),
            code => return Err(refused(code, self.base, &result.text)),
        }
        match (entries.pop(), entries.is_empty()) {
            (None, _) => Ok(One::Not(Denial::UnknownPerson)),
            // An entry without a name cannot be signed in as: that would be nobody.
            (Some(entry), true) if entry.dn.trim().is_empty() => {
                Ok(One::Not(Denial::UnknownPerson))
            }
            (Some(entry), true) => Ok(One::Found(Box::new(entry))),
            (Some(_), false) => Ok(One::Not(Denial::Ambiguous)),
        }
    }

    /// All entries that fit, at most `most` of them; whether there were more.
    pub(super) async fn all(
        &self,
        ldap: &mut Ldap,
        page: u32,
        most: usize,
    ) -> Result<(Vec<Entry>, bool), Fault> {
        let work = self.pages(ldap, page, most);
        tokio::time::timeout(self.limit, work).await.unwrap_or(Err(Fault::Late))
    }

    async fn pages(
        &self,
        ldap: &mut Ldap,
        page: u32,
        most: usize,
    ) -> Result<(Vec<Entry>, bool), Fault> {
        let page = i32::try_from(page).unwrap_or(i32::MAX);
        let adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(page))];
        let mut stream = ldap
            .streaming_search_with(
                adapters,
                self.base,
                self.scope.into(),
                self.filter,
                self.attributes.to_vec(),
            )
            .await
            .map_err(|error| fault(&error))?;
        let mut entries = Vec::new();
        while let Some(entry) = stream.next().await.map_err(|error| fault(&error))? {
            if entries.len() == most {
                return Ok((entries, true));
            }
            entries.push(Entry::new(SearchEntry::construct(entry)));
        }
        let result = stream.finish().await;
        match result.rc {
            0 | REFERRAL => Ok((entries, false)),
            SIZE_LIMIT => Ok((entries, true)),
            code => Err(refused(code, self.base, &result.text)),
        }
    }

    fn seconds(&self) -> i32 {
        i32::try_from(self.limit.as_secs()).unwrap_or(i32::MAX).max(1)
    }
}

fn refused(code: u32, base: &str, text: &str) -> Fault {
    if is_of_this_server(code) {
        return Fault::Unreachable(format!("code {code}"));
    }
    let what = if code == NO_SUCH_OBJECT { format!("there is no {base}") } else { text.to_owned() };
    Fault::Search(format!("code {code}, {what}"))
}

fn fault(error: &LdapError) -> Fault {
    match error {
        LdapError::LdapResult { result } => refused(result.rc, "", &result.text),
        LdapError::FilterParsing => Fault::Search("the filter cannot be read".to_owned()),
        _ => Fault::Unreachable(error.to_string()),
    }
}
