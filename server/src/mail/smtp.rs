//! Delivery by SMTP: one task takes letters out of a bounded queue, one after another, and tries
//! again later what a mail server does not take now.

use std::sync::Arc;
use std::time::Duration;

use convoke_model::site::accounts::Email;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::sync::mpsc;

use super::settings::{BadMail, Given, MailSettings, MailTls, Server};
use super::words::Words;
use super::{Delivering, Delivery, Letter, Mail};

/// Letters that wait to be sent.
const QUEUE_MAX: usize = 2_000;
/// How long one letter may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Addresses of one server that are tried.
const ADDRESSES_MAX: usize = 4;
/// How long is waited before each further try.
const RETRIES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1800),
];

/// A mail server.
pub struct Smtp {
    queue: mpsc::Sender<(Email, Letter)>,
    sender: Arc<Sender>,
}

struct Sender {
    road: Road,
    from: lettre::message::Mailbox,
    words: Arc<Words>,
}

/// How the mail server is reached.
enum Road {
    /// By its name, as the settings file says.
    Named(AsyncSmtpTransport<Tokio1Executor>),
    /// By an address that was looked up and checked for each letter.
    Checked { given: Box<Given>, server: Box<Server> },
}

impl Smtp {
    /// Starts delivering on the runtime that is entered; nothing when no server is set.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn start(settings: &MailSettings, words: Arc<Words>) -> Result<Option<Self>, BadMail> {
        let Some(server) = settings.open()? else { return Ok(None) };
        let road = Road::Named(transport(settings, &server, &server.host)?);
        Ok(Some(Self::on(road, server.from, words)))
    }

    /// The same with a server that is set while we run.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn start_given(given: Given, words: Arc<Words>) -> Result<Self, BadMail> {
        let server = given.open()?;
        let from = server.from.clone();
        let road = Road::Checked { given: Box::new(given), server: Box::new(server) };
        Ok(Self::on(road, from, words))
    }

    fn on(road: Road, from: lettre::message::Mailbox, words: Arc<Words>) -> Self {
        let (queue, letters) = mpsc::channel(QUEUE_MAX);
        let sender = Arc::new(Sender { road, from, words });
        tokio::spawn(deliver(Arc::clone(&sender), letters));
        Self { queue, sender }
    }
}

/// How the connection to a server is protected.
pub(super) fn parameters(settings: &MailSettings, server: &Server) -> Result<Tls, BadMail> {
    let tls = || {
        let mut parameters = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.authority {
            let odd = || BadMail::new("ca_file", "`ca_file` holds no certificate (PEM)");
            // A text without any certificate would be taken for one that vouches for nobody.
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            if found.map_err(|_| odd())?.is_empty() {
                return Err(odd());
            }
            let certificate = Certificate::from_pem(pem).map_err(|_| odd())?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let odd = |error: lettre::transport::smtp::Error| BadMail::new("server", error.to_string());
        parameters.build_rustls().map_err(odd)
    };
    Ok(match settings.tls {
        MailTls::Starttls => Tls::Required(tls()?),
        MailTls::Tls => Tls::Wrapper(tls()?),
        MailTls::None => Tls::None,
    })
}

fn transport(
    settings: &MailSettings,
    server: &Server,
    at: &str,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, BadMail> {
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(at)
        .port(settings.port)
        .timeout(Some(TIMEOUT))
        .tls(parameters(settings, server)?);
    if let Some((name, password)) = &server.credentials {
        let credentials = Credentials::new(name.clone(), password.expose().to_owned());
        builder = builder.credentials(credentials);
    }
    Ok(builder.build())
}

impl Road {
    /// Hands a letter over. What goes wrong on the way may go well later.
    async fn send(&self, message: Message) -> Result<(), (bool, String)> {
        let said =
            |error: lettre::transport::smtp::Error| (error.is_permanent(), error.to_string());
        let (given, server) = match self {
            Self::Named(transport) => return transport.send(message).await.map(drop).map_err(said),
            Self::Checked { given, server } => (given, server),
        };
        let port = given.settings.port;
        let found = given.policy.find(&server.host, port).await;
        let found = found.map_err(|why| (false, why.to_string()))?;
        let mut last = (false, "the mail server has no address".to_owned());
        for address in found.into_iter().take(ADDRESSES_MAX) {
            let transport = transport(&given.settings, server, &address.ip().to_string());
            let transport = transport.map_err(|bad| (false, bad.to_string()))?;
            match transport.send(message.clone()).await.map_err(said) {
                Ok(_) => return Ok(()),
                // It was reached and said no: another address is the same server.
                Err((true, why)) => return Err((true, why)),
                Err(failed) => last = failed,
            }
        }
        Err(last)
    }
}

impl Mail for Smtp {
    fn is_set_up(&self) -> bool {
        true
    }

    fn send(&self, to: &Email, letter: Letter) -> bool {
        let taken = self.queue.try_send((to.clone(), letter)).is_ok();
        if !taken {
            tracing::error!(%to, "a letter was not taken: too many wait to be sent");
        }
        taken
    }

    fn deliver<'a>(&'a self, to: &'a Email, letter: &'a Letter) -> Delivering<'a> {
        Box::pin(async move {
            match self.sender.message(to, letter) {
                Ok(message) => self.sender.attempt(to, &message).await,
                Err(why) => Delivery::Refused(why),
            }
        })
    }
}

