//! The facts of the site and of a meeting's own life in words.

use convoke_model::StreamId;
use convoke_model::meeting::life;
use convoke_model::meeting::plan::Plan;
use convoke_model::policy::Value;
use convoke_model::site::deed::{Deed, Subject};
use convoke_model::site::{Audit, Event, Loss, LossReason, LostStretch};
use convoke_model::site::{connections, keys, rooms, scripts, settings, webhooks};
use convoke_model::text::{Address, Sentence};

use super::{end, kind};
use crate::json::hex;
use crate::names::{Names, stream_name};
use crate::out::{count, plain};

/// A fact of a meeting's own stream.
pub(crate) fn life(event: &life::Event, names: &Names) -> String {
    match event {
        life::Event::Created(creation) => format!(
            "made \"{}\" ({}) for {}, {}{}",
            plain(creation.topic.as_str()),
            kind(creation.kind),
            names.account(creation.owner),
            if creation.has_password { "with a password" } else { "without a password" },
            creation.plan.as_ref().map(|said| format!("; {}", plan(said))).unwrap_or_default(),
        ),
        life::Event::Changed(change) => {
            let password = if change.password_changed { ", with another password" } else { "" };
            let topic = plain(change.topic.as_str());
            format!(
                "changed to \"{topic}\" ({}), {}{password}",
                kind(change.kind),
                plan(&change.plan)
            )
        }
        life::Event::Cancelled { reason: None } => "called off".into(),
        life::Event::Cancelled { reason: Some(reason) } => {
            format!("called off: {}", plain(reason.as_str()))
        }
        life::Event::Restored {} => "held after all".into(),
        life::Event::Transferred { from, to } => {
            format!("given by {} to {}", names.account(*from), names.account(*to))
        }
        life::Event::Invited { people } => {
            let people: Vec<String> = people.iter().map(|who| plain(who.as_str())).collect();
            format!("invited {}", people.join(", "))
        }
        life::Event::CodeDrawn { code } => format!("given the access code {}", code.as_str()),
        life::Event::SessionOpened { session } => format!("session {session} was opened"),
        life::Event::SessionEnded { session, reason, tail, hash } => format!(
            "session {session} ended: {}; its stream stands at seq {}, hash {}",
            end(*reason),
            tail.seq,
            hex(hash)
        ),
    }
}

fn plan(plan: &Plan) -> String {
    let mut words = match &plan.when {
        None => "at any time".to_owned(),
        Some(when) => {
            let (start, zone) = (when.start.as_str(), plain(when.zone.as_str()));
            let rule = when.rule.as_ref().map(|rule| format!(", again by {}", rule.as_str()));
            format!("at {start} {zone} for {} min{}", when.minutes, rule.unwrap_or_default())
        }
    };
    let marks = [
        (plan.public, "public"),
        (plan.lobby, "with a lobby"),
        (plan.own_network, "for the own network"),
    ];
    for (_, word) in marks.iter().filter(|(is, _)| *is) {
        words.push_str(", ");
        words.push_str(word);
    }
    words
}

/// A fact of the site.
pub(crate) fn site(event: &Event, names: &Names) -> String {
    match event {
        Event::Accounts(event) => super::accounts::of(event, names),
        Event::Groups(event) => super::accounts::of_group(event),
        Event::Alarm(alarm) => super::accounts::alarm(alarm, names),
        Event::Policy(decided) => super::policy(decided, names),
        Event::Scripts(event) => of_scripts(event),
        Event::Settings(settings::Event::Set { before: _, after, reason }) => {
            let why = reason.as_ref().map(|why| format!("; reason: {}", plain(why.as_str())));
            let part = serde_json::to_string(after).unwrap_or_default();
            format!("settings changed to {}{}", plain(&part), why.unwrap_or_default())
        }
        Event::Rooms(rooms::Event::Taken { meeting }) => format!("a room for meeting {meeting}"),
        Event::Rooms(rooms::Event::Given { meetings }) => {
            let which: Vec<String> = meetings.iter().map(ToString::to_string).collect();
            format!("no room any more for {}", which.join(", "))
        }
        Event::Webhooks(event) => of_webhooks(event),
        Event::Keys(event) => of_keys(event, names),
        Event::Connections(event) => of_connection(event),
        Event::Audit(Audit::CredentialExposed { route, in_address }) => {
            let how = if *in_address { "in an address" } else { "over plain HTTP" };
            format!("a password came {how} by {}", plain(route))
        }
        Event::Audit(Audit::BackedUp { entries }) => {
            format!("a backup was made: {}", count(*entries, "fact", "facts"))
        }
        Event::Started { version } => format!("the server started, version {}", plain(version)),
        Event::Lost(loss) => lost(loss),
        Event::Deed(deed) => of_deed(deed, names),
        Event::Erased(erasure) => {
            let range = |(stream, from, to): &(StreamId, u64, u64)| {
                format!("{} seq {from} to {to}", stream_name(*stream))
            };
            let what: Vec<String> = erasure.entries.iter().map(range).collect();
            let stretches = count(what.len() as u64, "stretch", "stretches");
            let why = plain(&erasure.reason);
            format!("erased {stretches}: {}; reason: {why}", what.join(", "))
        }
    }
}

