//! Connections to other servers, set from the console: application servers, directories, telephone
//! bridges, the mail server. What the settings file says is shown, and is changed there alone.

mod trying;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{MethodRouter, put};
use convoke_model::Refusal;
use convoke_model::policy::Value as Plain;
use convoke_model::site;
use convoke_model::site::connections::{Command, Connection, ConnectionName, Kind, Settings};
use convoke_model::site::deed::{Act, Subject};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::who::{Administrator, Reader, changing};
use crate::connections::{Id, Wrong, names_it, sends_elsewhere};
use crate::entropy;
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

pub(super) use trying::{Try, Verdict, try_it};

/// Letters of a text that a deed shows; the fact beside it has all of it.
const DEED_CHARS_MAX: usize = 300;

/// Setting and taking away.
pub(super) fn one() -> MethodRouter<Arc<Site>> {
    put(set).delete(remove)
}

/// Where a connection is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionSource)]
pub(super) enum Source {
    /// In the settings file.
    File,
    /// Here.
    Console,
}

/// A connection, without its password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(super) struct Seen {
    /// `callback`, `http`, `ldap`, `bridge` or `mail`.
    kind: &'static str,
    name: String,
    source: Source,
    /// Whether the settings file has the same name: then this one is not in force.
    shadowed: bool,
    /// As in the settings file; see docs/SIGN-IN.md, docs/BRIDGES.md and docs/OPERATIONS.md.
    #[schema(value_type = Object)]
    settings: Value,
    /// Whether it has a password.
    has_secret: bool,
    /// Why it is not in force, when it cannot be used.
    problem: Option<String>,
}

/// Connections, by kind and name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connections)]
pub(super) struct Seens {
    connections: Vec<Seen>,
}

/// `GET /api/v1/admin/connections`
pub(super) async fn list(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Seens>, No> {
    let mut connections = of_file(&site);
    for (kind, name, connection) in site.connections.known().iter() {
        let id = (kind, name.clone());
        connections.push(Seen {
            kind: kind.word(),
            name: name.as_str().to_owned(),
            source: Source::Console,
            shadowed: site.connections.is_in_file(&id),
            settings: json!(connection.settings),
            has_secret: connection.secret.is_some(),
            problem: site.connections.problem(&id),
        });
    }
    connections.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(Json(Seens { connections }))
}

fn of_file(site: &Site) -> Vec<Seen> {
    let config = &site.config;
    let mut all = Vec::new();
    let mut add = |kind: Kind, name: &str, settings: Value, has_secret| {
        let (kind, name, source) = (kind.word(), name.to_owned(), Source::File);
        let (shadowed, problem) = (false, None);
        all.push(Seen { kind, name, source, shadowed, settings, has_secret, problem });
    };
    for (name, one) in &config.callback {
        add(Kind::Callback, name, json!(one), false);
    }
    for (name, one) in &config.http {
        add(Kind::Http, name, json!(one), false);
    }
    for (name, one) in &config.ldap {
        add(Kind::Ldap, name, json!(one), one.bind_password_file.is_some());
    }
    for (name, one) in &config.bridge {
        // The secret itself may stand in the file.
        let one = convoke_plugins::bridge::Settings { secret: None, ..one.clone() };
        add(Kind::Bridge, name, json!(one), true);
    }
    if config.mail.server.is_some() {
        let has_secret = config.mail.password_file.is_some();
        add(Kind::Mail, "mail", json!(config.mail), has_secret);
    }
    all
}

/// A connection to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConnection)]
pub(super) struct Asked {
    /// As in the settings file; certificates as text in `ca_pem`.
    #[schema(value_type = Object)]
    settings: Settings,
    /// The password; nothing keeps the one it has.
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>)]
    secret: Option<Secret>,
    /// Whether the password it has is thrown away.
    #[serde(default)]
    forget_secret: bool,
    /// For bridges: whether a new secret is drawn, and told this one time.
    #[serde(default)]
    draw_secret: bool,
    reason: Option<String>,
}

