//! The facts of the site as events.

use convoke_model::StreamId;
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::Event as Account;
use convoke_model::site::alarm::Alarm;
use convoke_model::site::connections::{Connection, Event as Link};
use convoke_model::site::groups::Event as Group;
use convoke_model::site::keys::Event as Key;
use convoke_model::site::settings::{Event as Setting, Part};
use convoke_model::site::webhooks::{Event as Hook, Letter, Pattern, Subscription};
use convoke_model::site::{Audit, Event, scripts};
use convoke_model::{Position, text};
use serde_json::{Value, json};

use super::{Told, told};

/// A fact of the site; nothing for what is not told.
pub(in crate::events) fn site(event: &Event) -> Option<Told> {
    Some(match event {
        Event::Accounts(event) => of_account(event),
        Event::Groups(event) => of_group(event),
        Event::Alarm(alarm) => of_alarm(alarm),
        Event::Policy(_) | Event::Rooms(_) | Event::Scripts(scripts::Event::Kept(_)) => {
            return None;
        }
        Event::Keys(Key::Made { key, account, name, scopes, expires }) => told(
            "key.made",
            json!({
                "key": key.0,
                "account": account.0,
                "name": name.as_str(),
                "scopes": scopes,
                "expires_ms": expires.map(|expires| expires.0),
            }),
        ),
        Event::Connections(event) => of_connection(event),
        Event::Keys(Key::Revoked { key }) => told("key.revoked", json!({ "key": key.0 })),
        Event::Scripts(scripts::Event::Loaded { version, loaded: _, cause }) => {
            told("policy.loaded", json!({ "version": version, "cause": cause }))
        }
        Event::Settings(Setting::Set { before, after, reason }) => told(
            "settings.changed",
            json!({
                "part": part(after),
                "before": inside(before),
                "after": inside(after),
                "reason": sentence(reason.as_ref()),
            }),
        ),
        Event::Webhooks(event) => of_webhook(event),
        Event::Audit(Audit::CredentialExposed { route, in_address }) => {
            told("server.credential_exposed", json!({ "route": route, "in_address": in_address }))
        }
        Event::Audit(Audit::BackedUp { entries }) => {
            told("server.backed_up", json!({ "entries": entries }))
        }
        Event::Started { version } => told("server.started", json!({ "version": version })),
        Event::Lost(loss) => {
            told("server.lost", json!({ "expected": loss.expected, "found": loss.found }))
        }
        // What it changed is told by the facts beside it.
        Event::Deed(deed) => told(
            "administrator.did",
            json!({
                "act": deed.act.word(),
                "on": deed.on,
                "reason": sentence(deed.reason.as_ref()),
            }),
        ),
        Event::Erased(erasure) => {
            let stretches = erasure.entries.len();
            told("server.erased", json!({ "stretches": stretches, "reason": erasure.reason }))
        }
    })
}

fn of_account(event: &Account) -> Told {
    let changed = |account: u32, what: &str, value: Value| {
        told("account.changed", json!({ "account": account, what: value }))
    };
    match event {
        Account::Added { account, email, name, administrator } => told(
            "account.added",
            json!({
                "account": account.0,
                "email": email.as_str(),
                "name": name.as_str(),
                "administrator": administrator,
            }),
        ),
        Account::Known { account, profile } => told(
            "account.added",
            json!({
                "account": account.0,
                "email": profile.email.as_str(),
                "name": profile.name.as_str(),
                "administrator": profile.privileges.has(Privilege::Administrator),
                "kept_by": profile.external.source.as_str(),
            }),
        ),
        Account::PasswordChanged { account } => only("account.password_changed", account.0),
        Account::SignedIn { account, via: _, from, second: _ } => {
            let from = from.as_ref().map(text::Address::as_str);
            told("account.signed_in", json!({ "account": account.0, "address": from }))
        }
        Account::SignInFailed { account, via: _, from } => {
            let from = from.as_ref().map(text::Address::as_str);
            let account = account.map(|account| account.0);
            told("account.sign_in_failed", json!({ "account": account, "address": from }))
        }
        Account::Renamed { account, name } => changed(account.0, "name", name.as_str().into()),
        Account::Readdressed { account, email } => {
            changed(account.0, "email", email.as_str().into())
        }
        Account::ZoneSet { account, zone } => {
            changed(account.0, "time_zone", json!(zone.as_ref().map(text::Zone::as_str)))
        }
        Account::PrivilegesSet { account, before: _, privileges } => {
            changed(account.0, "privileges", words(*privileges))
        }
        Account::GroupsSet { account, before: _, groups } => {
            let groups: Vec<u32> = groups.iter().map(|group| group.0).collect();
            changed(account.0, "groups", json!(groups))
        }
        Account::Disabled { account } => only("account.disabled", account.0),
        Account::Enabled { account } => only("account.enabled", account.0),
        Account::CodesTurnedOn { account } => only("account.codes_on", account.0),
        Account::CodesTurnedOff { account } => only("account.codes_off", account.0),
        Account::ResetIssued { account } => only("account.reset_issued", account.0),
        Account::SignInsEnded { account, count } => {
            told("account.sign_ins_ended", json!({ "account": account.0, "count": count }))
        }
    }
}