fn of_keys(event: &keys::Event, names: &Names) -> String {
    match event {
        keys::Event::Made { key, account, name, scopes, expires } => {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
            let until = expires.map(|at| format!(", until {}", crate::times::utc(at)));
            format!(
                "API key {key} \"{}\" was made for {}: {}{}",
                plain(name.as_str()),
                names.account(*account),
                scopes.join(", "),
                until.unwrap_or_default()
            )
        }
        keys::Event::Revoked { key } => format!("API key {key} was revoked"),
    }
}

/// What an administrator did: the act, to what, from what to what, why, and from where.
fn of_deed(deed: &Deed, names: &Names) -> String {
    let on = match deed.on {
        Subject::Site => "the server".to_owned(),
        Subject::Account(account) => names.account(account),
        Subject::Group(group) => format!("group {group}"),
        Subject::Meeting(meeting) => format!("meeting {meeting}"),
    };
    let mut words = format!("administers: {} on {on}", deed.act.word());
    for (how, value) in [("before", &deed.before), ("after", &deed.after)] {
        if *value != Value::Null {
            words.push_str(&format!("; {how}: {}", plain(&value.shown())));
        }
    }
    for (how, text) in [
        ("reason", deed.reason.as_ref().map(Sentence::as_str)),
        ("from", deed.from.as_ref().map(Address::as_str)),
        ("sign-in", deed.sign_in.as_deref()),
    ] {
        if let Some(text) = text {
            words.push_str(&format!("; {how}: {}", plain(text)));
        }
    }
    words
}

fn lost(loss: &Loss) -> String {
    let mut words =
        format!("a loss was accepted: {} of {} facts were there", loss.found, loss.expected);
    let why = match &loss.why {
        None => String::new(),
        Some(LossReason::Missing { by }) => format!("; the {} knew of more", plain(by)),
        Some(LossReason::Damaged { file, offset, what }) => {
            format!("; {} at byte {offset}: {}", plain(file), plain(what))
        }
        Some(LossReason::WitnessLost {}) => "; the head witness was lost".into(),
    };
    words.push_str(&why);
    for LostStretch { stream, from, to } in &loss.streams {
        words.push_str(&format!("; {} seq {from} to {to}", stream_name(*stream)));
    }
    if loss.more > 0 {
        words.push_str(&format!("; and {} more streams", loss.more));
    }
    words
}

fn of_connection(event: &connections::Event) -> String {
    let json = |of: &connections::Connection| {
        plain(&serde_json::to_string(&of.settings).unwrap_or_default())
    };
    let (kind, name, mut said, reason) = match event {
        connections::Event::Set { kind, name, before, after, reason } => {
            let mut said = match before {
                None => format!("was added: {}", json(after)),
                Some(before) => format!("is now {}, and was {}", json(after), json(before)),
            };
            if before.as_ref().and_then(|before| before.secret) != after.secret {
                said.push_str("; its password changed");
            }
            (kind, name, said, reason)
        }
        connections::Event::Removed { kind, name, before, reason } => {
            (kind, name, format!("was removed; it was {}", json(before)), reason)
        }
    };
    if let Some(why) = reason {
        said.push_str(&format!("; reason: {}", plain(why.as_str())));
    }
    format!("the connection {}.{} {said}", kind.word(), name.as_str())
}

fn of_webhooks(event: &webhooks::Event) -> String {
    use webhooks::Event as Hook;
    let told = |to: &webhooks::Subscription| {
        let events: Vec<&str> = to.events.iter().map(webhooks::Pattern::as_str).collect();
        format!("{} is told of {}", plain(to.url.as_str()), events.join(", "))
    };
    let (what, reason) = match event {
        Hook::Added { subscription, reason, .. } => {
            (format!("was added: {}", told(subscription)), reason)
        }
        Hook::Changed { before, after, reason, .. } => {
            (format!("was changed: {}, and before {}", told(after), told(before)), reason)
        }
        Hook::SecretChanged { reason, .. } => ("got another secret".to_owned(), reason),
        Hook::Disabled { reason, .. } => ("was switched off".to_owned(), reason),
        Hook::Enabled { reason, .. } => ("was switched on".to_owned(), reason),
        Hook::Removed { reason, .. } => ("was removed".to_owned(), reason),
        Hook::GaveUp { letter, .. } => {
            let webhooks::Letter { stream, position, attempts, why } = letter;
            let (of, why) = (stream_name(*stream), plain(why.as_str()));
            let tried = count(u64::from(*attempts), "try", "tries");
            (format!("was not told of {of} seq {} after {tried}: {why}", position.seq), &None)
        }
        Hook::Redelivered { stream, position, .. } => {
            let of = stream_name(*stream);
            (format!("was told of {of} seq {} after all", position.seq), &None)
        }
    };
    let why = reason.as_ref().map(|why| format!("; reason: {}", plain(why.as_str())));
    format!("webhook {} {what}{}", event.webhook(), why.unwrap_or_default())
}

fn of_scripts(event: &scripts::Event) -> String {
    match event {
        scripts::Event::Kept(text) => {
            let (hook, name) = (text.hook.word(), plain(&text.name));
            format!("the script {hook}/{name}.rhai is kept, SHA-256 {}", plain(&text.sha256))
        }
        scripts::Event::Loaded { version, loaded, cause } => {
            let mut said = format!("version {version} of the scripts answers ({})", plain(cause));
            for (chains, how) in [(&loaded.live, ""), (&loaded.trial, " on trial")] {
                for (hook, members) in chains {
                    let names: Vec<_> = members.iter().map(|one| plain(&one.name)).collect();
                    said.push_str(&format!("; {}{how}: {}", hook.word(), names.join(", ")));
                }
            }
            said
        }
    }
}