/// What came of setting a connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionSet)]
pub(super) struct Done {
    /// The secret that was drawn, this one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// `PUT /api/v1/admin/connections/{kind}/{name}`
async fn set(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path((kind, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let asked: Asked = api::read(&body)?;
    let id = named(&kind, &name)?;
    let deed = who.deed(Act::SetConnection, Subject::Site, asked.reason.as_deref())?;
    // It is done to its end even when whoever asked hangs up: a password that was put away
    // belongs to a fact.
    let site = Arc::clone(&site);
    let done = tokio::spawn(async move { site.set_connection(&who, id, asked, deed).await });
    done.await.unwrap_or_else(|_| Err(No::fault("setting a connection ended early")))
}

/// Kind and name of an address.
fn named(kind: &str, name: &str) -> Result<Id, No> {
    let kind = Kind::of(kind).ok_or(Refusal::NotFound)?;
    let name = ConnectionName::new(name).ok_or_else(|| {
        let why = "A name has 1 to 40 small letters, digits, - and _.";
        No::field(Refusal::SettingInvalid, "name", why.to_owned())
    })?;
    if kind == Kind::Mail && name.as_str() != "mail" {
        return Err(No::because(Refusal::NotFound));
    }
    Ok((kind, name))
}

/// What a form came to that cannot be used.
fn invalid(Wrong { field, why }: Wrong) -> No {
    let sentence = if field.is_empty() { why } else { format!("`{field}` {why}.") };
    No::field(Refusal::SettingInvalid, &field, sentence)
}

impl Site {
    async fn set_connection(
        &self,
        who: &Administrator,
        id: Id,
        asked: Asked,
        deed: site::deed::Deed,
    ) -> Result<Json<Done>, No> {
        if self.connections.is_in_file(&id) {
            return Err(No::because(Refusal::InSettingsFile));
        }
        let _turn = self.connections.turn().await;
        let before = self.connections.known().get(id.0, &id.1).cloned();
        let drawn = (asked.draw_secret && id.0 == Kind::Bridge).then(entropy::token::<32>);
        let typed = drawn.clone().map(Secret::new).or(asked.secret);
        let kept = match (&typed, asked.forget_secret) {
            (None, false) => self.kept(&id, before.as_ref(), &asked.settings)?,
            (Some(_), _) | (None, true) => None,
        };
        let mut after = Connection { settings: asked.settings, secret: None };
        let shown = typed.as_ref().or(kept.as_ref());
        self.connections.build(&id, &after, shown).map_err(invalid)?;
        after.secret = match &typed {
            Some(typed) => Some(self.connections.keep(typed)?),
            None if kept.is_some() => before.as_ref().and_then(|before| before.secret),
            None => None,
        };
        let told =
            |connection: Option<&Connection>| connection.map_or(Plain::Null, |of| told(&id, of));
        let deed = changing(deed, told(before.as_ref()), told(Some(&after)));
        let (kind, name) = id.clone();
        let (connection, reason) = (after.clone(), deed.reason.clone());
        let set = Command::Set { kind, name, connection, reason };
        let old = before.and_then(|before| before.secret);
        if let Err(no) = who.does(self, deed, site::Command::Connections(set)).await {
            // What nothing became of must not stay.
            if let Some(number) = after.secret.filter(|number| Some(*number) != old) {
                self.connections.forget(number);
            }
            return Err(no);
        }
        self.connections.refresh();
        if let Some(number) = old.filter(|number| Some(*number) != after.secret) {
            self.connections.forget(number);
        }
        Ok(Json(Done { secret: drawn }))
    }

    /// The password that a connection has, as long as it goes where it went.
    fn kept(
        &self,
        id: &Id,
        before: Option<&Connection>,
        after: &Settings,
    ) -> Result<Option<Secret>, No> {
        let Some(before) = before else { return Ok(None) };
        let kept = self.connections.secret(before)?;
        if kept.is_some() && sends_elsewhere(id.0, &before.settings, after) {
            let sentence = Refusal::SecretNeeded.sentence().to_owned();
            return Err(No::field(Refusal::SecretNeeded, "secret", sentence));
        }
        Ok(kept)
    }
}

/// A connection as a deed tells of it.
fn told((kind, name): &Id, connection: &Connection) -> Plain {
    let short = |value: &Plain| match value {
        Plain::Text(text) if text.chars().count() > DEED_CHARS_MAX => {
            Plain::Text(text.chars().take(DEED_CHARS_MAX).collect::<String>() + "…")
        }
        other => other.clone(),
    };
    let settings = connection.settings.iter().map(|(name, value)| (name.clone(), short(value)));
    Plain::map([
        ("kind", kind.word().into()),
        ("name", name.as_str().into()),
        ("settings", Plain::Map(settings.collect())),
        ("has_secret", connection.secret.is_some().into()),
    ])
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionReason)]
pub(super) struct Why {
    reason: Option<String>,
}

/// `DELETE /api/v1/admin/connections/{kind}/{name}`
async fn remove(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path((kind, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let Why { reason } = api::read(&body)?;
    let id = named(&kind, &name)?;
    let deed = who.deed(Act::RemoveConnection, Subject::Site, reason.as_deref())?;
    let site = Arc::clone(&site);
    let done = tokio::spawn(async move { site.remove_connection(&who, id, deed).await });
    done.await.unwrap_or_else(|_| Err(No::fault("removing a connection ended early")))
}

impl Site {
    async fn remove_connection(
        &self,
        who: &Administrator,
        id: Id,
        deed: site::deed::Deed,
    ) -> Result<Json<Done>, No> {
        let _turn = self.connections.turn().await;
        let in_file = self.connections.is_in_file(&id);
        let Some(before) = self.connections.known().get(id.0, &id.1).cloned() else {
            let no = if in_file { Refusal::InSettingsFile } else { Refusal::NotFound };
            return Err(No::because(no));
        };
        // Where the settings file has the same name, that one is asked, and goes on to be.
        if !in_file && let Some(script) = self.script_that_names(&id) {
            let sentence =
                format!("The script {script} names it. Change that first, then remove it.");
            return Err(No::said(Refusal::NamedByScript, sentence));
        }
        let deed = changing(deed, told(&id, &before), Plain::Null);
        let (kind, name) = id;
        let remove = Command::Remove { kind, name, reason: deed.reason.clone() };
        who.does(self, deed, site::Command::Connections(remove)).await?;
        self.connections.refresh();
        if let Some(number) = before.secret {
            self.connections.forget(number);
        }
        Ok(Json(Done { secret: None }))
    }

    /// A script that answers and asks this connection.
    fn script_that_names(&self, (kind, name): &Id) -> Option<String> {
        let desk = self.desk.policies.get()?;
        desk.directory().scripts(|scripts| {
            let loaded = scripts.loaded(scripts.version())?;
            let members = loaded
                .live
                .iter()
                .flat_map(|(hook, chain)| chain.iter().map(move |member| (*hook, member)));
            let mut asking = members.filter(|(hook, member)| {
                let text = scripts.text(*hook, &member.sha256);
                text.is_some_and(|text| names_it(&text.text, *kind, name.as_str()))
            });
            asking.next().map(|(hook, member)| format!("{}/{}.rhai", hook.word(), member.name))
        })
    }
}
