//! The port to whoever delivers letters. Without one, links go by the administrator's hand.

use convoke_model::site::accounts::Email;
use convoke_wire::turbo::Secret;

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
}

/// Delivers letters.
pub trait Mail: Send + Sync {
    /// Whether anything would be delivered at all.
    fn is_set_up(&self) -> bool;
    /// Takes a letter for delivery; waits for nobody.
    fn send(&self, to: &Email, letter: Letter);
}

/// No mail is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMail;

impl Mail for NoMail {
    fn is_set_up(&self) -> bool {
        false
    }

    fn send(&self, to: &Email, _: Letter) {
        tracing::warn!(%to, "a letter was not sent: no mail is set up");
    }
}
