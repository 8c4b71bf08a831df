//! Trying a connection, saved or only typed: the verdict step by step, as `convoke auth explain`
//! and `convoke ldap test` tell it. Nobody is signed in by it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use convoke_model::Refusal;
use convoke_model::policy::Value as Plain;
use convoke_model::site::connections::{Connection, Kind, Settings};
use convoke_model::site::deed::{Act, Subject};
use convoke_plugins::callback::Callback;
use convoke_plugins::ldap::Directory;
use convoke_plugins::{Detail, NonEmptySecret, Outcome, Report, Said, Step};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::who::{Administrator, changing};
use super::{invalid, named};
use crate::connections::{Built, Id};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;
use crate::mail::{Given, Trial, try_letter};

/// What is tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionTry)]
pub(in super::super) struct Try {
    /// What was typed and not saved; nothing tries the connection as it is.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Option<Settings>,
    /// The password of the connection, where one was typed.
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>)]
    secret: Option<Secret>,
    /// What a person types as their name, for whoever says who somebody is.
    #[serde(default)]
    name: String,
    /// And as their password.
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionVerdict)]
pub(in super::super) struct Verdict {
    /// `allowed`, `denied`, `failed`; `answered` where nobody was to be let in.
    outcome: &'static str,
    /// In English.
    said: String,
    /// What is said, as a stable code with its values.
    code: &'static str,
    values: Vec<String>,
    steps: Vec<StepSeen>,
    profile: Vec<Told>,
}

/// One step.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionStep)]
pub(in super::super) struct StepSeen {
    what: &'static str,
    /// In English, or as a machine said it.
    detail: String,
    /// A stable code with its values, where it is a sentence.
    code: Option<&'static str>,
    values: Vec<String>,
    micros: u64,
}

/// Something that is said of a person.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionTold)]
pub(in super::super) struct Told {
    name: &'static str,
    value: String,
}

/// Who is asked.
enum End {
    Callback(Arc<Callback>),
    Http(Arc<Callback>),
    Ldap(Arc<Directory>),
    Mail(Box<Given>),
}

