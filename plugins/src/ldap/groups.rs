//! The groups somebody is in, groups in groups too, and what membership allows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ldap3::{Ldap, ldap_escape};

use super::entry::{Entry, one_spelling};
use super::filter::Template;
use super::search::Query;
use super::server::lock;
use super::settings::{GroupMode, SearchScope, Settings};
use crate::outcome::Fault;
use crate::profile::Profile;

/// Active Directory's rule that follows membership to its end (MS-ADTS, 3.1.1.3.4.4.3).
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";
/// People whose groups are remembered at once.
const REMEMBERED_MAX: usize = 10_000;
/// Groups that are asked about in one question.
const AT_ONCE: usize = 40;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) dn: String,
    /// Its name alone.
    pub(super) name: String,
}

/// Somebody's groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    pub(super) list: Vec<Group>,
    /// Whether there were more than are looked at.
    pub(super) cut: bool,
}

/// Groups that were found lately, by the person's DN.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<String, (Instant, Arc<Groups>)>>);

impl Remembered {
    /// What is known, and how old it is.
    pub(super) fn find(&self, dn: &str, age_max: Duration) -> Option<(Arc<Groups>, Duration)> {
        let known = lock(&self.0);
        let (since, groups) = known.get(&one_spelling(dn))?;
        let age = since.elapsed();
        (age < age_max).then(|| (Arc::clone(groups), age))
    }

    pub(super) fn keep(&self, dn: &str, groups: &Arc<Groups>, age_max: Duration) {
        if age_max.is_zero() {
            return;
        }
        let mut known = lock(&self.0);
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, (since, _)| since.elapsed() < age_max);
        }
        if known.len() < REMEMBERED_MAX {
            known.insert(one_spelling(dn), (Instant::now(), Arc::clone(groups)));
        }
    }
}

/// Asks for the groups of an entry.
pub(super) async fn of(
    entry: &Entry,
    ldap: &mut Ldap,
    settings: &Settings,
    filter: &Template,
) -> Result<Groups, Fault> {
    let most = settings.groups_max as usize;
    match settings.groups {
        GroupMode::None => Ok(Groups::default()),
        GroupMode::MemberOf => {
            let all = entry.all(&settings.attributes.member_of);
            let list = all.iter().take(most).map(|dn| group(dn, None)).collect();
            Ok(Groups { list, cut: all.len() > most })
        }
        GroupMode::InChain => {
            let filter = format!("(member:{IN_CHAIN}:={})", ldap_escape(entry.dn.as_str()));
            let (found, cut) = ask(ldap, settings, &filter, most).await?;
            Ok(Groups { list: named(found, settings), cut })
        }
        GroupMode::Walk => walk(entry, ldap, settings, filter).await,
    }
}

/// Level by level, each group once.
async fn walk(
    entry: &Entry,
    ldap: &mut Ldap,
    settings: &Settings,
    filter: &Template,
) -> Result<Groups, Fault> {
    let most = settings.groups_max as usize;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut groups = Groups::default();
    let mut level = vec![entry.dn.clone()];
    for _ in 0..settings.group_depth_max {
        let mut next = Vec::new();
        for some in level.chunks(AT_ONCE) {
            let each: String = some.iter().map(|dn| filter.fill(dn)).collect();
            let left = most.saturating_sub(groups.list.len());
            let (found, cut) =
                ask(ldap, settings, &format!("(|{each})"), left + seen.len()).await?;
            groups.cut |= cut;
            for group in named(found, settings) {
                if !seen.insert(one_spelling(&group.dn)) {
                    continue;
                }
                if groups.list.len() == most {
                    groups.cut = true;
                    return Ok(groups);
                }
                next.push(group.dn.clone());
                groups.list.push(group);
            }
        }
        if next.is_empty() {
            return Ok(groups);
        }
        level = next;
    }
    groups.cut = true;
    Ok(groups)
}

async fn ask(
    ldap: &mut Ldap,
    settings: &Settings,
    filter: &str,
    most: usize,
) -> Result<(Vec<Entry>, bool), Fault> {
    let base = &settings.group_base_dn;
    let attributes = [settings.group_name.clone()];
    let query = Query {
        base: if base.is_empty() { &settings.base_dn } else { base },
        scope: SearchScope::Subtree,
        filter,
        attributes: &attributes,
        limit: Duration::from_millis(settings.operation_ms),
    };
    query.all(ldap, settings.page_entries, most).await
}

fn named(found: Vec<Entry>, settings: &Settings) -> Vec<Group> {
    found.iter().map(|entry| group(&entry.dn, entry.first(&settings.group_name))).collect()
}

/// A group by its DN; its name is the first part of that if nothing else names it.
fn group(dn: &str, name: Option<String>) -> Group {
    let from_dn = || {
        let first = dn.split_once('=').map_or(dn, |(_, rest)| rest);
        first.split(',').next().unwrap_or(first).trim().to_owned()
    };
    Group { dn: dn.to_owned(), name: name.unwrap_or_else(from_dn) }
}

/// Gives a profile what its groups allow; says which group gave what.
pub(super) fn grant(profile: &mut Profile, groups: &Groups, settings: &Settings) -> Vec<String> {
    let mut said = Vec::new();
    profile.groups = groups.list.iter().map(|group| group.dn.clone()).collect();
    profile.privileges.extend(&settings.privileges_of_all);
    let dns: BTreeMap<String, &Group> =
        groups.list.iter().map(|group| (one_spelling(&group.dn), group)).collect();
    let is_in = |wanted: &str| {
        if wanted.contains('=') {
            return dns.contains_key(&one_spelling(wanted));
        }
        groups.list.iter().any(|group| group.name.to_lowercase() == wanted.to_lowercase())
    };
    for (wanted, privileges) in &settings.privileges {
        if is_in(wanted) {
            profile.privileges.extend(privileges);
            let names: Vec<&str> = privileges.iter().map(|privilege| privilege.name()).collect();
            said.push(format!("{wanted}: {}", names.join(", ")));
        }
    }
    if let Some(group) = settings.administrators.iter().find(|group| is_in(group)) {
        profile.administrator = settings.allow_administrator;
        let off = if settings.allow_administrator { "" } else { " (`allow_administrator` is off)" };
        said.push(format!("{group}: administrator{off}"));
    }
    said
}
