//! Delivery by SMTP: one task takes letters out of a bounded queue, one after another, and tries
//! again later what a mail server does not take now.

use std::sync::Arc;
use std::time::Duration;

use convoke_model::site::accounts::Email;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;

use super::settings::{BadMail, MailSettings, MailTls, Server};
use super::words::Words;
use super::{Delivering, Delivery, Letter, Mail};

/// Letters that wait to be sent.
const QUEUE_MAX: usize = 2_000;
/// How long one letter may take.
const TIMEOUT: Duration = Duration::from_secs(30);
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
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: lettre::message::Mailbox,
    words: Arc<Words>,
}

impl Smtp {
    /// Starts delivering on the runtime that is entered; nothing when no server is set.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn start(settings: &MailSettings, words: Arc<Words>) -> Result<Option<Self>, BadMail> {
        let Some(server) = settings.open()? else { return Ok(None) };
        let transport = transport(settings, &server)?;
        let (queue, letters) = mpsc::channel(QUEUE_MAX);
        let sender = Arc::new(Sender { transport, from: server.from, words });
        tokio::spawn(deliver(Arc::clone(&sender), letters));
        Ok(Some(Self { queue, sender }))
    }
}

fn transport(
    settings: &MailSettings,
    server: &Server,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, BadMail> {
    let tls = || {
        let mut parameters = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.authority {
            let certificate = Certificate::from_pem(pem)
                .map_err(|_| BadMail("`ca_file` holds no certificate (PEM)".to_owned()))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        parameters.build_rustls().map_err(|error| BadMail(error.to_string()))
    };
    let tls = match settings.tls {
        MailTls::Starttls => Tls::Required(tls()?),
        MailTls::Tls => Tls::Wrapper(tls()?),
        MailTls::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(settings.port)
        .timeout(Some(TIMEOUT))
        .tls(tls);
    if let Some((name, password)) = &server.credentials {
        let credentials = Credentials::new(name.clone(), password.expose().to_owned());
        builder = builder.credentials(credentials);
    }
    Ok(builder.build())
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
        match self.transport.send(message.clone()).await {
            Ok(_) => {
                tracing::info!(%to, "a letter was sent");
                Delivery::Taken
            }
            Err(error) if error.is_permanent() => {
                tracing::error!(%to, %error, "a letter was refused");
                Delivery::Refused(error.to_string())
            }
            Err(error) => Delivery::Later(error.to_string()),
        }
    }

    fn message(&self, to: &Email, letter: &Letter) -> Result<Message, String> {
        let said = self.words.letter(letter)?;
        let to = to.as_str().parse().map_err(|_| "the address is none".to_owned())?;
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
