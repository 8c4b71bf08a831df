//! What administrators typed into a form, made into what asks and is asked: strictly, and with the
//! field named that cannot be used.
//!
//! A form has the settings of the settings file, with three differences. It names no files of this
//! machine: certificates are given as text, the password apart. It opens no ports. And it says
//! where the other end may be (`allow_private`, `allow_loopback`), since whoever administers the
//! meetings need not be whoever owns the network.

use std::net::SocketAddr;

use convoke_model::policy::Value;
use convoke_model::site::connections::{Kind, Settings};
use convoke_plugins::bridge::{self, Bridge, Dialect};
use convoke_plugins::callback::{self, AddressPolicy, Callback, Network};
use convoke_plugins::ldap::{self, Directory, TlsMode};
use convoke_plugins::{BadSetting, NonEmptySecret};
use convoke_wire::turbo::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::mail::{self, BadMail, MailSettings};

/// The field that holds a certificate as text.
const CA: &str = "ca_pem";
/// What stands for the password in a refusal; it is no field of the settings.
const SECRET: &str = "secret";
/// Bytes of a certificate.
const CA_BYTES_MAX: usize = 16 * 1024;

/// Something that is ready to be asked, or to ask.
pub enum Built {
    /// An application server.
    Callback(Box<Callback>),
    /// A server that scripts ask.
    Http(Box<Callback>),
    /// A directory.
    Ldap(Directory),
    /// A telephone bridge.
    Bridge(Box<Bridge>),
    /// A mail server.
    Mail(Box<mail::Given>),
}

/// What cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: String,
    /// One sentence about it.
    pub why: String,
}

impl Wrong {
    fn new(field: &str, why: impl Into<String>) -> Self {
        Self { field: field.to_owned(), why: why.into() }
    }
}

/// What a form is read with.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Where we listen ourselves.
    pub own: &'a [SocketAddr],
    /// Whether the settings file says by which address people reach us.
    pub has_base_url: bool,
}

/// Makes what a form describes.
///
/// # Errors
/// Naming the field.
pub fn build(
    kind: Kind,
    name: &str,
    settings: &Settings,
    secret: Option<&Secret>,
    around: Around<'_>,
) -> Result<Built, Wrong> {
    let mut form = Form(settings.clone());
    match kind {
        Kind::Callback => Ok(Built::Callback(Box::new(callback(form, secret, around)?))),
        Kind::Http => Ok(Built::Http(Box::new(callback(form, secret, around)?))),
        Kind::Ldap => {
            form.only_in_file(&["ca", "bind_password_file"])?;
            let (ca, policy) = (form.authority()?, form.policy(around)?);
            let settings: ldap::Settings = form.read()?;
            if settings.tls == TlsMode::ClearTextForTestsOnly {
                return Err(Wrong::new("tls", "must be `ldaps` or `start_tls`"));
            }
            let given = convoke_plugins::Given { ca, password: password(secret)? };
            Ok(Built::Ldap(Directory::guarded(settings, policy, &given).map_err(bad)?))
        }
        Kind::Bridge => {
            form.only_in_file(&["secret", "secret_file", "agi_listen"])?;
            let mut settings: bridge::Settings = form.read()?;
            if settings.dialect == Dialect::Twilio && !around.has_base_url {
                let why =
                    "`twilio` needs `base_url` in the settings file: Twilio signs the address";
                return Err(Wrong::new("dialect", why));
            }
            settings.secret = secret.map(|secret| secret.expose().to_owned());
            Ok(Built::Bridge(Box::new(Bridge::open(name, settings).map_err(bad)?)))
        }
        Kind::Mail => {
            form.only_in_file(&["ca_file", "password_file", "templates", "language"])?;
            form.only_in_file(&["reminder_minutes", "per_account_day"])?;
            let (authority, policy) = (form.authority()?, form.policy(around)?);
            let settings: MailSettings = form.read()?;
            let given = mail::Given { settings, password: secret.cloned(), authority, policy };
            given.check().map_err(bad_mail)?;
            Ok(Built::Mail(Box::new(given)))
        }
    }
}

/// Whether the password would go somewhere else, or be shown in another name: then it has to be
/// typed again, so that nobody sends on what they cannot read.
#[must_use]
pub fn sends_elsewhere(kind: Kind, before: &Settings, after: &Settings) -> bool {
    let fields: &[&str] = match kind {
        Kind::Ldap => &["servers", "tls", "bind", "bind_dn", CA],
        Kind::Mail => &["server", "port", "tls", "username", CA],
        // It is shown to us, and goes nowhere.
        Kind::Callback | Kind::Http | Kind::Bridge => &[],
    };
    fields.iter().any(|field| before.get(*field) != after.get(*field))
}

