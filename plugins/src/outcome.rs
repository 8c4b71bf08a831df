//! What asking for a sign-in came to, and step by step how.

use std::fmt;
use std::time::{Duration, Instant};

use convoke_model::policy::Value;

use crate::profile::Profile;
use crate::said::Said;

/// Characters of one step's detail that are kept.
const DETAIL_CHARS_MAX: usize = 2000;
/// Steps of one sign-in that are kept.
const STEPS_MAX: usize = 200;

/// What it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The person is who they say.
    Allowed(Box<Profile>),
    /// The other side says no.
    Denied(Denial, String),
    /// Nobody could say: our outside failed.
    Failed(Fault),
}

/// Why the other side says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The application server said `FAILED`; its reason stands beside it.
    Refused,
    /// No such person.
    UnknownPerson,
    /// Several entries fit, so that nobody is meant.
    Ambiguous,
    /// The name is no name: empty, too long, or with control characters.
    BadName,
    /// The password is wrong.
    WrongPassword,
    /// The account is disabled.
    Disabled,
    /// The account has expired.
    Expired,
    /// The account is locked.
    Locked,
    /// The password has expired.
    PasswordExpired,
    /// The password must be changed first.
    MustChange,
    /// Not at this hour, or not from here.
    NotNow,
}

impl Denial {
    /// Its stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::UnknownPerson => "unknown_person",
            Self::Ambiguous => "ambiguous",
            Self::BadName => "bad_name",
            Self::WrongPassword => "wrong_password",
            Self::Disabled => "account_disabled",
            Self::Expired => "account_expired",
            Self::Locked => "account_locked",
            Self::PasswordExpired => "password_expired",
            Self::MustChange => "must_change_password",
            Self::NotNow => "not_now",
        }
    }

    /// One sentence for the person. An unknown name and a wrong password sound the same.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Refused => "The sign-in was refused.",
            Self::UnknownPerson | Self::Ambiguous | Self::BadName | Self::WrongPassword => {
                "The name or the password is wrong."
            }
            Self::Disabled => "This account is disabled. Please ask your administrator.",
            Self::Expired => "This account has expired. Please ask your administrator.",
            Self::Locked => {
                "This account is locked after too many tries. Please wait, or ask your administrator."
            }
            Self::PasswordExpired => {
                "Your password has expired. Please change it at your organisation, then sign in."
            }
            Self::MustChange => {
                "You must change your password at your organisation before you can sign in here."
            }
            Self::NotNow => "Your organisation does not allow you to sign in now or from here.",
        }
    }
}

/// Why nobody could say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The address is one that must not be asked.
    AddressDenied(Said),
    /// The host's name has no address.
    Unresolved,
    /// No connection.
    Unreachable(String),
    /// TLS failed: nothing secret was sent.
    Tls(String),
    /// It took too long.
    Late,
    /// Too many sign-ins wait for this server already.
    Busy,
    /// The server failed several times in a row and is left alone for a while.
    Resting,
    /// It answered with a redirect, which is never followed.
    Redirected,
    /// It answered with this status.
    Status(u16),
    /// Its answer is neither XML nor text.
    ContentType(String),
    /// Its answer is longer than any may be.
    TooLong,
    /// Its answer cannot be read.
    BadAnswer(String),
    /// Our own sign-in to the directory was refused.
    ServiceBind(String),
    /// The directory refused the search.
    Search(String),
}

impl Fault {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AddressDenied(_) => "address_denied",
            Self::Unresolved => "unresolved",
            Self::Unreachable(_) => "unreachable",
            Self::Tls(_) => "tls",
            Self::Late => "late",
            Self::Busy => "busy",
            Self::Resting => "resting",
            Self::Redirected => "redirected",
            Self::Status(_) => "status",
            Self::ContentType(_) => "content_type",
            Self::TooLong => "answer_too_long",
            Self::BadAnswer(_) => "bad_answer",
            Self::ServiceBind(_) => "service_bind",
            Self::Search(_) => "search",
        }
    }

    /// It as a sentence; where an address is denied, why it is.
    #[must_use]
    pub fn said(&self) -> Said {
        let (code, values) = match self {
            Self::AddressDenied(why) => (why.code, why.values.clone()),
            Self::Status(status) => (self.code(), vec![status.to_string()]),
            Self::Unreachable(why)
            | Self::Tls(why)
            | Self::ContentType(why)
            | Self::BadAnswer(why)
            | Self::ServiceBind(why)
            | Self::Search(why) => (self.code(), vec![why.clone()]),
            Self::Unresolved
            | Self::Late
            | Self::Busy
            | Self::Resting
            | Self::Redirected
            | Self::TooLong => (self.code(), Vec::new()),
        };
        Said::new(code, values, self.to_string())
    }

    /// Whether the server is simply not there, so that an outage grace may apply. What looks like
    /// an attack does not count.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Unresolved | Self::Unreachable(_) | Self::Late | Self::Resting => true,
            Self::Status(status) => *status >= 500,
            Self::AddressDenied(_)
            | Self::Tls(_)
            | Self::Busy
            | Self::Redirected
            | Self::ContentType(_)
            | Self::TooLong
            | Self::BadAnswer(_)
            | Self::ServiceBind(_)
            | Self::Search(_) => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressDenied(why) => write!(f, "the address must not be asked: {why}"),
            Self::Unresolved => f.write_str("the host's name has no address"),
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::Tls(why) => write!(f, "TLS failed, and no password was sent: {why}"),
            Self::Late => f.write_str("it took too long"),
            Self::Busy => f.write_str("too many sign-ins wait for this server already"),
            Self::Resting => f.write_str(
                "the server failed several times in a row and is left alone for a while",
            ),
            Self::Redirected => f.write_str("it answered with a redirect, which is never followed"),
            Self::Status(status) => write!(f, "it answered with status {status}"),
            Self::ContentType(kind) => write!(f, "its answer is {kind}, neither XML nor text"),
            Self::TooLong => f.write_str("its answer is too long"),
            Self::BadAnswer(why) => write!(f, "its answer cannot be used: {why}"),
            Self::ServiceBind(why) => write!(f, "the directory refused our own sign-in: {why}"),
            Self::Search(why) => write!(f, "the directory refused the search: {why}"),
        }
    }
}