async fn deliver(sender: Arc<Sender>, mut letters: mpsc::Receiver<(Email, Letter)>) {
    while let Some((to, letter)) = letters.recv().await {
        let message = match sender.message(&to, &letter) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%to, error, "a letter could not be written");
                continue;
            }
        };
        if let Delivery::Later(why) = sender.attempt(&to, &message).await {
            // Whoever cannot be reached now must not keep the others waiting.
            tokio::spawn(again(Arc::clone(&sender), to, message, why));
        }
    }
}

/// Tries a letter again until it is taken or refused for good.
async fn again(sender: Arc<Sender>, to: Email, message: Message, mut why: String) {
    for (wait, tries) in RETRIES.into_iter().zip(2..) {
        tracing::warn!(%to, why, tries, "a letter is tried again in {} s", wait.as_secs());
        tokio::time::sleep(wait).await;
        match sender.attempt(&to, &message).await {
            Delivery::Taken | Delivery::Refused(_) => return,
            Delivery::Later(later) => why = later,
        }
    }
    tracing::error!(%to, why, "a letter was given up");
}

impl Sender {
    async fn attempt(&self, to: &Email, message: &Message) -> Delivery {
        match self.road.send(message.clone()).await {
            Ok(()) => {
                tracing::info!(%to, "a letter was sent");
                Delivery::Taken
            }
            Err((true, error)) => {
                tracing::error!(%to, error, "a letter was refused");
                Delivery::Refused(error)
            }
            Err((false, error)) => Delivery::Later(error),
        }
    }

    fn message(&self, to: &Email, letter: &Letter) -> Result<Message, String> {
        let said = self.words.letter(letter)?;
        let to = recipient(to)?;
        let message = Message::builder().from(self.from.clone()).to(to).subject(said.subject);
        let text = SinglePart::plain(said.body);
        let built = match letter {
            Letter::Meeting { calendar: Some((method, ics)), .. } => {
                // Calendars look for the part by its type and its method (RFC 6047, 2.4); some
                // people need the file.
                let kind = format!("text/calendar; charset=utf-8; method={}", method.word());
                let kind = ContentType::parse(&kind).map_err(|error| error.to_string())?;
                let part = SinglePart::builder().header(kind).body(ics.clone());
                let file = ContentType::parse("application/ics").map_err(|e| e.to_string())?;
                let file = Attachment::new("meeting.ics".to_owned()).body(ics.clone(), file);
                let both = MultiPart::alternative().singlepart(text).singlepart(part);
                message.multipart(MultiPart::mixed().multipart(both).singlepart(file))
            }
            Letter::Meeting { calendar: None, .. } | Letter::Reset { .. } => {
                message.singlepart(text)
            }
        };
        built.map_err(|error| error.to_string())
    }
}

/// The address and nothing else: not a name with another one in it.
fn recipient(to: &Email) -> Result<Mailbox, String> {
    let address = to.as_str().parse::<Address>().map_err(|_| "the address is none".to_owned())?;
    Ok(Mailbox::new(None, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_goes_to_the_address_that_was_typed_and_to_no_other_in_it() {
        let to = |typed: &str| recipient(&Email::new(typed).expect("shaped like one"));
        let ann = to("ann@example.org").expect("an address");
        assert_eq!(ann.email.to_string(), "ann@example.org");
        for typed in ["x<victim@example.org>", "<victim@example.org>", "x,victim@example.org"] {
            assert!(to(typed).is_err(), "{typed}");
        }
    }
}
