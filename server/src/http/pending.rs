//! What a legacy host asked for by an address, until a page of ours does it.
//!
//! Scanners and previews open addresses too, so a GET changes nothing: it checks the credentials
//! and leaves a note here under a token. The page's script uses the token, once, by POST; only then
//! is a meeting made or opened.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::text::Topic;
use convoke_model::{AccountId, MeetingId, Refusal};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::api;
use super::join::Entered;
use super::planning::{Password, Planned};
use super::refusal::No;
use super::site::{Caller, Site};
use crate::entropy;
use crate::tickets::TICKET_LIFE;

/// Notes held at once; each belongs to somebody whose password was right.
const NOTES_MAX: usize = 4096;

/// What somebody who proved to be this account wants to host.
pub(super) struct Wish {
    pub(super) account: AccountId,
    /// One of their meetings, or a new one.
    pub(super) meeting: Option<MeetingId>,
    /// The password of a new one.
    pub(super) password: Option<Secret>,
}

/// The notes, each under the hash of its token.
#[derive(Default)]
pub(super) struct Notes(Mutex<HashMap<[u8; 32], (Duration, Wish)>>);

impl Notes {
    /// Keeps a wish for as long as a ticket lives: the token to use it by. `None` when too many
    /// wait.
    pub(super) fn keep(&self, wish: Wish, now: Duration) -> Option<String> {
        let mut notes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        notes.retain(|_, (until, _)| *until > now);
        if notes.len() >= NOTES_MAX {
            return None;
        }
        let token = entropy::token::<16>();
        notes.insert(hash(&token), (now + TICKET_LIFE, wish));
        Some(token)
    }

    /// Uses a token up.
    fn take(&self, token: &str, now: Duration) -> Option<Wish> {
        let mut notes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (until, wish) = notes.remove(&hash(token))?;
        (until > now).then_some(wish)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of what a legacy call asked for.
#[derive(Deserialize, ToSchema)]
#[schema(as = PendingHost)]
pub(super) struct Used {
    pending: String,
}

/// `POST /api/v1/pending-host`: opens what was asked for, and gives the host's ticket.
pub(super) async fn host(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<Hosted>, No> {
    let used: Used = api::read(&body)?;
    let now = site.clock.uptime();
    site.join_limits.may_ask(caller.from(), now)?;
    let wish = site.pending.take(&used.pending, now);
    let Wish { account, meeting, password } = wish.ok_or(Refusal::TicketInvalid)?;
    // As the account is now: it may have been switched off meanwhile.
    let account = site.engine.account(account).await?.filter(|account| account.enabled);
    let account = account.ok_or(Refusal::AccountDisabled)?;
    let id = match meeting {
        Some(id) => id,
        None => {
            let topic = Topic::new(account.name.as_str()).map_err(|_| Refusal::TopicInvalid)?;
            let (kind, password) = (MeetingType::Interactive, Password::of(password));
            let planned = Planned { kind, topic, password, plan: None };
            site.plan_meeting(&account, planned).await?.id
        }
    };
    let (meeting, ticket) = site.host(&account, id, &caller).await?;
    let name = account.name.as_str().to_owned();
    Ok(Json(Hosted { ticket, name, meeting: Entered::of(&meeting) }))
}

/// The host's ticket, and the meeting that it opens.
#[derive(Serialize, ToSchema)]
pub(super) struct Hosted {
    ticket: String,
    name: String,
    meeting: Entered,
}
