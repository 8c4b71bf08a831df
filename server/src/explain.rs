//! `convoke auth` and `convoke ldap`: asks those outside as a sign-in would, and tells each step.

use std::path::{Path, PathBuf};

use convoke_plugins::callback::{Callback, Finding, Known, Method, Settings, check_adapter};
use convoke_plugins::ldap::Directory;
use convoke_plugins::{NonEmptySecret, Outcome, Report};

use crate::command::{AuthExplain, CheckAdapter, LdapTest};
use crate::config::Config;
use crate::control_socket::{self, Answer, Call};
use crate::folder::Folder;
use crate::outside::Outside;
use crate::run::{read_password, runtime};
use crate::say;

/// The settings' name in a data folder, when `--config` names no other.
const CONFIG: &str = "convoke.toml";

type Done = Result<Answer, Box<dyn std::error::Error>>;

/// `convoke auth explain EMAIL`
pub(crate) fn auth(words: &AuthExplain) -> Done {
    let config = config(words.config.as_deref(), words.data.as_deref())?;
    let outside = Outside::open(&config, &[])?;
    let typed = if words.password_stdin { Some(read_password()?) } else { None };
    let secret = typed.as_ref().map(|typed| NonEmptySecret::new(typed)).transpose()?;
    let runtime = runtime()?;
    let verdict = match &words.data {
        Some(data) => {
            let call = Call::AuthExplain { name: words.email.clone(), password: typed };
            runtime.block_on(control_socket::ask(&Folder::open(data)?, &call))?
        }
        None => None,
    };
    if verdict.is_none() && outside.callbacks.is_empty() && outside.directories.is_empty() {
        return Ok(Answer::Refused(
            "The settings name no [callback.NAME] and no [ldap.NAME]; what a running server would \
             say is told with its --data DIR."
                .into(),
        ));
    }
    let mut allowed = Vec::new();
    for (name, callback) in &outside.callbacks {
        say::line(&format!("callback.{name}"));
        let Some(secret) = &secret else {
            say::line("  not asked: an application server is asked with a password only");
            continue;
        };
        let report = runtime.block_on(callback.ask(&words.email, secret));
        tell(&report);
        allowed.extend(is_allowed(&report).then(|| format!("callback.{name}")));
    }
    for (name, directory) in &outside.directories {
        say::line(&format!("ldap.{name}"));
        let report = runtime.block_on(look(directory, &words.email, secret.as_ref()));
        tell(&report);
        allowed.extend(is_allowed(&report).then(|| format!("ldap.{name}")));
    }
    match verdict {
        None => Ok(closing(&allowed, secret.is_some())),
        // Who is asked, and in which order, is the server's to say.
        Some(verdict) => Ok(verdict),
    }
}

/// `convoke ldap test EMAIL`
pub(crate) fn ldap(words: &LdapTest) -> Done {
    let config = config(words.config.as_deref(), words.data.as_deref())?;
    let outside = Outside::open(&config, &[])?;
    let wanted = |name: &str| words.server.as_deref().is_none_or(|server| server == name);
    let chosen: Vec<_> = outside.directories.iter().filter(|(name, _)| wanted(name)).collect();
    if chosen.is_empty() {
        let names: Vec<String> = outside.directories.keys().map(|n| format!("ldap.{n}")).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Ok(Answer::Refused(format!("No such directory; the settings name: {names}.")));
    }
    let secret = secret(words.password_stdin)?;
    let runtime = runtime()?;
    let mut allowed = Vec::new();
    for (name, directory) in chosen {
        say::line(&format!("ldap.{name}"));
        let report = runtime.block_on(look(directory, &words.email, secret.as_ref()));
        tell(&report);
        allowed.extend(is_allowed(&report).then(|| format!("ldap.{name}")));
    }
    Ok(closing(&allowed, secret.is_some()))
}

