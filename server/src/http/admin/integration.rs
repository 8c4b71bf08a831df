//! Trying those outside who say who somebody is: the verdict step by step, as `convoke auth
//! explain` and `convoke ldap test` tell it. Nobody is signed in by it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use convoke_model::Refusal;
use convoke_model::policy::Value as Plain;
use convoke_model::site::deed::{Act, Subject};
use convoke_plugins::{NonEmptySecret, Outcome, Report};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::who::{Administrator, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Who is asked.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TryVia)]
enum Via {
    Callback,
    Ldap,
}

/// A sign-in that is tried. Nobody is signed in by it.
#[derive(Deserialize, ToSchema)]
#[schema(as = TrySignIn)]
pub(super) struct Try {
    via: Via,
    /// Its name in the settings.
    server: String,
    /// What the person types as their name.
    name: String,
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
}

/// What came of trying a sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = TriedSignIn)]
pub(super) struct Verdict {
    /// `allowed`, `denied` or `failed`.
    outcome: &'static str,
    said: String,
    steps: Vec<Step>,
    /// What the server outside says of the person, when they are let in.
    profile: Vec<Told>,
}

/// A step of it.
#[derive(Serialize, ToSchema)]
#[schema(as = TriedStep)]
struct Step {
    what: String,
    detail: String,
    micros: u64,
}

/// Something of a person.
#[derive(Serialize, ToSchema)]
#[schema(as = TriedProfile)]
struct Told {
    name: &'static str,
    value: String,
}

/// `POST /api/v1/admin/integration/try`
pub(super) async fn try_sign_in(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Verdict>, No> {
    let Try { via, server, name, password } = api::read(&body)?;
    let outside = site.desk.outside.get().ok_or(Refusal::NotFound)?;
    let secret = match &password {
        Some(password) => {
            let secret = NonEmptySecret::new(password.expose());
            Some(secret.map_err(|_| Refusal::Malformed)?)
        }
        None => None,
    };
    let deed = who.deed(Act::TrySignIn, Subject::Site, None)?;
    // Passwords of others are tried here: one after the other.
    let Ok(_turn) = site.desk.trying.try_acquire() else {
        return Err(No::because(Refusal::Busy));
    };
    let (part, report) = match (via, secret) {
        (Via::Callback, secret) => {
            let callback = outside.callbacks.get(&server).ok_or(Refusal::NotFound)?;
            // Without a password an application server is not asked: it would be a failure there.
            let secret = secret.ok_or(Refusal::Empty)?;
            (format!("callback.{server}"), callback.ask(&name, &secret).await)
        }
        (Via::Ldap, secret) => {
            let directory = outside.directories.get(&server).ok_or(Refusal::NotFound)?;
            let report = match &secret {
                Some(secret) => directory.sign_in(&name, secret).await,
                None => directory.find(&name).await,
            };
            (format!("ldap.{server}"), report)
        }
    };
    let after = Plain::map([
        ("server", part.into()),
        ("name", name.chars().take(320).collect::<String>().into()),
        ("outcome", word(&report.outcome).into()),
    ]);
    who.note(&site, changing(deed, Plain::Null, after)).await?;
    Ok(Json(words(&report)))
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed(_) => "allowed",
        Outcome::Denied(..) => "denied",
        Outcome::Failed(_) => "failed",
    }
}

fn words(report: &Report) -> Verdict {
    let steps = report.steps.iter().map(|step| Step {
        what: step.what.to_string(),
        detail: step.detail.clone(),
        micros: u64::try_from(step.took.as_micros()).unwrap_or(u64::MAX),
    });
    let profile = match &report.outcome {
        Outcome::Allowed(profile) => {
            let told = [
                ("first_name", &profile.first_name),
                ("last_name", &profile.last_name),
                ("phone", &profile.phone),
                ("email", &profile.email),
                ("user_id", &profile.user_id),
                ("time_zone", &profile.time_zone),
            ];
            let told = told
                .into_iter()
                .filter_map(|(name, value)| Some(Told { name, value: value.as_ref()?.clone() }));
            told.collect()
        }
        Outcome::Denied(..) | Outcome::Failed(_) => Vec::new(),
    };
    Verdict {
        outcome: word(&report.outcome),
        said: report.outcome.to_string(),
        steps: steps.collect(),
        profile,
    }
}
