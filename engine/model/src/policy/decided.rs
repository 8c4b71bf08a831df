//! A decision: a question, its verdict, what it rested on and what it took. Kept in the log, so
//! that replay asks nobody.

use serde::{Deserialize, Serialize};

use super::{Question, Value, Verdict};

/// A question, its verdict and what it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Name and version of what answered; `builtin 1` for the rules compiled in.
    pub policy: String,
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub verdict: Verdict,
    /// Whether the fallback answered because the policy failed or was late.
    pub fallback: bool,
    /// How long it took.
    pub micros: u64,
    /// The script that answered, or failed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
    /// Scripts before it that said `next`, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Script>,
    /// What the scripts asked the world, in order, and what it answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Script operations it took.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub operations: u64,
    /// Why the fallback answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// What the live policy said, when this one was on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Box<Verdict>>,
}

impl Decided {
    /// A decision of the rules compiled in.
    #[must_use]
    pub fn builtin(question: Question, verdict: Verdict) -> Self {
        Self {
            policy: "builtin 1".to_owned(),
            question,
            verdict,
            fallback: false,
            micros: 0,
            script: None,
            passed: Vec::new(),
            evidence: Vec::new(),
            operations: 0,
            why: None,
            live: None,
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A script by what it holds, not only by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Script {
    /// `admit/office.rhai`
    pub path: String,
    /// SHA-256 of its text, in hexadecimal digits.
    pub sha256: String,
}

/// A library call: what a script asked the world, and what the world answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `ldap.find`
    pub call: String,
    /// What it was asked with. Never a secret: the server adds it where it is needed.
    pub arguments: Vec<Value>,
    /// What it answered.
    pub answer: Value,
    /// How long that took.
    pub micros: u64,
}

/// Why a fallback answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The kind of failure.
    pub cause: Cause,
    /// A sentence for the operator: file, line and column where there are any.
    pub told: String,
}

/// How a script can fail to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It stopped with an error, or went over a limit of the language.
    Error,
    /// It did not answer within the hook's deadline.
    Timeout,
    /// What it answered is no verdict of its hook.
    WrongType,
    /// It has no function of the hook's name.
    MissingFunction,
    /// Its process ended, or was ended because the script took too much of it.
    Killed,
    /// Too many questions wait already.
    Overloaded,
    /// It asked for something that was never asked before; only when a decision is asked again.
    NoEvidence,
}

impl Cause {
    /// The word for it in records and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::WrongType => "wrong_type",
            Self::MissingFunction => "missing_function",
            Self::Killed => "killed",
            Self::Overloaded => "overloaded",
            Self::NoEvidence => "no_evidence",
        }
    }
}
