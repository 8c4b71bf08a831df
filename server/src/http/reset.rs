//! A new password for somebody who has lost theirs: a link by mail, and its use.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use convoke_model::Actor;
use convoke_model::site::accounts::Via;
use convoke_wire::turbo::Secret;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::boot::Boot;
use super::meeting::Done;
use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, pages};
use crate::accounts::{AccountError, LINK_LIFE};
use crate::mail::Letter;

/// `GET /reset`: the token is in the fragment and never gets here.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let boot = Boot::page("reset").with("mail", Some(site.mail.is_set_up()));
    pages::show(&caller, &boot, StatusCode::OK)
}

/// Who lost a password.
#[derive(Deserialize, ToSchema)]
#[schema(as = LostPassword)]
pub(super) struct Asked {
    email: String,
}

/// `POST /api/v1/reset`: a letter with a link, if there is such an account. The answer does not
/// say so, and does not wait to find out.
pub(super) async fn ask(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<ByMail>, No> {
    let asked: Asked = api::read(&body)?;
    site.accounts.may_ask_for_a_link(&caller.attempt(Via::Page))?;
    let mail = site.mail.is_set_up();
    if mail {
        tokio::spawn(async move {
            match site.send_link(&asked.email).await {
                Ok(())
                | Err(AccountError::Refused(_) | AccountError::Slow(_) | AccountError::Denied(_)) =>
                    {}
                Err(AccountError::Unavailable(reason) | AccountError::Fault(reason)) => {
                    tracing::error!(reason, "a link to set a new password was not made");
                }
            }
        });
    }
    Ok(Json(ByMail { mail }))
}

/// Whether letters are sent at all.
#[derive(Serialize, ToSchema)]
pub(super) struct ByMail {
    mail: bool,
}

/// A link's token and the new password.
#[derive(Deserialize, ToSchema)]
#[schema(as = UsedLink)]
pub(super) struct Used {
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    token: Secret,
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    password: Secret,
}

/// `POST /api/v1/reset/use`: nobody is signed in by it; with codes, one is still owed.
pub(super) async fn spend(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let asked: Used = api::read(&body)?;
    site.exposed(&caller, "/api/v1/reset/use", false).await?;
    let attempt = caller.attempt(Via::Page);
    let (token, password) = (asked.token.expose(), asked.password.expose());
    site.accounts.use_reset(token, password, &attempt).await?;
    Ok(Json(Done {}))
}

impl Site {
    async fn send_link(&self, typed: &str) -> Result<(), AccountError> {
        let account = self.accounts.find(typed).await?;
        let local = account.filter(|account| account.enabled && account.external.is_none());
        let Some(account) = local.filter(|account| self.accounts.may_have_a_link(account.id))
        else {
            return Ok(());
        };
        let token = self.accounts.issue_reset(&account, Actor::Server).await?;
        let link = Secret::new(format!("{}/reset#{}", self.address(), token.as_str()));
        let minutes = LINK_LIFE.as_secs() / 60;
        self.mail.send(&account.email, Letter::Reset { link, minutes });
        Ok(())
    }
}
