//! How a command ends: sound, with findings, or not run at all.

use convoke_journal::Error;

/// What a command that ran found: its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Sound,
    /// Exit code 1.
    Findings,
}

/// Why a command did not do what it was asked: one sentence that the person can act on.
#[derive(Debug)]
pub(crate) enum Problem {
    /// What it would have read is damaged: exit code 1.
    Findings(String),
    /// Exit code 2.
    CannotRun(String),
}

impl Problem {
    pub(crate) fn cannot(sentence: impl Into<String>) -> Self {
        Self::CannotRun(sentence.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Damaged(_) => Self::Findings(error.to_string()),
            Error::Io { .. }
            | Error::InUse(_)
            | Error::NewerFormat { .. }
            | Error::Stopped
            | Error::Format(_) => Self::CannotRun(error.to_string()),
        }
    }
}