impl Outcome {
    /// Its stable code; `allow` for a sign-in.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Allowed(_) => "allow",
            Self::Denied(denial, _) => denial.code(),
            Self::Failed(fault) => fault.code(),
        }
    }

    /// It as a sentence.
    #[must_use]
    pub fn said(&self) -> Said {
        let text = self.to_string();
        match self {
            Self::Allowed(_) => Said::new("allowed", [], text),
            Self::Denied(denial, reason) => Said::new(denial.code(), [reason.clone()], text),
            Self::Failed(fault) => {
                let Said { code, values, .. } = fault.said();
                Said::new(code, values, text)
            }
        }
    }

    /// The plain denial, in its own sentence.
    pub(crate) fn denied(denial: Denial) -> Self {
        Self::Denied(denial, denial.sentence().to_owned())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(_) => f.write_str("allowed"),
            Self::Denied(denial, reason) => write!(f, "denied ({}): {reason}", denial.code()),
            Self::Failed(fault) => write!(f, "failed ({}): {fault}", fault.code()),
        }
    }
}

impl From<&Outcome> for Value {
    fn from(outcome: &Outcome) -> Self {
        let (word, reason, profile): (&str, Option<String>, Self) = match outcome {
            Outcome::Allowed(profile) => ("allow", None, profile.as_ref().into()),
            Outcome::Denied(_, reason) => ("deny", Some(reason.clone()), Self::Null),
            // What failed is the operator's business; the person hears that it did.
            Outcome::Failed(_) => (
                "fault",
                Some("Signing in is not possible at the moment. Please try again.".to_owned()),
                Self::Null,
            ),
        };
        Self::map([
            ("outcome", word.into()),
            ("code", outcome.code().into()),
            ("reason", reason.into()),
            ("profile", profile),
        ])
    }
}

/// One step of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub what: &'static str,
    /// With what result. Holds no secret.
    pub detail: Detail,
    /// How long it took.
    pub took: Duration,
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// As a machine said it: addresses, names, versions.
    Plain(String),
    /// A sentence of ours.
    Said(Said),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Said(said) => said.fmt(f),
        }
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Detail {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<Said> for Detail {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

impl Detail {
    /// The same, cut to so many characters.
    #[must_use]
    pub fn cut(self, chars_max: usize) -> Self {
        match self {
            Self::Plain(text) => Self::Plain(text.chars().take(chars_max).collect()),
            Self::Said(said) => Self::Said(said.cut(chars_max)),
        }
    }
}

/// What a sign-in came to, with the steps that led there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it came to.
    pub outcome: Outcome,
    /// How.
    pub steps: Vec<Step>,
}

/// Writes steps down while they happen.
#[derive(Debug)]
pub(crate) struct Steps {
    list: Vec<Step>,
    since: Instant,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self { list: Vec::new(), since: Instant::now() }
    }

    /// A step is done; it began when the one before was.
    pub(crate) fn done(&mut self, what: &'static str, detail: impl Into<Detail>) {
        let now = Instant::now();
        let took = now.duration_since(self.since);
        self.since = now;
        if self.list.len() < STEPS_MAX {
            let detail = detail.into().cut(DETAIL_CHARS_MAX);
            self.list.push(Step { what, detail, took });
        }
    }

    pub(crate) fn report(self, outcome: Outcome) -> Report {
        Report { outcome, steps: self.list }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_came_to_is_a_sentence_whose_code_is_listed() {
        let denials = [
            Denial::Refused,
            Denial::UnknownPerson,
            Denial::Ambiguous,
            Denial::BadName,
            Denial::WrongPassword,
            Denial::Disabled,
            Denial::Expired,
            Denial::Locked,
            Denial::PasswordExpired,
            Denial::MustChange,
            Denial::NotNow,
        ];
        for denial in denials {
            // A code that is not in the list of codes is a panic.
            let said = Outcome::denied(denial).said();
            assert_eq!((said.code, said.values.len()), (denial.code(), 1));
        }
        let why = || "why".to_owned();
        let faults = [
            Fault::Unresolved,
            Fault::Unreachable(why()),
            Fault::Tls(why()),
            Fault::Late,
            Fault::Busy,
            Fault::Resting,
            Fault::Redirected,
            Fault::Status(500),
            Fault::ContentType(why()),
            Fault::TooLong,
            Fault::BadAnswer(why()),
            Fault::ServiceBind(why()),
            Fault::Search(why()),
        ];
        for fault in faults {
            assert_eq!(fault.said().code, fault.code());
        }
        let denied = Said::new("address_private", ["10.0.0.1".to_owned()], "10.0.0.1 is private");
        let said = Outcome::Failed(Fault::AddressDenied(denied.clone())).said();
        assert_eq!((said.code, &said.values), (denied.code, &denied.values));
    }
}
