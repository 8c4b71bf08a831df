//! Accounts: listed, added, changed, switched off, given a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{MethodRouter, get};
use convoke_model::policy::Value as Plain;
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site;
use convoke_model::site::accounts::{Command, Email};
use convoke_model::site::deed::{Act, Deed, Subject};
use convoke_model::text::Name;
use convoke_model::{AccountId, GroupId, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::each::Each;
use super::table::{Asked, Key, Page};
use super::who::{Administrator, Reader, Who, Why, changing};
use crate::control::{Account, NewAccount};
use crate::entropy;
use crate::http::api;
use crate::http::meeting::Done;
use crate::http::openapi::words;
use crate::http::refusal::No;
use crate::http::site::Site;
use crate::zone::zone;

/// Listing and adding.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(list).post(add)
}

/// Showing and changing.
pub(super) fn one() -> MethodRouter<Arc<Site>> {
    get(show).post(change)
}

/// States of accounts that can be asked for.
pub(super) const STATES: [&str; 3] = ["enabled", "disabled", "administrators"];

/// An account, for whoever looks over the server.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminAccount)]
pub(super) struct Seen {
    id: u32,
    email: String,
    name: String,
    enabled: bool,
    administrator: bool,
    /// Whether it signs in with a code too.
    codes: bool,
    /// What it may do of its own.
    #[schema(value_type = Vec<words::Privilege>)]
    own: Vec<&'static str>,
    /// The same and what it may do by its groups.
    #[schema(value_type = Vec<words::Privilege>)]
    privileges: Vec<&'static str>,
    groups: Vec<InGroup>,
    time_zone: Option<String>,
    /// Which server outside keeps its name and password, if one does.
    known_elsewhere: Option<String>,
    /// In how many places it is signed in. Of one account alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_ins: Option<usize>,
    /// How many meetings it has. Of one account alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    meetings: Option<usize>,
}

/// A group that an account is in.
#[derive(Serialize, ToSchema)]
struct InGroup {
    id: u32,
    name: String,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminAccounts)]
pub(super) struct Accounts {
    rows: Vec<Seen>,
    /// How many there are in all that fit.
    total: usize,
    /// What to give as `after` for the next page.
    next: Option<String>,
}

/// `GET /api/v1/admin/accounts`
async fn list(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Accounts>, No> {
    let groups = group_names(&site).await?;
    let state = asked.word("state", &STATES)?;
    let group = asked.number("group")?.map(GroupId);
    let is_wanted = |account: &Account| {
        let is = match state {
            Some("enabled") => account.enabled,
            Some("disabled") => !account.enabled,
            Some("administrators") => account.administers(),
            Some(_) | None => true,
        };
        is && group.is_none_or(|group| account.groups.contains(&group))
            && asked.fits(&[account.name.as_str(), account.email.as_str()])
    };
    let (sort, down) = asked.sort("name", false);
    let sort = sort.to_owned();
    let key = |account: &Account| {
        let key = match sort.as_str() {
            "email" => Key::text(account.email.as_str()),
            "id" => Key::Number(account.id.0.into()),
            "state" => Key::Number(account.enabled.into()),
            _ => Key::text(account.name.as_str()),
        };
        (key, u64::from(account.id.0))
    };
    let mut pages = asked.pages(down)?;
    let mut all = Each::default();
    while let Some(run) = all.accounts(&site).await? {
        for account in run.into_iter().filter(is_wanted) {
            pages.put(key(&account), account);
        }
    }
    let Page { rows, total, next } = pages.page().of(|account| seen(&account, &groups));
    Ok(Json(Accounts { rows, total, next }))
}

async fn group_names(site: &Site) -> Result<BTreeMap<GroupId, String>, No> {
    let groups = site.engine.groups().await?;
    Ok(groups.into_iter().map(|(id, group)| (id, group.name.as_str().to_owned())).collect())
}

fn seen(account: &Account, groups: &BTreeMap<GroupId, String>) -> Seen {
    let known = account.external.as_ref();
    let group = |id: &GroupId| Some(InGroup { id: id.0, name: groups.get(id)?.clone() });
    Seen {
        id: account.id.0,
        email: account.email.to_string(),
        name: account.name.as_str().to_owned(),
        enabled: account.enabled,
        administrator: account.administers(),
        codes: account.codes,
        own: account.own.iter().map(Privilege::word).collect(),
        privileges: account.privileges.iter().map(Privilege::word).collect(),
        groups: account.groups.iter().filter_map(group).collect(),
        time_zone: account.zone.as_ref().map(|zone| zone.as_str().to_owned()),
        known_elsewhere: known.map(|external| external.source.as_str().to_owned()),
        sign_ins: None,
        meetings: None,
    }
}

async fn found(site: &Site, id: &str) -> Result<Account, No> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    Ok(site.engine.account(AccountId(id)).await?.ok_or(Refusal::NotFound)?)
}

