//! The policy port: one method, so that wrappers compose; the rules that stand behind it where no
//! script is set.

use std::time::Duration;

use convoke_model::grant::Role;
use convoke_model::policy::{Admit, Credential, Decided, Question, Verdict, publish, register};
use convoke_model::refusal::Refusal;

/// An answer, and what gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What was answered.
    pub verdict: Verdict,
    /// Name and version of what answered.
    pub policy: String,
    /// Whether the fallback answered.
    pub fallback: bool,
}

/// Something that answers questions.
pub trait Policies: Send + Sync {
    /// Answers one question. Never fails: a policy that does has a fallback.
    fn ask(&self, question: &Question) -> Answered;
}

/// The rules that are compiled in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtin;

impl Policies for Builtin {
    fn ask(&self, question: &Question) -> Answered {
        let verdict = match question {
            Question::Admit(admit) => door(admit),
            Question::Record(_) => Verdict::record(true),
            Question::Register(asked) => match asked.seats {
                Some(seats) if asked.taken >= seats => Verdict::Register(register::Verdict::Wait),
                Some(_) | None => Verdict::Register(register::Verdict::Approve),
            },
            Question::Publish(asked) if asked.wished => {
                Verdict::Publish(publish::Verdict::wished())
            }
            Question::Publish(_) => Verdict::Publish(publish::Verdict::Hide),
            // What nobody has a rule for is answered as carefully as if a rule had failed.
            Question::Authenticate(_) | Question::Code(_) | Question::DrawCode(_) => {
                question.fallback()
            }
        };
        Answered { verdict, policy: "builtin 1".into(), fallback: false }
    }
}

/// The owner comes in as host, whoever shows a credential as what they come as, the others wait.
fn door(admit: &Admit) -> Verdict {
    match (admit.role, admit.credential) {
        (Role::Host, Credential::Owner) => Verdict::Enter(Role::Host),
        (Role::Host, _) => Verdict::Refuse(Refusal::NotAllowed),
        (role, Credential::Owner | Credential::Password | Credential::Invitation) => {
            Verdict::Enter(role)
        }
        (_, Credential::Nothing) => Verdict::Lobby,
    }
}

/// Makes a decision of every answer, to be kept in the log.
pub struct Recorded<P> {
    inner: P,
    elapsed: fn() -> Duration,
}

impl<P: Policies> Recorded<P> {
    /// Wraps `inner`; `elapsed` tells the time since some moment, for the decision's cost.
    #[must_use]
    pub fn new(inner: P, elapsed: fn() -> Duration) -> Self {
        Self { inner, elapsed }
    }

    /// Asks, and tells what was decided.
    #[must_use]
    pub fn decide(&self, question: Question) -> Decided {
        let before = (self.elapsed)();
        let Answered { verdict, policy, fallback } = self.inner.ask(&question);
        let took = (self.elapsed)().saturating_sub(before);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Decided { policy, fallback, micros, ..Decided::builtin(question, verdict) }
    }
}

#[cfg(test)]
mod tests {
    use convoke_model::MeetingId;

    use super::*;

    fn ask(role: Role, credential: Credential) -> Verdict {
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let around = None;
        let question = Question::Admit(Admit { meeting, role, account: None, credential, around });
        Builtin.ask(&question).verdict
    }

    #[test]
    fn only_the_owner_comes_in_as_host() {
        assert_eq!(ask(Role::Host, Credential::Owner), Verdict::Enter(Role::Host));
        for credential in [Credential::Password, Credential::Invitation, Credential::Nothing] {
            assert_eq!(ask(Role::Host, credential), Verdict::Refuse(Refusal::NotAllowed));
        }
    }

    #[test]
    fn who_shows_nothing_waits_in_the_lobby() {
        assert_eq!(ask(Role::Attendee, Credential::Nothing), Verdict::Lobby);
        assert_eq!(ask(Role::Viewer, Credential::Password), Verdict::Enter(Role::Viewer));
    }
}
