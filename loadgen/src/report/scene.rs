//! What a report tells of a scenario: who came and how, each role, the log, the thresholds.

use serde::Serialize;

use super::Times;
use super::table::times;
use crate::logged::Logged;
use crate::measure::{RoleTotals, Totals};
use crate::scenario::judge::Check;
use crate::scenario::thresholds::Thresholds;
use crate::scenario::{Model, Scenario};

/// The part of a report that a scenario gives.
#[derive(Debug, Serialize)]
pub(crate) struct Scene {
    /// Name of the file; `None` when the command line described the run.
    pub(super) scenario: Option<String>,
    pub(super) about: Option<String>,
    /// When chat goes: `open`, when it is due; `closed`, when the one before was answered.
    pub(super) model: &'static str,
    /// Media that the server did not hand to somebody slow or away, as it may.
    pub(super) skipped: u64,
    /// Deliveries that took longer than the scenario's bound.
    pub(super) late: u64,
    /// People who came in, how long each took, and how many came a second.
    pub(super) joins_us: Times,
    pub(super) joins_per_second: f64,
    /// Connections that were lost and resumed, and how long that took.
    pub(super) resumes: u64,
    pub(super) resume_us: Times,
    pub(super) roles: Vec<Role>,
    /// What the server's log holds of it; `None` when it was not read.
    pub(super) logged: Option<Logged>,
    pub(super) thresholds: Vec<Check>,
    /// Whether the run passes: the exit code.
    pub(super) passed: bool,
}

/// What came to those of one role.
#[derive(Debug, Serialize)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) people: u64,
    pub(super) sent: u64,
    pub(super) expected: u64,
    pub(super) delivered: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) reordered: u64,
    pub(super) gaps: u64,
    pub(super) late: u64,
    pub(super) skipped: u64,
    pub(super) latency_us: Option<Times>,
}

/// What a report needs to know of the scenario.
#[derive(Debug)]
pub(crate) struct Setting {
    scenario: Option<String>,
    about: Option<String>,
    model: Model,
    thresholds: Thresholds,
    roles: Vec<String>,
    gather_seconds: f64,
}

impl Setting {
    pub(crate) fn of(scenario: &Scenario, gather_seconds: f64) -> Self {
        Self {
            scenario: scenario.name.clone(),
            about: scenario.about.clone(),
            model: scenario.model,
            thresholds: scenario.thresholds.clone(),
            roles: scenario.roles.iter().map(|role| role.name.clone()).collect(),
            gather_seconds,
        }
    }
}

impl Scene {
    /// `whole`: the run went to its end.
    pub(super) fn new(setting: Setting, whole: bool, totals: &Totals) -> Self {
        let thresholds = setting.thresholds.checks(totals);
        let roles = setting.roles.into_iter().zip(&totals.roles);
        Self {
            scenario: setting.scenario,
            about: setting.about,
            model: setting.model.word(),
            skipped: totals.skipped,
            late: totals.late,
            joins_us: Times::of(&totals.joins),
            joins_per_second: totals.joins.len() as f64 / setting.gather_seconds.max(1e-3),
            resumes: totals.resumes,
            resume_us: Times::of(&totals.resume),
            roles: roles
                .filter(|(_, totals)| totals.people > 0)
                .map(|(name, totals)| Role::new(name, totals))
                .collect(),
            logged: totals.logged.clone(),
            thresholds,
            passed: whole && setting.thresholds.passed(totals),
        }
    }

    /// Whether nothing went wrong but what the thresholds allow, and they held.
    pub(crate) fn passed(&self) -> bool {
        self.passed
    }

    /// Whether a file, or an archive, describes the run.
    pub(crate) fn is_of_file(&self) -> bool {
        self.scenario.is_some()
    }

    /// The lines of the table: a name and what stands there.
    pub(super) fn rows(&self, mut row: impl FnMut(&str, String)) {
        if let Some(name) = &self.scenario {
            let about = self.about.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
            row("scenario", format!("{name}{about} ({} model)", self.model));
        }
        let pace = self.joins_per_second;
        row("joins", format!("{pace:.1}/s  {}", times(&self.joins_us)));
        if self.resumes > 0 {
            row("resumes", format!("{}  {}", self.resumes, times(&self.resume_us)));
        }
        if self.scenario.is_some() {
            self.roles.iter().for_each(|role| role.rows(&mut row));
        }
        let told = match &self.logged {
            Some(logged) => logged.sentence(),
            None => "not checked: give --data".into(),
        };
        row("logged", told);
        for Check { name, bound, found, held } in &self.thresholds {
            let word = if *held { "held" } else { "BROKEN" };
            row("threshold", format!("{name} {bound}: {found:.3} {word}"));
        }
    }
}

impl Role {
    fn new(name: String, totals: &RoleTotals) -> Self {
        Self {
            name,
            people: totals.people,
            sent: totals.sent,
            expected: totals.expected,
            delivered: totals.delivered,
            lost: totals.expected.saturating_sub(totals.delivered),
            doubled: totals.doubled,
            reordered: totals.reordered,
            gaps: totals.gaps,
            late: totals.late,
            skipped: totals.skipped,
            latency_us: totals.latency.as_ref().map(Times::of),
        }
    }

    fn rows(&self, row: &mut impl FnMut(&str, String)) {
        let mut told = format!(
            "{} x {}: sent {}, got {} of {}",
            self.people, self.name, self.sent, self.delivered, self.expected
        );
        let counts = [
            (self.lost, "lost"),
            (self.doubled, "doubled"),
            (self.reordered, "reordered"),
            (self.gaps, "gaps"),
            (self.late, "late"),
            (self.skipped, "skipped"),
        ];
        for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
            told += &format!(", {count} {word}");
        }
        if let Some(latency) = self.latency_us.as_ref().filter(|latency| latency.count > 0) {
            let ms = |us: u64| us as f64 / 1e3;
            told += &format!("; p50 {:.2} p99 {:.2} ms", ms(latency.p50), ms(latency.p99));
        }
        row("role", told);
    }
}
