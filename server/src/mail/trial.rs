//! A test letter, step by step: whether the mail server is found, speaks TLS, knows us and takes a
//! letter. What it answers that is not SMTP is not shown.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use convoke_model::site::accounts::Email;
use convoke_plugins::{Detail, Said, Step};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls};
use lettre::transport::smtp::extension::ClientId;

use super::settings::{Given, Language, MailTls, Server};
use super::smtp::parameters;

/// How long all of it may take.
const TOTAL: Duration = Duration::from_secs(12);
/// How long each answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses that are tried.
const ADDRESSES_MAX: usize = 2;
/// Letters of an answer that are shown.
const SHOWN_CHARS_MAX: usize = 200;

/// What came of it.
#[derive(Debug)]
pub struct Trial {
    /// How.
    pub steps: Vec<Step>,
    /// Why the letter was not taken, when it was not.
    pub failed: Option<Said>,
}

struct Steps {
    list: Vec<Step>,
    since: Instant,
}

impl Steps {
    fn done(&mut self, what: &'static str, detail: impl Into<Detail>) {
        let took = self.since.elapsed();
        self.since = Instant::now();
        let detail = detail.into().cut(SHOWN_CHARS_MAX);
        self.list.push(Step { what, detail, took });
    }
}

/// Sends a test letter to somebody, now and once.
pub async fn try_letter(given: &Given, to: &Email) -> Trial {
    let mut steps = Steps { list: Vec::new(), since: Instant::now() };
    let sent = match given.open() {
        Ok(server) => {
            let work = converse(given, &server, to, &mut steps);
            let late = || Err(Said::new("late", [], "it took too long"));
            tokio::time::timeout(TOTAL, work).await.unwrap_or_else(|_| late())
        }
        Err(bad) => Err(unusable(bad.why)),
    };
    let failed = sent.err();
    if let Some(why) = &failed {
        steps.done("failed", why.clone());
    }
    Trial { steps: steps.list, failed }
}

async fn converse(
    given: &Given,
    server: &Server,
    to: &Email,
    steps: &mut Steps,
) -> Result<(), Said> {
    let letter = letter(given.settings.language, &server.from, to).map_err(unusable)?;
    let port = given.settings.port;
    let found = given.policy.find(&server.host, port).await?;
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    steps.done("resolve", format!("{}: {}", server.host, shown.join(", ")));
    let hello = ClientId::default();
    let tls = parameters(&given.settings, server).map_err(|bad| unusable(bad.why))?;
    let (first, later) = match (tls, given.settings.tls) {
        (Tls::Wrapper(tls), _) => (Some(tls), None),
        (Tls::Required(tls) | Tls::Opportunistic(tls), _) => (None, Some(tls)),
        (Tls::None, _) => (None, None),
    };
    let mut connection = connect(&found, &hello, first, steps).await?;
    match (later, given.settings.tls) {
        (Some(tls), _) => {
            connection.starttls(tls, &hello).await.map_err(|error| said(&error))?;
            let words = "the connection is private from here on";
            steps.done("starttls", Said::new("private_now", [], words));
        }
        (None, MailTls::Tls) => {
            steps.done("tls", Said::new("private_at_once", [], "private from the first byte"));
        }
        (None, MailTls::Starttls | MailTls::None) => {
            let words = "NONE: whoever is on the way can read along";
            steps.done("tls", Said::new("clear_text", [], words));
        }
    }
    if let Some((name, password)) = &server.credentials {
        let credentials = Credentials::new(name.clone(), password.expose().to_owned());
        let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        signed_in.map_err(|error| said(&error))?;
        steps.done("sign in", Said::new("signed_in", [name.clone()], format!("as {name}")));
    }
    let taken = connection.send(letter.envelope(), &letter.formatted()).await;
    let taken = taken.map_err(|error| said(&error))?;
    let words = taken.first_line().unwrap_or_default();
    steps.done("accepted", format!("{} {words}", taken.code()));
    let _ = connection.quit().await;
    Ok(())
}

async fn connect(
    found: &[SocketAddr],
    hello: &ClientId,
    tls: Option<lettre::transport::smtp::client::TlsParameters>,
    steps: &mut Steps,
) -> Result<AsyncSmtpConnection, Said> {
    let mut last = Said::new("address_none", [String::new()], "it has no address");
    for address in found.iter().take(ADDRESSES_MAX) {
        let (tls, wait) = (tls.clone(), Some(PATIENCE));
        let asked = AsyncSmtpConnection::connect_tokio1(address, wait, hello, tls, None);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(connection)) => {
                let words = format!("{address}, which greets as a mail server does");
                steps.done("connect", Said::new("greeted", [address.to_string()], words));
                return Ok(connection);
            }
            Ok(Err(error)) => {
                let why = said(&error);
                let words = format!("{address}: {why}");
                let values = [address.to_string(), why.code.to_owned()];
                last = Said::new("server_failed", values.into_iter().chain(why.values), words);
            }
            Err(_) => {
                let words = format!("{address} did not answer");
                last = Said::new("silent", [address.to_string()], words);
            }
        }
    }
    Err(last)
}

/// What went wrong. The words of a mail server are shown, those of anything else are not.
fn said(error: &Error) -> Said {
    let plain = |code, words: &str| Said::new(code, [], words);
    if error.status().is_some() {
        Said::new("mail_refused", [error.to_string()], error.to_string())
    } else if error.is_tls() {
        plain("mail_tls", "its certificate is not believed, or it does not speak TLS")
    } else if error.is_timeout() {
        plain("mail_late", "it did not answer in time")
    } else if error.is_response() {
        plain("mail_answer", "it does not answer as a mail server does")
    } else if error.is_client() {
        let words = "it does not offer what is asked for: StartTLS, or a way to sign in";
        plain("mail_offer", words)
    } else {
        plain("mail_connection", "the connection failed")
    }
}

/// What was given cannot be used; the words name the setting.
fn unusable(why: String) -> Said {
    Said::new("unusable", [why.clone()], why)
}

fn letter(language: Language, from: &Mailbox, to: &Email) -> Result<Message, String> {
    let (subject, body) = match language {
        Language::En => (
            "A test letter",
            "This letter was sent from the console, to see whether letters are delivered.\n",
        ),
        Language::Zh => ("测试邮件", "这封邮件从控制台发出，用于检查邮件能否送达。\n"),
    };
    let to = to.as_str().parse().map_err(|_| "the address is none".to_owned())?;
    let message = Message::builder().from(from.clone()).to(to).subject(subject);
    message.body(body.to_owned()).map_err(|error| error.to_string())
}
