//! Groups: what several accounts may do together.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{MethodRouter, get};
use convoke_model::policy::Value as Plain;
use convoke_model::privilege::Privilege;
use convoke_model::site;
use convoke_model::site::deed::{Act, Subject};
use convoke_model::site::groups::{Command, Group};
use convoke_model::text::GroupName;
use convoke_model::{GroupId, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::{listed, privileges_of};
use super::each::Each;
use super::table::{Asked, Key, Page};
use super::who::{Administrator, Reader, Why, changing};
use crate::http::api;
use crate::http::meeting::Done;
use crate::http::openapi::words;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Listing and adding.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(list).post(add)
}

/// A group.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
struct Seen {
    id: u32,
    name: String,
    #[schema(value_type = Vec<words::Privilege>)]
    privileges: Vec<&'static str>,
    /// How many accounts are in it.
    members: u64,
}

/// A page of groups.
#[derive(Serialize, ToSchema)]
pub(super) struct Groups {
    rows: Vec<Seen>,
    /// How many there are in all that fit.
    total: usize,
    /// What to give as `after` for the next page.
    next: Option<String>,
}

/// `GET /api/v1/admin/groups`
async fn list(State(site): State<Arc<Site>>, _: Reader, asked: Asked) -> Result<Json<Groups>, No> {
    let mut members = std::collections::BTreeMap::<GroupId, u64>::new();
    let mut all = Each::default();
    while let Some(run) = all.accounts(&site).await? {
        for group in run.iter().flat_map(|account| &account.groups) {
            *members.entry(*group).or_default() += 1;
        }
    }
    let groups = site.engine.groups().await?;
    let rows = groups.into_iter().filter(|(_, group)| asked.fits(&[group.name.as_str()]));
    let (sort, down) = asked.sort("name", false);
    let by_members = sort == "members";
    let count = |id: &GroupId| members.get(id).copied().unwrap_or(0);
    let key = |(id, group): &(GroupId, Group)| {
        let key = if by_members { Key::Number(count(id)) } else { Key::text(group.name.as_str()) };
        (key, u64::from(id.0))
    };
    let page = asked.page(rows, down, key)?;
    let Page { rows, total, next } = page.of(|(id, group)| Seen {
        id: id.0,
        name: group.name.as_str().to_owned(),
        privileges: group.privileges.iter().map(Privilege::word).collect(),
        members: count(&id),
    });
    Ok(Json(Groups { rows, total, next }))
}

/// A group to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewGroup)]
pub(super) struct New {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    #[serde(default)]
    #[schema(value_type = Vec<words::Privilege>)]
    privileges: Vec<String>,
}

/// A group that was added.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedGroup)]
pub(super) struct Added {
    id: u32,
}

fn name_of(typed: &str) -> Result<GroupName, No> {
    GroupName::new(typed).map_err(|_| No::because(Refusal::NameInvalid))
}

/// `POST /api/v1/admin/groups`
async fn add(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Added>, No> {
    let New { name, privileges } = api::read(&body)?;
    let (name, privileges) = (name_of(&name)?, privileges_of(&privileges)?);
    let after = Plain::map([("name", name.as_str().into()), ("privileges", listed(privileges))]);
    // Its number is given with the fact; the deed tells it by its name.
    let deed = changing(who.deed(Act::AddGroup, Subject::Site, None)?, Plain::Null, after);
    let wish = site::Command::Groups(Command::Add { name, privileges });
    let id = who.does(&site, deed, wish).await?;
    Ok(Json(Added { id }))
}

/// One change of a group.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GroupChange)]
enum Change {
    Name(String),
    /// All that its accounts may do by it.
    #[schema(value_type = Vec<words::Privilege>)]
    Privileges(Vec<String>),
}

/// A change of a group, and why: that has to be said.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangedGroup)]
pub(super) struct Changed {
    change: Change,
    reason: Option<String>,
}

async fn found(site: &Site, id: &str) -> Result<(GroupId, Group), No> {
    let id = GroupId(id.parse().map_err(|_| Refusal::NotFound)?);
    let groups = site.engine.groups().await?;
    Ok(groups.into_iter().find(|(found, _)| *found == id).ok_or(Refusal::NotFound)?)
}

/// `POST /api/v1/admin/groups/{id}`
pub(super) async fn change(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let Changed { change, reason } = api::read(&body)?;
    let (group, known) = found(&site, &id).await?;
    let deed = who.deed(Act::ChangeGroup, Subject::Group(group), reason.as_deref())?;
    let (before, after, wish) = match change {
        Change::Name(name) => {
            let name = name_of(&name)?;
            let text = |name: &GroupName| Plain::map([("name", name.as_str().into())]);
            (text(&known.name), text(&name), Command::Rename { group, name })
        }
        Change::Privileges(typed) => {
            let privileges = privileges_of(&typed)?;
            let text = |privileges| Plain::map([("privileges", listed(privileges))]);
            let wish = Command::SetPrivileges { group, privileges };
            (text(known.privileges), text(privileges), wish)
        }
    };
    let deed = changing(deed, before, after);
    who.does(&site, deed, site::Command::Groups(wish)).await?;
    Ok(Json(Done {}))
}

/// `POST /api/v1/admin/groups/{id}/remove`: its accounts stay.
pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let why: Why = api::read(&body)?;
    let (group, known) = found(&site, &id).await?;
    let deed = who.deed(Act::RemoveGroup, Subject::Group(group), why.reason.as_deref())?;
    let before = Plain::map([
        ("name", known.name.as_str().into()),
        ("privileges", listed(known.privileges)),
    ]);
    let deed = changing(deed, before, Plain::Null);
    let wish = site::Command::Groups(Command::Remove { group });
    who.does(&site, deed, wish).await?;
    Ok(Json(Done {}))
}
