//! Letters: what is written to people, in whose words, and who delivers it. Without a mail server,
//! links go by the administrator's hand and invitations by the host's.

mod calendar;
mod postman;
mod settings;
mod smtp;
mod switched;
mod told;
mod trial;
mod words;

use std::future::Future;
use std::pin::Pin;

use convoke_model::site::accounts::Email;
use convoke_wire::turbo::Secret;

pub use calendar::{Around, Method, event as calendar_event};
pub use postman::{Postman, Sayer};
pub use settings::{BadMail, Given, Language, MailSettings, MailTls};
pub use smtp::Smtp;
pub use switched::Switched;
pub use trial::{Trial, try_letter};
pub use words::{About, News, Words};

/// Something to tell a person outside of a page.
#[derive(Debug)]
pub enum Letter {
    /// The link to set a new password, which the person asked for.
    Reset {
        /// The link; it works once.
        link: Secret,
        /// For how long.
        minutes: u64,
    },
    /// About a meeting that they were asked to come to.
    Meeting {
        /// What there is to say.
        about: Box<About>,
        /// The same for their calendar; a reminder has none.
        calendar: Option<(Method, String)>,
    },
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server has it.
    Taken,
    /// It will never be taken.
    Refused(String),
    /// It may be taken later.
    Later(String),
}

/// What comes of a delivery, when it is known.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;

/// Delivers letters.
pub trait Mail: Send + Sync {
    /// Whether anything would be delivered at all.
    fn is_set_up(&self) -> bool;
    /// Takes a letter for delivery, and tries again by itself; waits for nobody. Whether there was
    /// room for it.
    fn send(&self, to: &Email, letter: Letter) -> bool;
    /// Delivers a letter now, once.
    fn deliver<'a>(&'a self, to: &'a Email, letter: &'a Letter) -> Delivering<'a>;
}

/// No mail is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMail;

impl Mail for NoMail {
    fn is_set_up(&self) -> bool {
        false
    }

    fn send(&self, to: &Email, _: Letter) -> bool {
        tracing::warn!(%to, "a letter was not sent: no mail is set up");
        false
    }

    fn deliver<'a>(&'a self, _: &'a Email, _: &'a Letter) -> Delivering<'a> {
        Box::pin(async { Delivery::Refused("no mail is set up".to_owned()) })
    }
}