fn callback(
    mut form: Form,
    secret: Option<&Secret>,
    around: Around<'_>,
) -> Result<Callback, Wrong> {
    form.only_in_file(&["ca", "client_certificate", "client_key"])?;
    if secret.is_some() {
        return Err(Wrong::new(SECRET, "is not sent to an application server"));
    }
    let given = convoke_plugins::Given { ca: form.authority()?, password: None };
    let settings: callback::Settings = form.read()?;
    Callback::given(settings, around.own, &given).map_err(bad)
}

fn password(secret: Option<&Secret>) -> Result<Option<NonEmptySecret>, Wrong> {
    let made = secret.map(|secret| NonEmptySecret::new(secret.expose())).transpose();
    made.map_err(|unusable| Wrong::new(SECRET, unusable.to_string()))
}

/// The field of a form that a setting of the settings file is.
fn bad(bad: BadSetting) -> Wrong {
    let field = match bad.setting {
        "ca" => CA,
        "bind_password_file" | "secret_file" | "secret" => SECRET,
        setting => setting,
    };
    Wrong::new(field, bad.reason)
}

fn bad_mail(bad: BadMail) -> Wrong {
    match bad.setting {
        "ca_file" => Wrong::new(CA, "is no certificate (PEM)"),
        "password_file" => Wrong::new(SECRET, "must be given with `username`"),
        "username" => Wrong::new("username", "must say whose password that is"),
        setting => Wrong::new(setting, bad.why),
    }
}

/// Where the other end may be.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reach {
    allow_private: Vec<Network>,
    allow_loopback: bool,
}

/// What was typed and not read yet.
struct Form(Settings);

impl Form {
    fn only_in_file(&self, fields: &[&str]) -> Result<(), Wrong> {
        match fields.iter().find(|field| self.0.contains_key(**field)) {
            Some(field) => Err(Wrong::new(field, "can only be set in the settings file")),
            None => Ok(()),
        }
    }

    /// Takes the certificate out.
    fn authority(&mut self) -> Result<Option<String>, Wrong> {
        match self.0.remove(CA) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::Text(text)) if text.len() <= CA_BYTES_MAX => Ok(Some(text)),
            Some(_) => Err(Wrong::new(CA, "is no certificate (PEM) of at most 16 KiB")),
        }
    }

    /// Takes out where the other end may be.
    fn policy(&mut self, around: Around<'_>) -> Result<AddressPolicy, Wrong> {
        let fields = ["allow_private", "allow_loopback"];
        let taken = fields.iter().filter_map(|field| self.0.remove_entry(*field));
        let reach: Reach = Form(taken.collect()).read()?;
        let Reach { allow_private, allow_loopback } = reach;
        Ok(AddressPolicy { allow_private, allow_loopback, own: around.own.to_vec() })
    }

    /// Reads the rest. Each field is looked at alone first, so that the wrong one can be named.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Wrong> {
        for (field, value) in &self.0 {
            let alone = Settings::from([(field.clone(), value.clone())]);
            of::<T>(&alone).map_err(|why| Wrong::new(field, why))?;
        }
        of(&self.0).map_err(|why| Wrong::new("", why))
    }
}