/// `convoke auth check-adapter URL`
pub(crate) fn adapter(words: &CheckAdapter) -> Done {
    let allow_private = words
        .allow_private
        .iter()
        .map(|network| network.parse())
        .collect::<Result<Vec<_>, String>>()?;
    let settings = Settings {
        url: words.url.clone(),
        method: if words.get { Method::Get } else { Method::Post },
        ca: words.ca.clone(),
        allow_loopback: words.allow_loopback,
        allow_private,
        ..Settings::default()
    };
    let adapter = Callback::new(settings, &[])?;
    let secret = secret(words.password_stdin)?;
    let known = match (&words.email, &secret) {
        (Some(name), Some(secret)) => Some(Known { name, secret }),
        (Some(_), None) | (None, Some(_)) => {
            return Ok(Answer::Refused("--email and --password-stdin belong together.".into()));
        }
        (None, None) => None,
    };
    if known.is_none() {
        say::line("No good sign-in is tried: give --email and --password-stdin for that.");
    }
    let findings = runtime()?.block_on(check_adapter(&adapter, known));
    let wrong = findings.iter().filter(|finding| !finding.wrong.is_empty()).count();
    findings.iter().for_each(tell_finding);
    Ok(match wrong {
        0 => Answer::Done(format!("{} tried, all as it should be.", findings.len())),
        _ => Answer::Refused(format!("{} tried, {wrong} not as it should be.", findings.len())),
    })
}

async fn look(directory: &Directory, name: &str, secret: Option<&NonEmptySecret>) -> Report {
    match secret {
        Some(secret) => directory.sign_in(name, secret).await,
        None => directory.find(name).await,
    }
}

fn config(named: Option<&Path>, data: Option<&Path>) -> Result<Config, Box<dyn std::error::Error>> {
    let path: PathBuf = match (named, data) {
        (Some(path), _) => path.to_path_buf(),
        (None, Some(data)) => data.join(CONFIG),
        (None, None) => return Err("Say --config FILE, or --data DIR with a convoke.toml.".into()),
    };
    if named.is_none() && !path.exists() {
        return Ok(Config::default());
    }
    Ok(Config::load(&path)?)
}

/// The password of standard input, when there is to be one.
fn secret(wanted: bool) -> Result<Option<NonEmptySecret>, Box<dyn std::error::Error>> {
    if !wanted {
        return Ok(None);
    }
    Ok(Some(NonEmptySecret::new(&read_password()?)?))
}

fn is_allowed(report: &Report) -> bool {
    match report.outcome {
        Outcome::Allowed(_) => true,
        Outcome::Denied(..) | Outcome::Failed(_) => false,
    }
}

fn tell(report: &Report) {
    for step in &report.steps {
        let ms = step.took.as_secs_f64() * 1000.0;
        say::line(&format!("  {:<13} {:>8.1} ms  {}", step.what, ms, step.detail));
    }
    if let Outcome::Allowed(profile) = &report.outcome {
        let told = [
            ("first name", &profile.first_name),
            ("last name", &profile.last_name),
            ("phone", &profile.phone),
            ("e-mail", &profile.email),
            ("user id", &profile.user_id),
            ("time zone", &profile.time_zone),
        ];
        let told: Vec<String> = told
            .iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}: {value}")))
            .chain(profile.others.iter().map(|(name, value)| format!("{name}: {value}")))
            .chain(profile.administrator.then(|| "administrator".to_owned()))
            .collect();
        say::line(&format!("  {:<13} {:>11}  {}", "mapping", "", told.join(", ")));
    }
    say::line(&format!("  {:<13} {:>11}  {}", "outcome", "", report.outcome));
}

fn tell_finding(finding: &Finding) {
    let ms = finding.took.as_millis();
    if finding.wrong.is_empty() {
        say::line(&format!("ok     {ms:>5} ms  {}", finding.tried));
    }
    for wrong in &finding.wrong {
        say::line(&format!("WRONG  {ms:>5} ms  {}: {wrong}", finding.tried));
    }
}

fn closing(allowed: &[String], asked: bool) -> Answer {
    match (allowed, asked) {
        ([], true) => Answer::Refused("Nobody lets this person in.".to_owned()),
        ([], false) => Answer::Refused("Nobody knows this person.".to_owned()),
        (names, true) => Answer::Done(format!("Let in by {}.", names.join(", "))),
        (names, false) => {
            Answer::Done(format!("Known to {}; no password tried.", names.join(", ")))
        }
    }
}