/// `POST /api/v1/admin/connections/{kind}/{name}/try`
pub(in super::super) async fn try_it(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path((kind, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Verdict>, No> {
    let asked: Try = api::read(&body)?;
    let id = named(&kind, &name)?;
    let password = match &asked.password {
        Some(password) => {
            let secret = NonEmptySecret::new(password.expose());
            Some(secret.map_err(|_| Refusal::Malformed)?)
        }
        None => None,
    };
    // Without a password an application server is not asked: it would be a failure there.
    if id.0 == Kind::Callback && password.is_none() {
        return Err(No::because(Refusal::Empty));
    }
    let deed = who.deed(Act::TrySignIn, Subject::Site, None)?;
    let unsaved = asked.settings.is_some();
    let end = end(&site, &id, asked.settings, asked.secret)?;
    // Passwords of others are tried here: one after the other.
    let Ok(_turn) = site.desk.trying.try_acquire() else {
        return Err(No::because(Refusal::Busy));
    };
    let person = asked.name.as_str();
    let verdict = match (&end, &password) {
        (End::Callback(callback), Some(secret)) => words(callback.ask(person, secret).await),
        (End::Callback(_), None) => return Err(No::because(Refusal::Empty)),
        (End::Ldap(directory), Some(secret)) => words(directory.sign_in(person, secret).await),
        (End::Ldap(directory), None) => words(directory.find(person).await),
        (End::Http(service), _) => {
            let fields = Plain::map([("try", "convoke".into())]);
            answered(service.probe(&fields).await.map_err(|why| No::said(Refusal::Malformed, why))?)
        }
        (End::Mail(given), _) => letter(try_letter(given, who.email()).await),
    };
    let part = format!("{}.{}", id.0.word(), id.1.as_str());
    let after = Plain::map([
        ("server", part.into()),
        ("unsaved", unsaved.into()),
        ("name", person.chars().take(320).collect::<String>().into()),
        ("outcome", verdict.outcome.into()),
    ]);
    who.note(&site, changing(deed, Plain::Null, after)).await?;
    Ok(Json(verdict))
}

/// Whom to ask: what was typed, or what is there.
fn end(site: &Site, id: &Id, typed: Option<Settings>, secret: Option<Secret>) -> Result<End, No> {
    let name = id.1.as_str();
    let saved = site.connections.known().get(id.0, &id.1).cloned();
    let Some(settings) = typed else {
        let outside = site.connections.outside().ok_or(Refusal::NotFound)?;
        let found = match id.0 {
            Kind::Callback => outside.callback(name).map(End::Callback),
            Kind::Http => outside.service(name).map(End::Http),
            Kind::Ldap => outside.directory(name).map(End::Ldap),
            Kind::Mail if site.connections.is_in_file(id) => {
                let given = Given::of_file(&site.config.mail);
                let given = given.map_err(|bad| No::said(Refusal::SettingInvalid, bad.why))?;
                Some(End::Mail(Box::new(given)))
            }
            Kind::Mail => match saved {
                Some(saved) => {
                    let kept = site.connections.secret(&saved)?;
                    Some(made(site, id, saved.settings, kept)?)
                }
                None => None,
            },
            // A bridge asks us; it is tried from there.
            Kind::Bridge => None,
        };
        return found.ok_or_else(|| No::because(Refusal::NotFound));
    };
    let secret = match secret {
        Some(secret) => Some(secret),
        // The one that is kept goes where it went, and nowhere else.
        None => site.kept(id, saved.as_ref(), &settings)?,
    };
    made(site, id, settings, secret)
}

fn made(site: &Site, id: &Id, settings: Settings, secret: Option<Secret>) -> Result<End, No> {
    let form = Connection { settings, secret: None };
    match site.connections.build(id, &form, secret.as_ref()).map_err(invalid)? {
        Built::Callback(made) => Ok(End::Callback(Arc::from(made))),
        Built::Http(made) => Ok(End::Http(Arc::from(made))),
        Built::Ldap(made) => Ok(End::Ldap(Arc::new(made))),
        Built::Mail(made) => Ok(End::Mail(made)),
        Built::Bridge(_) => Err(No::because(Refusal::NotFound)),
    }
}

fn words(report: Report) -> Verdict {
    let said = report.outcome.said();
    let (outcome, profile) = match report.outcome {
        Outcome::Denied(..) => ("denied", Vec::new()),
        Outcome::Failed(_) => ("failed", Vec::new()),
        Outcome::Allowed(profile) => {
            let told = [
                ("first_name", profile.first_name),
                ("last_name", profile.last_name),
                ("phone", profile.phone),
                ("email", profile.email),
                ("user_id", profile.user_id),
                ("time_zone", profile.time_zone),
            ];
            let told =
                told.into_iter().filter_map(|(name, value)| Some(Told { name, value: value? }));
            ("allowed", told.collect())
        }
    };
    verdict(outcome, said, report.steps, profile)
}

/// The same where nobody was to be let in.
fn answered(report: Report) -> Verdict {
    match report.outcome {
        Outcome::Allowed(_) => {
            let words = "It answers in a form that scripts can read.";
            verdict("answered", Said::new("readable", [], words), report.steps, Vec::new())
        }
        Outcome::Denied(..) | Outcome::Failed(_) => words(report),
    }
}

fn letter(trial: Trial) -> Verdict {
    let (outcome, said) = match trial.failed {
        None => {
            let words = "The mail server has taken the letter.";
            ("answered", Said::new("letter_taken", [], words))
        }
        Some(why) => ("failed", why),
    };
    verdict(outcome, said, trial.steps, Vec::new())
}

fn verdict(outcome: &'static str, said: Said, steps: Vec<Step>, profile: Vec<Told>) -> Verdict {
    let text = said.to_string();
    let Said { code, values, .. } = said;
    Verdict { outcome, said: text, code, values, steps: seen(steps), profile }
}

fn seen(steps: Vec<Step>) -> Vec<StepSeen> {
    let seen = |Step { what, detail, took }: Step| {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let text = detail.to_string();
        let (code, values) = match detail {
            Detail::Plain(_) => (None, Vec::new()),
            Detail::Said(said) => (Some(said.code), said.values),
        };
        StepSeen { what, detail: text, code, values, micros }
    };
    steps.into_iter().map(seen).collect()
}