fn of<T: DeserializeOwned>(settings: &Settings) -> Result<T, String> {
    let value = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(kind: Kind, fields: serde_json::Value, secret: Option<&str>) -> Result<Built, Wrong> {
        let settings = serde_json::from_value(fields).expect("fields");
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        build(kind, "x", &settings, secret.as_ref(), Around { own: &[], has_base_url: false })
    }

    fn wrong(kind: Kind, fields: serde_json::Value, secret: Option<&str>) -> String {
        match made(kind, fields.clone(), secret) {
            Ok(_) => panic!("{fields} is taken"),
            Err(wrong) => wrong.field,
        }
    }

    #[test]
    fn what_works_in_the_settings_file_works_here() {
        let crm = json!({ "url": "https://crm.example/", "allow_private": ["10.0.0.0/8"] });
        assert!(matches!(made(Kind::Callback, crm.clone(), None), Ok(Built::Callback(_))));
        assert!(matches!(made(Kind::Http, crm, None), Ok(Built::Http(_))));
        let corp = json!({
            "servers": ["dc1"], "base_dn": "dc=x", "bind_dn": "cn=us", "allow_loopback": true,
            "privileges": { "CN=Hosts,DC=x": ["chat", "record"] },
        });
        assert!(matches!(made(Kind::Ldap, corp, Some("pw")), Ok(Built::Ldap(_))));
        let pbx = json!({ "dialect": "freeswitch", "allow": ["192.0.2.0/24"] });
        assert!(matches!(made(Kind::Bridge, pbx, Some("0123456789abcdef")), Ok(Built::Bridge(_))));
        let post = json!({
            "server": "smtp.example", "username": "us", "from": "Meetings <m@example.org>",
        });
        assert!(matches!(made(Kind::Mail, post, Some("pw")), Ok(Built::Mail(_))));
    }

    #[test]
    fn the_field_is_named_that_cannot_be_used() {
        use Kind::{Bridge, Callback, Ldap, Mail};
        let url = "https://crm.example/";
        let from = "m@example.org";
        let table = [
            (Callback, json!({}), None, "url"),
            (Callback, json!({ "url": "ftp://a/" }), None, "url"),
            (Callback, json!({ "url": url, "urll": "x" }), None, "urll"),
            (Callback, json!({ "url": url, "total_ms": "soon" }), None, "total_ms"),
            (Callback, json!({ "url": url, "total_ms": -1 }), None, "total_ms"),
            (Callback, json!({ "url": url, "total_ms": 0 }), None, "total_ms"),
            (Callback, json!({ "url": url, "allow_private": ["10.0.0.0"] }), None, "allow_private"),
            (Callback, json!({ "url": url, "ca": "/etc/passwd" }), None, "ca"),
            (Callback, json!({ "url": url, "client_key": "/etc/shadow" }), None, "client_key"),
            (Callback, json!({ "url": url, "ca_pem": "nonsense" }), None, "ca_pem"),
            (Callback, json!({ "url": url, "ca_pem": 3 }), None, "ca_pem"),
            (Callback, json!({ "url": url }), Some("pw"), "secret"),
            (Ldap, json!({ "base_dn": "dc=x" }), None, "servers"),
            (
                Ldap,
                json!({ "servers": ["a"], "base_dn": "dc=x", "bind_dn": "cn=u" }),
                None,
                "secret",
            ),
            (Ldap, json!({ "servers": ["a"], "base_dn": "dc=x" }), Some("pw"), "bind_dn"),
            (
                Ldap,
                json!({ "servers": ["a"], "base_dn": "x", "tls": "clear_text_for_tests_only" }),
                None,
                "tls",
            ),
            (Ldap, json!({ "bind_password_file": "/etc/shadow" }), None, "bind_password_file"),
            (Ldap, json!({ "allow_loopback": "yes" }), None, "allow_loopback"),
            (Bridge, json!({}), None, "secret"),
            (Bridge, json!({}), Some("short"), "secret"),
            (Bridge, json!({ "agi_listen": "0.0.0.0:22" }), None, "agi_listen"),
            (Bridge, json!({ "secret_file": "/etc/shadow" }), None, "secret_file"),
            (Bridge, json!({ "dialect": "twilio" }), Some("0123456789abcdef"), "dialect"),
            (Mail, json!({ "from": from }), None, "server"),
            (Mail, json!({ "server": "a" }), None, "from"),
            (Mail, json!({ "server": "a", "from": from, "username": "u" }), None, "secret"),
            (Mail, json!({ "server": "a", "from": from }), Some("pw"), "username"),
            (Mail, json!({ "server": "a", "from": from, "tls": "none" }), None, "tls"),
            (Mail, json!({ "server": "a", "from": from, "ca_pem": "x" }), None, "ca_pem"),
            (Mail, json!({ "server": "a", "from": from, "templates": "/etc" }), None, "templates"),
        ];
        for (kind, fields, secret, field) in table {
            assert_eq!(wrong(kind, fields.clone(), secret), field, "{fields}");
        }
    }

    #[test]
    fn a_password_that_would_go_elsewhere_is_typed_again() {
        let of = |fields: serde_json::Value| -> Settings {
            serde_json::from_value(fields).expect("fields")
        };
        let before = of(json!({ "servers": ["dc1"], "bind_dn": "cn=u", "base_dn": "dc=x" }));
        let elsewhere = |after| sends_elsewhere(Kind::Ldap, &before, &of(after));
        assert!(!elsewhere(json!({ "servers": ["dc1"], "bind_dn": "cn=u", "base_dn": "dc=y" })));
        assert!(elsewhere(json!({ "servers": ["evil"], "bind_dn": "cn=u", "base_dn": "dc=x" })));
        let (ca, servers) = ("x", ["dc1"]);
        assert!(elsewhere(json!({ "servers": servers, "bind_dn": "cn=u", "ca_pem": ca })));
        let before = of(json!({ "server": "a" }));
        assert!(sends_elsewhere(Kind::Mail, &before, &of(json!({ "server": "a", "port": 25 }))));
    }
}
