//! What public lists are made of: the facts of the site and of meetings that are wished to be
//! public, as they are or as they were.

use std::sync::Arc;

use convoke_engine::Directory;
use convoke_journal::LogReader;
use convoke_model::Millis;
use convoke_model::meeting::life::Creation;
use convoke_model::policy::publish::{Held, Question};
use convoke_model::site::Site;
use convoke_model::site::published::Last;
use convoke_model::site::scripts::Member;
use convoke_model::site::settings::Settings;

use super::history::{self, NoHistory};

/// The feed that public lists are, for scripts.
const FEED: &str = "public";

/// Where the facts are.
pub trait Known: Send + Sync {
    /// Grows with every fact that lists may have to tell of.
    fn public_revision(&self) -> u64;
    /// The facts as they are, and their revision.
    fn look(&self) -> (u64, State);
    /// The facts as they were, and the scripts that answered then. Reads the log: takes its time.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn at(&self, at: Millis) -> Result<(State, Vec<Member>), NoHistory>;
}

/// The facts at one moment.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What administrators set.
    pub settings: Settings,
    /// The meetings that are wished to be public and were not called off, by number.
    pub meetings: Vec<Wished>,
}

/// A meeting that its owner wants to be listed.
#[derive(Clone, Debug)]
pub struct Wished {
    /// What it is.
    pub details: Creation,
    /// When its plan was last changed.
    pub changed: Millis,
    /// How often it was.
    pub changes: u32,
    /// Its owner's name.
    pub host: String,
    /// Its owner's address, which never goes out.
    pub host_email: String,
    /// What was decided last.
    pub last: Option<Last>,
}

impl Wished {
    /// A meeting of this site, if its owner wants it to be listed and it was not called off.
    #[must_use]
    pub fn of(
        site: &Site,
        details: &Creation,
        cancelled: Option<Millis>,
        changed: Millis,
        changes: u32,
    ) -> Option<Self> {
        let public = details.plan.as_ref().is_some_and(|plan| plan.public);
        if !public || cancelled.is_some() {
            return None;
        }
        let owner = site.accounts.get(details.owner);
        Some(Self {
            details: details.clone(),
            changed,
            changes,
            host: owner.map(|owner| owner.name.as_str().to_owned()).unwrap_or_default(),
            host_email: owner.map(|owner| owner.email.as_str().to_owned()).unwrap_or_default(),
            last: site.published.of(details.meeting).cloned(),
        })
    }

    /// What the scripts are asked about it.
    #[must_use]
    pub fn question(&self) -> Question {
        let plan = self.details.plan.as_ref();
        let when = plan.and_then(|plan| plan.when.as_ref());
        Question {
            meeting: self.details.meeting,
            topic: self.details.topic.as_str().to_owned(),
            kind: self.details.kind,
            host: self.host.clone(),
            feed: FEED.to_owned(),
            wished: true,
            last: self.last.as_ref().map(|last| last.verdict.clone()),
            when: when.map(|when| Held {
                start: when.start.clone(),
                zone: when.zone.clone(),
                begins: when.begins,
                minutes: when.minutes,
            }),
            recurring: plan.is_some_and(|plan| plan.recurring)
                || when.is_some_and(|when| when.rule.is_some()),
        }
    }
}

/// The directory of a running server, and its log.
pub struct LiveKnown {
    /// What is durable.
    pub directory: Arc<Directory>,
    /// What it was made of.
    pub log: Arc<dyn LogReader>,
}

impl Known for LiveKnown {
    fn public_revision(&self) -> u64 {
        self.directory.public_revision()
    }

    fn look(&self) -> (u64, State) {
        // What changes between the two is looked at again.
        let revision = self.directory.public_revision();
        let state = self.directory.all(|site, meetings| {
            let wished = meetings.values().filter_map(|info| {
                Wished::of(site, &info.details, info.cancelled, info.changed, info.changes)
            });
            State { settings: site.settings.clone(), meetings: wished.collect() }
        });
        (revision, state)
    }

    fn at(&self, at: Millis) -> Result<(State, Vec<Member>), NoHistory> {
        history::at(&*self.log, at)
    }
}
