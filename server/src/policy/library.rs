//! What this server answers to scripts: its own accounts, those outside, the time, random digits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use convoke_model::policy::Value;
use convoke_model::site::accounts::{Email, Via};
use convoke_plugins::rhai::{Answering, Call, Library, NoLibrary};

use crate::accounts::{AccountError, Accounts, Attempt};
use crate::clock::Clock;
use crate::control::{Account, Engine};
use crate::entropy;
use crate::outside::Outside;

/// Digits that a script may ask for at once.
const DIGITS_MAX: i64 = 20;

/// A library that is put in place after the policies were made, which the engine needs first.
#[derive(Default)]
pub struct LateLibrary(OnceLock<Arc<dyn Library>>);

impl LateLibrary {
    /// Puts it in place, once.
    pub fn set(&self, library: Arc<dyn Library>) {
        // The one that came first stays.
        let _ = self.0.set(library);
    }
}

impl Library for LateLibrary {
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a> {
        match self.0.get() {
            Some(library) => library.call(call),
            None => NoLibrary.call(call),
        }
    }
}

/// `local.find`, `local.verify`, `ldap.bind`, `ldap.find`, `callback.ask`, `http.ask`,
/// `clock.now`, `random.digits`, `codes.find`.
pub struct ServerLibrary {
    /// Passwords.
    pub accounts: Arc<Accounts>,
    /// Accounts.
    pub engine: Arc<dyn Engine>,
    /// Application servers and directories.
    pub outside: Arc<Outside>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Library for ServerLibrary {
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a> {
        Box::pin(async move {
            match call.name.as_str() {
                "local.find" => self.find(call).await,
                "local.verify" => self.verify(call).await,
                "ldap.bind" | "ldap.find" | "callback.ask" => self.outside(call).await,
                "http.ask" => self.fetch(call).await,
                "clock.now" => Ok(self.now()),
                "random.digits" => digits(call),
                "codes.find" => self.code(call),
                _ => NoLibrary.call(call).await,
            }
        })
    }
}

impl ServerLibrary {
    async fn find(&self, call: &Call) -> Result<Value, String> {
        let typed = call.text(0).ok_or("local.find takes an address as text")?;
        let Some(email) = Email::new(typed) else { return Ok(Value::Null) };
        let found = self.engine.account_by_email(&email).await;
        Ok(found.map_err(|error| error.to_string())?.as_ref().map(known).into())
    }

    async fn verify(&self, call: &Call) -> Result<Value, String> {
        let typed = call.text(0).ok_or("local.verify takes an address as text")?;
        let no = |reason: &str| Value::map([("ok", false.into()), ("reason", reason.into())]);
        let Some(password) = call.secret.expose() else { return Ok(no("no_password")) };
        // The sign-in counts the tries for what was typed, and knows the browser. Another name that
        // a script makes of it is counted here, in the row of strangers.
        let asked = call.question.get("identity").and_then(Value::text);
        let verified = if asked == Some(typed) {
            self.accounts.compare(typed, password).await
        } else {
            self.accounts.verify(typed, password, &attempt(call)).await
        };
        match verified {
            Ok(account) => Ok(known(&account)),
            Err(AccountError::Refused(refusal)) => Ok(no(refusal.code())),
            Err(AccountError::Denied(reason)) => Ok(no(&reason)),
            Err(AccountError::Slow(_)) => Ok(no("too_fast")),
            Err(AccountError::Unavailable(why) | AccountError::Fault(why)) => Err(why),
        }
    }

    async fn outside(&self, call: &Call) -> Result<Value, String> {
        let name = call.name.as_str();
        let wrong = || format!("{name} takes the name of a server and an identity, both text");
        let (server, identity) = call.text(0).zip(call.text(1)).ok_or_else(wrong)?;
        self.outside.call(name, server, identity, call.secret.expose()).await
    }

    async fn fetch(&self, call: &Call) -> Result<Value, String> {
        let wrong = || "http.ask takes the name of a server and a map".to_owned();
        let (server, data) = call.text(0).zip(call.arguments.get(1)).ok_or_else(wrong)?;
        self.outside.fetch(server, data).await
    }

    fn code(&self, call: &Call) -> Result<Value, String> {
        let typed = call.text(0).ok_or("codes.find takes digits as text")?;
        let telephone = self.engine.telephone().ok_or("no meetings are known")?;
        Ok(telephone.found(typed))
    }

    /// The time in UTC, in the pieces that rules are made of.
    fn now(&self) -> Value {
        let ms = i64::try_from(self.clock.now().0).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let time = time.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        Value::map([
            ("ms", ms.into()),
            ("year", i64::from(time.year()).into()),
            ("month", i64::from(time.month()).into()),
            ("day", i64::from(time.day()).into()),
            ("hour", i64::from(time.hour()).into()),
            ("minute", i64::from(time.minute()).into()),
            // Monday is 1.
            ("weekday", i64::from(time.weekday().to_monday_one_offset()).into()),
        ])
    }
}

/// The try that a question is about, as far as scripts know it.
fn attempt(call: &Call) -> Attempt {
    let from = call.question.get("address").and_then(Value::text);
    let from = from.and_then(|from| from.parse::<IpAddr>().ok());
    let via = match call.question.get("via").and_then(Value::text) {
        Some("downloader") => Via::Legacy,
        _ => Via::Page,
    };
    Attempt { via, from: from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), browser: 0 }
}

fn digits(call: &Call) -> Result<Value, String> {
    let count = match call.arguments.first() {
        Some(&Value::Int(count)) if (1..=DIGITS_MAX).contains(&count) => count,
        _ => return Err(format!("random.digits takes a number from 1 to {DIGITS_MAX}")),
    };
    // A byte modulo ten would prefer the low digits: what does not divide evenly is drawn again.
    let mut drawn = String::new();
    while (drawn.len() as i64) < count {
        let byte = entropy::bytes::<1>()[0];
        if byte < 250 {
            drawn.push(char::from(b'0' + byte % 10));
        }
    }
    Ok(drawn.into())
}

/// An account as scripts see it.
fn known(account: &Account) -> Value {
    let held = account.privileges.iter();
    let privileges = Value::List(held.map(|privilege| privilege.word().into()).collect());
    let profile = Value::map([
        ("name", account.name.as_str().into()),
        ("email", account.email.as_str().into()),
        ("time_zone", account.zone.as_ref().map(|zone| zone.as_str().to_owned()).into()),
    ]);
    Value::map([("ok", true.into()), ("profile", profile), ("privileges", privileges)])
}
