//! Access codes by their digits: whose they are, and whether they ever were anybody's.

use std::collections::{BTreeMap, BTreeSet};

use convoke_model::MeetingId;
use convoke_model::policy::draw_code::AccessCode;

/// Every code that any meeting ever had. A row without meetings is a code that was given up.
#[derive(Debug, Default)]
pub(super) struct Codes(BTreeMap<String, BTreeSet<MeetingId>>);

impl Codes {
    /// The meetings that have a code now. People may give several the same.
    pub(super) fn holders(&self, code: &str) -> impl Iterator<Item = MeetingId> {
        self.0.get(code).into_iter().flatten().copied()
    }

    pub(super) fn was_used(&self, code: &str) -> bool {
        self.0.contains_key(code)
    }

    /// Codes that somebody has.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, holders)| !holders.is_empty()).map(|(code, _)| code.as_str())
    }

    /// A meeting has another code than before.
    pub(super) fn change(
        &mut self,
        meeting: MeetingId,
        before: Option<AccessCode>,
        after: Option<AccessCode>,
    ) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.0.entry(before.into()).or_default().remove(&meeting);
        }
        if let Some(after) = after {
            self.0.entry(after.into()).or_default().insert(meeting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_was_given_up_is_nobodys_and_stays_used() {
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let code = |digits: &str| AccessCode::new(digits);
        let mut codes = Codes::default();
        codes.change(meeting, None, code("123456782"));
        assert_eq!(codes.holders("123456782").collect::<Vec<_>>(), [meeting]);
        codes.change(meeting, code("123456782"), code("987654321"));
        assert_eq!(codes.holders("123456782").count(), 0);
        assert!(codes.was_used("123456782") && !codes.was_used("123456783"));
        assert_eq!(codes.in_use().collect::<Vec<_>>(), ["987654321"]);
    }
}
