//! Who did what: the facts of the site, the newest first, by what they are about, by whom and when.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use convoke_model::policy::Decided;
use convoke_model::site::{Event, accounts, scripts};
use convoke_model::{AccountId, Actor, Millis, Record, StreamId};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::each::{Each, Emails};
use super::newest_first::{Found, newest_first};
use super::session_log;
use super::table::{Asked, place_word};
use super::who::Reader;
use crate::http::refusal::No;
use crate::http::site::Site;

/// What is asked for.
struct Wanted {
    kind: Option<&'static str>,
    by: Option<Actor>,
    from: Millis,
    to: Millis,
    filter: String,
}

/// A fact that fits.
struct Told {
    seq: u64,
    at: Millis,
    by: Actor,
    kind: &'static str,
    name: String,
    fact: Value,
}

/// Facts of the site, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditFacts)]
pub(super) struct Facts {
    rows: Vec<FactSeen>,
    /// What to give as `after` for those before them. There may be some although none is shown.
    next: Option<String>,
}

/// A fact of the site.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditFact)]
struct FactSeen {
    seq: u64,
    at_ms: u64,
    /// What whoever did it signs in with; nothing for the server itself.
    by: Option<String>,
    by_number: u32,
    /// One of those that can be asked for.
    kind: &'static str,
    /// Its topic and name, such as `accounts.added`.
    name: String,
    /// What it says, as it stands in the log.
    fact: Value,
}

/// What facts can be about.
pub(super) const KINDS: [&str; 8] =
    ["deeds", "sign_ins", "accounts", "groups", "alarms", "settings", "policies", "server"];

/// What a fact is about.
fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::Deed(_) => "deeds",
        Event::Accounts(
            accounts::Event::SignedIn { .. }
            | accounts::Event::SignInFailed { .. }
            | accounts::Event::SignInsEnded { .. },
        ) => "sign_ins",
        Event::Accounts(_) | Event::Keys(_) => "accounts",
        Event::Groups(_) => "groups",
        Event::Alarm(_) => "alarms",
        Event::Settings(_) | Event::Webhooks(_) | Event::Connections(_) => "settings",
        Event::Policy(_) | Event::Scripts(_) => "policies",
        Event::Rooms(_)
        | Event::Audit(_)
        | Event::Started { .. }
        | Event::Lost(_)
        | Event::Erased(_) => "server",
    }
}

/// `GET /api/v1/admin/audit?kind=&by=&from_ms=&to_ms=&q=&after=&limit=`
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Facts>, No> {
    let kind = asked.word("kind", &KINDS)?;
    let by = asked.number("by")?.map(Actor::from_number);
    let wanted = Wanted {
        kind,
        by,
        from: Millis(asked.number("from_ms")?.unwrap_or(0)),
        to: Millis(asked.number("to_ms")?.unwrap_or(u64::MAX)),
        filter: asked.filter.clone(),
    };
    let page = (asked.place()?, asked.limit());
    let fitting = fitting(&site, &asked).await?;
    let found = session_log::reading(&site, move |log| {
        // An erased fact has nothing to show.
        let read = |entry: &EntryRef<'_>| codec::decode::<Event>(entry).ok();
        newest_first(log, StreamId::SITE, page, read, |seq, record| {
            if record.time < wanted.from {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(fits(seq, record, &wanted, &fitting))
        })
    });
    let Found { rows, next } = found.await?.unwrap_or_default();
    let mut emails = Emails::default();
    for told in &rows {
        emails.of(&site, AccountId(told.by.number())).await?;
    }
    let named = |by: Actor| Some(emails.known(AccountId(by.number()))).filter(|by| !by.is_empty());
    let rows = rows.into_iter().map(|told| FactSeen {
        seq: told.seq,
        at_ms: told.at.0,
        by: named(told.by).map(str::to_owned),
        by_number: told.by.number(),
        kind: told.kind,
        name: told.name,
        fact: told.fact,
    });
    Ok(Json(Facts { rows: rows.collect(), next: next.map(|next| place_word(&next)) }))
}

/// The accounts whose names fit the filter, when there is one.
async fn fitting(site: &Site, asked: &Asked) -> Result<BTreeSet<AccountId>, No> {
    let mut fitting = BTreeSet::new();
    if asked.filter.is_empty() {
        return Ok(fitting);
    }
    let mut all = Each::default();
    while let Some(run) = all.accounts(site).await? {
        let fit = run.iter().filter(|account| asked.fits(&[account.email.as_str()]));
        fitting.extend(fit.map(|account| account.id));
    }
    Ok(fitting)
}

fn fits(
    seq: u64,
    record: Record<Event>,
    wanted: &Wanted,
    fitting: &BTreeSet<AccountId>,
) -> Option<Told> {
    let kind = kind_of(&record.event);
    let (at, by) = (record.time, record.actor);
    let is_wanted = at <= wanted.to
        && wanted.kind.is_none_or(|wanted| wanted == kind)
        && wanted.by.is_none_or(|wanted| wanted == by);
    if !is_wanted {
        return None;
    }
    let (name, fact) = words(record.event);
    let contains = |text: &str| text.to_lowercase().contains(&wanted.filter);
    let has = wanted.filter.is_empty()
        || fitting.contains(&AccountId(by.number()))
        || contains(&name)
        || contains(&fact.to_string());
    has.then_some(Told { seq, at, by, kind, name, fact })
}

/// `topic.name` and what else there is to say. Texts of scripts are left out: they are long, and
/// are shown elsewhere. So is what scripts were asked and answered, and to read it there is a deed.
fn words(mut event: Event) -> (String, Value) {
    match &mut event {
        Event::Policy(decided) => return ("policy".to_owned(), decision(decided)),
        Event::Scripts(scripts::Event::Kept(text)) => text.text.clear(),
        _ => {}
    }
    let mut value = serde_json::to_value(&event).unwrap_or_default();
    let mut name = String::new();
    for _ in 0..2 {
        let Some((tag, inner)) = value.as_object().and_then(|map| map.iter().next()) else { break };
        if !inner.is_object() || value.as_object().is_some_and(|map| map.len() != 1) {
            break;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(tag);
        value = inner.clone();
    }
    (name, value)
}

fn decision(decided: &Decided) -> Value {
    let script = decided.script.as_ref().map(|script| script.path.as_str());
    json!({
        "hook": decided.question.hook().word(),
        "policy": decided.policy,
        "script": script,
        "fallback": decided.fallback,
        "micros": decided.micros,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::site::Audit;

    #[test]
    fn a_fact_has_a_name_and_what_it_says() {
        let (name, fact) = words(Event::Audit(Audit::BackedUp { entries: 9 }));
        assert_eq!((name.as_str(), fact), ("audit.backed_up", json!({ "entries": 9 })));
        let (name, fact) = words(Event::Started { version: "1".into() });
        assert_eq!((name.as_str(), fact), ("started", json!({ "version": "1" })));
    }
}