/// `GET /api/v1/admin/accounts/{id}`: with where it is signed in.
async fn show(
    State(site): State<Arc<Site>>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<Seen>, No> {
    let account = found(&site, &id).await?;
    let mut shown = seen(&account, &group_names(&site).await?);
    shown.sign_ins = Some(site.accounts.sessions_of(account.id).len());
    shown.meetings = Some(site.engine.meetings_of(account.id).await?.len());
    Ok(Json(shown))
}

/// An account to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewAccount)]
pub(super) struct New {
    email: String,
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    #[serde(default)]
    administrator: bool,
}

/// An account that was added.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedAccount)]
pub(super) struct Added {
    id: u32,
    /// By which its person sets a password, once.
    link: String,
}

/// How many sign-ins ended.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminEnded)]
pub(super) struct Ended {
    ended: u32,
}

/// The link by which a person sets a password, once.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordLink)]
pub(super) struct Link {
    link: String,
}

/// `POST /api/v1/admin/accounts`: the answer has the link by which its person sets a password.
async fn add(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Added>, No> {
    let New { email, name, administrator } = api::read(&body)?;
    let email = Email::new(&email).ok_or(Refusal::EmailInvalid)?;
    let name = Name::new(&name).map_err(|_| Refusal::NameInvalid)?;
    let added = Plain::map([
        ("email", email.to_string().into()),
        ("name", name.as_str().into()),
        ("administrator", administrator.into()),
    ]);
    // A password that nobody ever sees: the link is the way in.
    let password = zeroize::Zeroizing::new(entropy::token::<32>());
    let new = NewAccount { email, name, administrator, first: false };
    let account = site.accounts.add(new, &password).await?;
    let deed = who.deed(Act::AddAccount, Subject::Account(account.id), None)?;
    who.note(&site, changing(deed, Plain::Null, added)).await?;
    let token = site.accounts.issue_reset(&account, who.actor()).await?;
    Ok(Json(Added { id: account.id.0, link: link_of(&site, &token) }))
}

fn link_of(site: &Site, token: &str) -> String {
    format!("{}/reset#{token}", site.address())
}

/// One change of an account; each is a deed of its own.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountChange)]
enum Change {
    Name(String),
    Email(String),
    /// An IANA time zone; empty for none.
    TimeZone(String),
    /// All that it may do of its own. Needs a reason.
    #[schema(value_type = Vec<words::Privilege>)]
    Privileges(Vec<String>),
    /// The numbers of all groups that it is in. Needs a reason.
    Groups(Vec<u32>),
}

/// A change of an account, and why.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangedAccount)]
pub(super) struct Changed {
    change: Change,
    reason: Option<String>,
}

/// `POST /api/v1/admin/accounts/{id}`
async fn change(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let Changed { change, reason } = api::read(&body)?;
    let known = found(&site, &id).await?;
    let account = known.id;
    let kept = known.external.is_some();
    let act = match &change {
        Change::Privileges(_) | Change::Groups(_) => Act::SetPrivileges,
        Change::Name(_) | Change::Email(_) | Change::TimeZone(_) => Act::ChangeAccount,
    };
    let deed = who.deed(act, Subject::Account(account), reason.as_deref())?;
    let one = |name: &str, value: Plain| Plain::map([(name, value)]);
    let (before, after, wish) = match change {
        Change::Name(_) | Change::Email(_) | Change::Privileges(_) if kept => {
            return Err(No::because(Refusal::KeptElsewhere));
        }
        Change::Name(name) => {
            let name = Name::new(&name).map_err(|_| Refusal::NameInvalid)?;
            let (before, after) = (known.name.as_str().into(), name.as_str().into());
            (one("name", before), one("name", after), Command::Rename { account, name })
        }
        Change::Email(email) => {
            let email = Email::new(&email).ok_or(Refusal::EmailInvalid)?;
            let (before, after) = (known.email.to_string().into(), email.to_string().into());
            (one("email", before), one("email", after), Command::Readdress { account, email })
        }
        Change::TimeZone(typed) => {
            let zone = zone(&typed)?;
            let text = |zone: &Option<convoke_model::text::Zone>| {
                zone.as_ref().map_or(Plain::Null, |zone| zone.as_str().into())
            };
            let (before, after) = (text(&known.zone), text(&zone));
            (one("time_zone", before), one("time_zone", after), Command::SetZone { account, zone })
        }
        Change::Privileges(typed) => {
            let privileges = privileges_of(&typed)?;
            let (before, after) = (listed(known.own), listed(privileges));
            let wish = Command::SetPrivileges { account, privileges };
            (one("privileges", before), one("privileges", after), wish)
        }
        Change::Groups(numbers) => {
            let groups: Vec<GroupId> = numbers.into_iter().map(GroupId).collect();
            let names = group_names(&site).await?;
            let text = |ids: &[GroupId]| {
                let names = ids.iter().filter_map(|id| names.get(id).cloned());
                Plain::List(names.map(Plain::Text).collect())
            };
            let (before, after) = (text(&known.groups), text(&groups));
            let wish = Command::SetGroups { account, groups };
            (one("groups", before), one("groups", after), wish)
        }
    };
    put(&site, &who, changing(deed, before, after), wish).await?;
    Ok(Json(Done {}))
}

/// Privileges by their words.
pub(super) fn privileges_of(words: &[String]) -> Result<Privileges, No> {
    let each = words.iter().map(|word| Privilege::from_word(word));
    each.collect::<Option<Privileges>>().ok_or_else(|| No::because(Refusal::Malformed))
}

/// Privileges for a deed.
pub(super) fn listed(privileges: Privileges) -> Plain {
    Plain::List(privileges.iter().map(|privilege| privilege.word().into()).collect())
}

async fn put(site: &Site, who: &Who, deed: Deed, wish: Command) -> Result<(), No> {
    who.does(site, deed, site::Command::Accounts(wish)).await.map(drop)
}

fn enabled(enabled: bool) -> Plain {
    Plain::map([("enabled", enabled.into())])
}

/// `POST /api/v1/admin/accounts/{id}/disable`: its sign-ins end too.
pub(super) async fn disable(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Ended>, No> {
    let why: Why = api::read(&body)?;
    let account = found(&site, &id).await?;
    let subject = Subject::Account(account.id);
    let deed = who.deed(Act::DisableAccount, subject, why.reason.as_deref())?;
    let deed = changing(deed, enabled(true), enabled(false));
    put(&site, &who, deed, Command::Disable { account: account.id }).await?;
    let ended = end_all(&site, &who, &account).await?;
    Ok(Json(Ended { ended }))
}

async fn end_all(site: &Site, who: &Who, account: &Account) -> Result<u32, No> {
    let count = site.accounts.sessions().end_all_of(account.id);
    site.accounts.halves().end_all_of(account.id);
    if count > 0 {
        let end = Command::EndSignIns { account: account.id, count };
        site.accounts.change(who.actor(), end).await?;
    }
    Ok(count)
}

/// `POST /api/v1/admin/accounts/{id}/enable`
pub(super) async fn enable(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let why: Why = api::read(&body)?;
    let account = found(&site, &id).await?;
    let subject = Subject::Account(account.id);
    let deed = who.deed(Act::EnableAccount, subject, why.reason.as_deref())?;
    let deed = changing(deed, enabled(false), enabled(true));
    put(&site, &who, deed, Command::Enable { account: account.id }).await?;
    Ok(Json(Done {}))
}

/// `POST /api/v1/admin/accounts/{id}/link`: the link by which its person sets a new password.
pub(super) async fn link(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Link>, No> {
    let why: Why = api::read(&body)?;
    let account = found(&site, &id).await?;
    let subject = Subject::Account(account.id);
    let deed = who.deed(Act::MakeLink, subject, why.reason.as_deref())?;
    let token = site.accounts.issue_reset(&account, who.actor()).await?;
    who.note(&site, deed).await?;
    Ok(Json(Link { link: link_of(&site, &token) }))
}

/// `POST /api/v1/admin/accounts/{id}/sign-ins`: all of them end.
pub(super) async fn end_sign_ins(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Ended>, No> {
    let why: Why = api::read(&body)?;
    let account = found(&site, &id).await?;
    let subject = Subject::Account(account.id);
    let deed = who.deed(Act::EndSignIns, subject, why.reason.as_deref())?;
    let count = i64::try_from(site.accounts.sessions_of(account.id).len()).unwrap_or(i64::MAX);
    let sign_ins = |count: i64| Plain::map([("sign_ins", count.into())]);
    who.note(&site, changing(deed, sign_ins(count), sign_ins(0))).await?;
    let ended = end_all(&site, &who, &account).await?;
    Ok(Json(Ended { ended }))
}

/// `POST /api/v1/admin/accounts/{id}/codes`: off, for who has lost app and recovery codes.
pub(super) async fn codes_off(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let why: Why = api::read(&body)?;
    let account = found(&site, &id).await?;
    let subject = Subject::Account(account.id);
    let deed = who.deed(Act::TurnCodesOff, subject, why.reason.as_deref())?;
    if !account.codes {
        return Err(No::because(Refusal::AlreadyDone));
    }
    let codes = |on: bool| Plain::map([("codes", on.into())]);
    who.note(&site, changing(deed, codes(true), codes(false))).await?;
    site.accounts.drop_codes(&account, who.actor()).await?;
    Ok(Json(Done {}))
}
