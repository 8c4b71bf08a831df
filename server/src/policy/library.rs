//! What this server answers to scripts: its own accounts, the time, random digits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use convoke_model::policy::Value;
use convoke_model::policy::authenticate::Privilege;
use convoke_model::site::accounts::{Email, Via};
use convoke_plugins::rhai::{Answering, Call, Library, NoLibrary};

use crate::accounts::{AccountError, Accounts};
use crate::clock::Clock;
use crate::control::{Account, Engine};
use crate::entropy;

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

/// `local.find`, `local.verify`, `clock.now`, `random.digits`.
pub struct ServerLibrary {
    /// Passwords.
    pub accounts: Arc<Accounts>,
    /// Accounts.
    pub engine: Arc<dyn Engine>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Library for ServerLibrary {
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a> {
        Box::pin(async move {
            match call.name.as_str() {
                "local.find" => self.find(call).await,
                "local.verify" => self.verify(call).await,
                "clock.now" => Ok(self.now()),
                "random.digits" => digits(call),
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
        let from = call.question.get("address").and_then(Value::text);
        let from = from.and_then(|from| from.parse::<IpAddr>().ok());
        let via = match call.question.get("via").and_then(Value::text) {
            Some("downloader") => Via::Legacy,
            _ => Via::Page,
        };
        let from = from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        match self.accounts.verify(typed, password, via, from).await {
            Ok(account) => Ok(known(&account)),
            Err(AccountError::Refused(refusal)) => Ok(no(refusal.code())),
            Err(AccountError::Slow(_)) => Ok(no("too_fast")),
            Err(AccountError::Unavailable(why) | AccountError::Fault(why)) => Err(why),
        }
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

/// An account as scripts see it. Accounts hold every privilege but the administrator's, unless they
/// administer.
fn known(account: &Account) -> Value {
    let all = Privilege::ALL.iter().copied();
    let held = all.filter(|privilege| match privilege {
        Privilege::Administrator => account.administrator,
        Privilege::InteractiveMeeting
        | Privilege::Seminar
        | Privilege::RemoteSupport
        | Privilege::RemoteAccess
        | Privilege::SendFile
        | Privilege::Chat
        | Privilege::Record
        | Privilege::VideoConference => true,
    });
    let privileges = Value::List(held.map(|privilege| privilege.word().into()).collect());
    let profile = Value::map([
        ("name", account.name.as_str().into()),
        ("email", account.email.as_str().into()),
    ]);
    Value::map([("ok", true.into()), ("profile", profile), ("privileges", privileges)])
}