fn only(word: &'static str, account: u32) -> Told {
    told(word, json!({ "account": account }))
}

fn words(privileges: Privileges) -> Value {
    privileges.iter().map(Privilege::word).collect()
}

fn of_group(event: &Group) -> Told {
    match event {
        Group::Added { group, name, privileges } => told(
            "group.added",
            json!({ "group": group.0, "name": name.as_str(), "privileges": words(*privileges) }),
        ),
        Group::Renamed { group, name } => {
            told("group.changed", json!({ "group": group.0, "name": name.as_str() }))
        }
        Group::PrivilegesSet { group, before: _, privileges } => {
            told("group.changed", json!({ "group": group.0, "privileges": words(*privileges) }))
        }
        Group::Removed { group } => told("group.removed", json!({ "group": group.0 })),
    }
}

fn of_alarm(alarm: &Alarm) -> Told {
    let data = match alarm {
        Alarm::ManyFailures { account, failures, from } => json!({
            "alarm": "many_failures",
            "account": account.0,
            "failures": failures,
            "address": from.as_ref().map(text::Address::as_str),
        }),
        Alarm::ManyFailuresFrom { from, failures } => json!({
            "alarm": "many_failures_from",
            "failures": failures,
            "address": from.as_str(),
        }),
        Alarm::NewAdministrator { account } => {
            json!({ "alarm": "new_administrator", "account": account.0 })
        }
        Alarm::BreakGlass { account, from } => json!({
            "alarm": "break_glass",
            "account": account.0,
            "address": from.as_ref().map(text::Address::as_str),
        }),
    };
    told("alarm.raised", data)
}

fn part(part: &Part) -> &'static str {
    match part {
        Part::Branding(_) => "branding",
        Part::Telephone(_) => "telephone",
        Part::Publishing(_) => "publishing",
        Part::Limits(_) => "limits",
        Part::Integration(_) => "integration",
    }
}

/// What a part holds, without its name around it.
fn inside(part: &Part) -> Value {
    let value = serde_json::to_value(part).unwrap_or_default();
    let inner = value.as_object().and_then(|object| object.values().next().cloned());
    inner.unwrap_or(value)
}

fn of_connection(event: &Link) -> Told {
    let of = |connection: &Connection| json!(connection.settings);
    match event {
        Link::Set { kind, name, before, after, reason } => {
            let old = before.as_ref().and_then(|before| before.secret);
            told(
                "connection.set",
                json!({
                    "kind": kind.word(),
                    "name": name.as_str(),
                    "before": before.as_ref().map(of),
                    "after": of(after),
                    "secret_changed": old != after.secret,
                    "reason": sentence(reason.as_ref()),
                }),
            )
        }
        Link::Removed { kind, name, before, reason } => told(
            "connection.removed",
            json!({
                "kind": kind.word(),
                "name": name.as_str(),
                "before": of(before),
                "reason": sentence(reason.as_ref()),
            }),
        ),
    }
}

fn of_webhook(event: &Hook) -> Told {
    let webhook = event.webhook().0;
    let plain = |word, reason: &Option<text::Sentence>| {
        told(word, json!({ "webhook": webhook, "reason": sentence(reason.as_ref()) }))
    };
    match event {
        Hook::Added { webhook: _, subscription, reason } => told(
            "webhook.added",
            json!({
                "webhook": webhook,
                "subscription": shown(subscription),
                "reason": sentence(reason.as_ref()),
            }),
        ),
        Hook::Changed { webhook: _, before, after, reason } => told(
            "webhook.changed",
            json!({
                "webhook": webhook,
                "before": shown(before),
                "after": shown(after),
                "reason": sentence(reason.as_ref()),
            }),
        ),
        Hook::SecretChanged { webhook: _, reason } => plain("webhook.secret_changed", reason),
        Hook::Disabled { webhook: _, reason } => plain("webhook.disabled", reason),
        Hook::Enabled { webhook: _, reason } => plain("webhook.enabled", reason),
        Hook::Removed { webhook: _, reason } => plain("webhook.removed", reason),
        Hook::GaveUp { webhook: _, letter } => {
            let Letter { stream, position, attempts, why } = letter;
            let mut data = place(*stream, *position);
            data["webhook"] = webhook.into();
            data["attempts"] = (*attempts).into();
            data["why"] = why.as_str().into();
            told("webhook.gave_up", data)
        }
        Hook::Redelivered { webhook: _, stream, position } => {
            let mut data = place(*stream, *position);
            data["webhook"] = webhook.into();
            told("webhook.redelivered", data)
        }
    }
}

fn shown(subscription: &Subscription) -> Value {
    let events: Vec<&str> = subscription.events.iter().map(Pattern::as_str).collect();
    let description = sentence(subscription.description.as_ref());
    json!({ "url": subscription.url.as_str(), "events": events, "description": description })
}

fn place(stream: StreamId, position: Position) -> Value {
    let Position { epoch, seq } = position;
    json!({ "stream": stream.to_string(), "epoch": epoch, "seq": seq })
}

fn sentence(text: Option<&text::Sentence>) -> Option<&str> {
    text.map(text::Sentence::as_str)
}
