//! What was last decided about telling the public of meetings: one decision for each meeting, which
//! holds until the meeting or the scripts change.

use std::collections::BTreeMap;

use super::scripts::Member;
use crate::id::MeetingId;
use crate::policy::publish::{Question, Verdict};
use crate::policy::{self, Decided, Hook, Script};

/// The last decision of each meeting that was ever asked about.
#[derive(Clone, Debug, Default)]
pub struct Published(BTreeMap<MeetingId, Last>);

/// A decision that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub verdict: Verdict,
    /// Whether that was the fallback.
    pub fallback: bool,
    /// The scripts that were asked, in their order.
    scripts: Vec<Script>,
}

impl Published {
    /// Takes in a decision, if it is one about a public list that was not on trial.
    pub(super) fn apply(&mut self, decided: &Decided) {
        if decided.live.is_some() {
            return;
        }
        if let (policy::Question::Publish(question), policy::Verdict::Publish(verdict)) =
            (&decided.question, &decided.verdict)
        {
            let last = Last {
                question: Question { last: None, ..question.clone() },
                verdict: verdict.clone(),
                fallback: decided.fallback,
                scripts: decided.passed.iter().chain(&decided.script).cloned().collect(),
            };
            self.0.insert(question.meeting, last);
        }
    }

    /// The last decision about a meeting.
    #[must_use]
    pub fn of(&self, meeting: MeetingId) -> Option<&Last> {
        self.0.get(&meeting)
    }
}

impl Last {
    /// Whether it would be the same if it were asked again: the same state of the meeting, and the
    /// scripts that were asked are still those that are asked first.
    #[must_use]
    pub fn holds(&self, question: &Question, chain: &[Member]) -> bool {
        let same = |(script, member): (&Script, &Member)| {
            let path = format!("{}/{}.rhai", Hook::Publish.word(), member.name);
            script.path == path && script.sha256 == member.sha256
        };
        let asked = self.scripts.len();
        asked <= chain.len()
            && (asked > 0 || chain.is_empty())
            && self.scripts.iter().zip(chain).all(same)
            && self.question.is_like(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meeting::lifecycle::MeetingType;
    use crate::policy::Value;

    fn question(topic: &str) -> Question {
        Question {
            meeting: MeetingId::new(88_137_455).expect("eight digits"),
            topic: topic.to_owned(),
            kind: MeetingType::Interactive,
            host: "Ann".to_owned(),
            feed: "public".to_owned(),
            wished: true,
            last: None,
            when: None,
            recurring: false,
        }
    }

    fn member(name: &str, sha256: &str) -> Member {
        Member { name: name.to_owned(), sha256: sha256.to_owned() }
    }

    fn decided(topic: &str, scripts: &[(&str, &str)]) -> Decided {
        let script = |(path, sha256): &(&str, &str)| Script {
            path: (*path).to_owned(),
            sha256: (*sha256).to_owned(),
        };
        let (last, passed) = scripts.split_last().expect("one at least");
        let verdict = policy::Verdict::Publish(Verdict::wished());
        let asked = Question { last: Some(Verdict::Hide), ..question(topic) };
        Decided {
            script: Some(script(last)),
            passed: passed.iter().map(script).collect(),
            ..Decided::builtin(policy::Question::Publish(asked), verdict)
        }
    }

    #[test]
    fn a_decision_holds_until_the_meeting_or_a_script_that_was_asked_changes() {
        let mut published = Published::default();
        let id = question("Talk").meeting;
        published.apply(&decided("Talk", &[("publish/a.rhai", "1"), ("publish/b.rhai", "2")]));
        let last = published.of(id).expect("it is kept");
        let chain = [member("a", "1"), member("b", "2"), member("c", "3")];
        assert!(last.holds(&question("Talk"), &chain));
        assert!(last.holds(&question("Talk"), &chain[..2]));
        assert!(!last.holds(&question("Other talk"), &chain));
        assert!(!last.holds(&question("Talk"), &chain[..1]));
        assert!(!last.holds(&question("Talk"), &[member("a", "9"), member("b", "2")]));
        assert!(!last.holds(&question("Talk"), &[]));
    }

    #[test]
    fn what_was_on_trial_is_not_what_was_decided() {
        let mut published = Published::default();
        let on_trial = Decided {
            live: Some(Box::new(policy::Verdict::Publish(Verdict::Hide))),
            ..decided("Talk", &[("publish/a.rhai", "1")])
        };
        published.apply(&on_trial);
        assert_eq!(published.of(question("Talk").meeting), None);
    }

    #[test]
    fn a_decision_from_before_times_were_asked_about_still_reads() {
        let shown = Value::from(&policy::Question::Publish(question("Talk")));
        assert_eq!(shown.get("start"), Some(&Value::Null));
        assert_eq!(shown.get("recurring"), Some(&Value::Bool(false)));
    }
}
