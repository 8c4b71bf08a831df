//! The operator's scripts: what answers now and did before, and the way back to an earlier version.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use convoke_model::Refusal;
use convoke_model::policy::{Hook, Value as Plain};
use convoke_model::site::deed::{Act, Subject};
use convoke_model::site::scripts::{Chains, Loaded, Member};
use convoke_plugins::rhai::Loading;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::table::Asked;
use super::who::{Administrator, Reader, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Versions that are told, the newest first.
const VERSIONS_MAX: u32 = 50;

/// Scripts by hook, in the order in which they are asked.
type ChainsSeen = BTreeMap<&'static str, Vec<ScriptSeen>>;

/// What answers, and did before.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Policies)]
pub(super) struct Status {
    /// 0 when none was ever loaded.
    version: u32,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    live: ChainsSeen,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    trial: ChainsSeen,
    /// Questions that were asked since the server was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    decisions: Option<u64>,
    /// Those of them that the built-in rule answered, for a script failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallbacks: Option<u64>,
    /// Why the files as they are now do not answer, when they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    /// The versions there were, the newest first.
    versions: Vec<VersionSeen>,
}

/// A version of the scripts.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
struct VersionSeen {
    version: u32,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    live: ChainsSeen,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    trial: ChainsSeen,
}

/// A script of a chain.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyScript)]
struct ScriptSeen {
    name: String,
    sha256: String,
}

/// `GET /api/v1/admin/policies`
pub(super) async fn status(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Status>, No> {
    let Some(desk) = site.desk.policies.get() else {
        return Ok(Json(Status::default()));
    };
    let status = desk.policies().status();
    let versions = desk.directory().scripts(|scripts| {
        let last = scripts.version();
        let first = last.saturating_sub(VERSIONS_MAX) + 1;
        let told = (first..=last).rev().filter_map(|version| {
            let Loaded { live, trial } = scripts.loaded(version)?;
            Some(VersionSeen { version, live: chains(live), trial: chains(trial) })
        });
        told.collect::<Vec<_>>()
    });
    Ok(Json(Status {
        version: status.version,
        live: chains(&status.loaded.live),
        trial: chains(&status.loaded.trial),
        decisions: Some(status.decisions),
        fallbacks: Some(status.fallbacks),
        refused: desk.refused(),
        versions,
    }))
}

fn chains(chains: &Chains) -> ChainsSeen {
    let script = |member: &Member| {
        let (name, sha256) = (member.name.clone(), member.sha256.clone());
        ScriptSeen { name, sha256 }
    };
    let chain = |(hook, members): (&Hook, &Vec<Member>)| {
        (hook.word(), members.iter().map(script).collect())
    };
    chains.iter().map(chain).collect()
}

/// A script as it answered once.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyText)]
pub(super) struct Text {
    name: String,
    text: String,
}

/// `GET /api/v1/admin/policies/text?hook=&sha256=`: a script as it answered once.
pub(super) async fn text(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Text>, No> {
    let hook = asked.parameter("hook").and_then(|word| Hook::of(&word)).ok_or(Refusal::NotFound)?;
    let sha256 = asked.parameter("sha256").ok_or(Refusal::NotFound)?;
    let desk = site.desk.policies.get().ok_or(Refusal::NotFound)?;
    let text = desk.directory().scripts(|scripts| {
        scripts.text(hook, &sha256).map(|text| (text.name.clone(), text.text.clone()))
    });
    let (name, text) = text.ok_or(Refusal::NotFound)?;
    Ok(Json(Text { name, text }))
}

/// The version that is now.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyRolledBack)]
pub(super) struct RolledBack {
    version: u32,
}

/// Which version is to come back, and why: that has to be said.
#[derive(Deserialize, ToSchema)]
#[schema(as = PolicyRollBack)]
pub(super) struct Back {
    /// Nothing means the one before.
    to: Option<u32>,
    reason: Option<String>,
}

/// `POST /api/v1/admin/policies/rollback`
pub(super) async fn roll_back(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<RolledBack>, No> {
    let Back { to, reason } = api::read(&body)?;
    let deed = who.deed(Act::RollBack, Subject::Site, reason.as_deref())?;
    let desk = site.desk.policies.get().ok_or(Refusal::NotFound)?;
    let before = desk.policies().status().version;
    let rolled = desk.roll_back(to).await;
    // Why a version is refused is for whoever wrote it: file, line and reason.
    let Loading { version, changed, .. } =
        rolled.map_err(|why| No::said(Refusal::NotFound, why))?;
    if !changed {
        return Err(No::because(Refusal::AlreadyDone));
    }
    let is = |version: u32| Plain::map([("version", i64::from(version).into())]);
    let deed = changing(deed, is(before), is(version));
    who.note(&site, deed).await?;
    Ok(Json(RolledBack { version }))
}
