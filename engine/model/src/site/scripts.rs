//! The operator's scripts: which text answers which hook, since when, and every text that ever did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::Hook;

/// Scripts by hook, in the order in which they are asked.
pub type Chains = BTreeMap<Hook, Vec<Member>>;

/// A script of a chain, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// Its name: that of its file, without `.rhai`.
    pub name: String,
    /// SHA-256 of its text, in hexadecimal digits.
    pub sha256: String,
}

/// The text of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The hook that it was written for.
    pub hook: Hook,
    /// Its name.
    pub name: String,
    /// SHA-256 of its text, in hexadecimal digits.
    pub sha256: String,
    /// What it says.
    pub text: String,
}

/// What is loaded at once: all hooks, live and on trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Those whose verdicts hold.
    pub live: Chains,
    /// Those that are asked beside them, and whose verdicts are only compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trial: Chains,
}

/// A wish about the scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// These answer from now on.
    Load {
        /// Which.
        loaded: Loaded,
        /// Their texts.
        texts: Vec<Text>,
        /// Why: `start`, `changed`, `load`, `rollback`.
        cause: String,
    },
}

/// A fact about the scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A text that was not in the log yet.
    Kept(Text),
    /// These answer from now on.
    Loaded {
        /// Counts up from 1.
        version: u32,
        /// Which.
        loaded: Loaded,
        /// Why: `start`, `changed`, `load`, `rollback`.
        cause: String,
    },
}

/// What is known of the scripts.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    texts: BTreeMap<(Hook, String), Text>,
    versions: Vec<Loaded>,
}

impl Scripts {
    /// The facts of a wish: new texts first, and nothing when all is as it was.
    pub(super) fn decide(&self, command: &Command) -> Vec<Event> {
        let Command::Load { loaded, texts, cause } = command;
        if self.versions.last() == Some(loaded) {
            return Vec::new();
        }
        let is_new = |text: &&Text| !self.texts.contains_key(&(text.hook, text.sha256.clone()));
        let kept = texts.iter().filter(is_new).map(|text| Event::Kept(text.clone()));
        let version = self.version() + 1;
        let now = Event::Loaded { version, loaded: loaded.clone(), cause: cause.clone() };
        kept.chain([now]).collect()
    }

    /// Takes in a fact.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Kept(text) => {
                self.texts.insert((text.hook, text.sha256.clone()), text.clone());
            }
            Event::Loaded { loaded, .. } => self.versions.push(loaded.clone()),
        }
    }

    /// The number of the version that was loaded last; 0 when none was.
    #[must_use]
    pub fn version(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    /// What was loaded under a number.
    #[must_use]
    pub fn loaded(&self, version: u32) -> Option<&Loaded> {
        let at = usize::try_from(version).ok()?.checked_sub(1)?;
        self.versions.get(at)
    }

    /// A text that once answered a hook.
    #[must_use]
    pub fn text(&self, hook: Hook, sha256: &str) -> Option<&Text> {
        self.texts.get(&(hook, sha256.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Command {
        let member = Member { name: "office".into(), sha256: text.into() };
        let live = Chains::from([(Hook::Admit, vec![member.clone()])]);
        let Member { name, sha256 } = member;
        let text = Text { hook: Hook::Admit, name, sha256, text: text.into() };
        let loaded = Loaded { live, trial: Chains::new() };
        Command::Load { loaded, texts: vec![text], cause: "load".into() }
    }

    #[test]
    fn a_text_is_kept_once_and_a_version_that_changes_nothing_is_no_fact() {
        let mut scripts = Scripts::default();
        let mut given = |wish: &Command| {
            let facts = scripts.decide(wish);
            facts.iter().for_each(|fact| scripts.apply(fact));
            (facts.len(), scripts.version())
        };
        assert_eq!(given(&load("one")), (2, 1));
        assert_eq!(given(&load("one")), (0, 1));
        assert_eq!(given(&load("two")), (2, 2));
        assert_eq!(given(&load("one")), (1, 3), "its text is in the log already");
        assert_eq!(scripts.text(Hook::Admit, "two").map(|text| text.text.as_str()), Some("two"));
        assert_eq!(scripts.loaded(1), scripts.loaded(3));
        assert_eq!(scripts.loaded(0), None);
    }
}
