//! What one thread counted, and how the threads' counts become one.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::clock::Micros;
use crate::logged::Logged;
use crate::plan::Plan;
use crate::series::Series;
use crate::tally::{Came, Settled};

/// Times up to an hour, in microseconds, to three digits.
const TIME_MAX: Micros = 3_600_000_000;
const DIGITS: u8 = 3;

/// What came to those of one role.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoleTotals {
    pub(crate) people: u64,
    pub(crate) sent: u64,
    pub(crate) expected: u64,
    pub(crate) delivered: u64,
    pub(crate) doubled: u64,
    pub(crate) reordered: u64,
    pub(crate) gaps: u64,
    pub(crate) late: u64,
    pub(crate) skipped: u64,
    /// Kept in scenarios.
    pub(crate) latency: Option<Histogram<u64>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Totals {
    /// Messages handed to a publisher's connection.
    pub(crate) sent: u64,
    /// Messages that the server refused, by code.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Messages that were due but could not go before the end: the connection was backed up.
    pub(crate) unsent: u64,
    /// Deliveries that what was sent leads to at those who were there from the start: it is shown
    /// while the run goes.
    pub(crate) announced: u64,
    /// Deliveries that what was sent (and not refused) must lead to, told when all is over.
    pub(crate) expected: u64,
    /// Deliveries of a message to somebody who did not have it.
    pub(crate) delivered: u64,
    /// Deliveries of a message to somebody who had it.
    pub(crate) doubled: u64,
    /// Times that a receiver got a message after a later one.
    pub(crate) reordered: u64,
    /// Stretches that a receiver missed though later ones came, refused messages aside.
    pub(crate) gaps: u64,
    /// Stamped messages of unknown publishers, or on the publisher's own connection where they must
    /// not be.
    pub(crate) strays: u64,
    /// Facts whose number was not the next one: missing before it, or told again.
    pub(crate) fact_holes: u64,
    pub(crate) fact_doubles: u64,
    /// Receipts compared with the chain of facts, and those that did not fit.
    pub(crate) receipts: u64,
    pub(crate) receipts_wrong: u64,
    /// What went wrong, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Media that the server did not hand to somebody slow or away, as it may.
    pub(crate) skipped: u64,
    /// Deliveries that took longer than the scenario's bound.
    pub(crate) late: u64,
    /// Connections that were lost, as the scenario wants it or the server, and resumed.
    pub(crate) resumes: u64,
    /// From intended sending to receipt.
    pub(crate) latency: Histogram<u64>,
    /// From the wish to be let in to the session; from the loss of the connection to the next fact.
    pub(crate) joins: Histogram<u64>,
    pub(crate) resume: Histogram<u64>,
    /// The same by role, in the order of the plan.
    pub(crate) roles: Vec<RoleTotals>,
    /// Chat by publisher: people who were there from the start, and what they got.
    pub(crate) heard: BTreeMap<u32, (u64, u64)>,
    /// Chat that the server accepted, by publisher and counter, when the log is to be compared.
    pub(crate) accepted: Vec<(u32, u64)>,
    /// What the log holds of it, once that was read.
    pub(crate) logged: Option<Logged>,
    /// From intended to real sending, where nothing but this program was in the way.
    pub(crate) lag: Histogram<u64>,
    /// Share of a processor that the busiest thread used; `None` where the system does not tell.
    pub(crate) cpu_share: Option<f64>,
    pub(crate) cpu_ns: u64,
    /// The same by seconds.
    pub(crate) series: Series,
}

impl Totals {
    /// For a plan with its roles.
    pub(crate) fn of(plan: &Plan) -> Self {
        let latency = || plan.by_role.then(histogram);
        let role = || RoleTotals { latency: latency(), ..RoleTotals::default() };
        Self { roles: plan.roles.iter().map(|_| role()).collect(), ..Self::new() }
    }

    pub(crate) fn new() -> Self {
        Self {
            sent: 0,
            refused: BTreeMap::new(),
            unsent: 0,
            announced: 0,
            expected: 0,
            delivered: 0,
            doubled: 0,
            reordered: 0,
            gaps: 0,
            strays: 0,
            fact_holes: 0,
            fact_doubles: 0,
            receipts: 0,
            receipts_wrong: 0,
            errors: BTreeMap::new(),
            skipped: 0,
            late: 0,
            resumes: 0,
            latency: histogram(),
            joins: histogram(),
            resume: histogram(),
            roles: Vec::new(),
            heard: BTreeMap::new(),
            accepted: Vec::new(),
            logged: None,
            lag: histogram(),
            cpu_share: None,
            cpu_ns: 0,
            series: Series::new(),
        }
    }

    /// Counts one stamped message at one receiver.
    pub(crate) fn came(&mut self, came: Came, latency: Micros) {
        match came {
            // A hole may fill; what is left of it is counted when the receiver goes.
            Came::Next | Came::AfterHole | Came::Jumped(_) => {}
            Came::Late => self.reordered += 1,
            Came::Again => {
                self.doubled += 1;
                return;
            }
            Came::Repeated => return,
        }
        self.delivered += 1;
        self.latency.saturating_record(latency);
    }

    /// The same at somebody of this role; `late` is the bound above which it is late.
    pub(crate) fn came_to(&mut self, role: usize, came: Came, latency: Micros, late: Micros) {
        self.came(came, latency);
        let Some(role) = self.roles.get_mut(role) else { return };
        match came {
            Came::Next | Came::AfterHole | Came::Jumped(_) => {}
            Came::Late => role.reordered += 1,
            Came::Again => {
                role.doubled += 1;
                return;
            }
            Came::Repeated => return,
        }
        role.delivered += 1;
        let is_late = u64::from(latency > late);
        (self.late, role.late) = (self.late + is_late, role.late + is_late);
        if let Some(times) = &mut role.latency {
            times.saturating_record(latency);
        }
    }

    /// Counts what became of one publisher's messages at one receiver, when all is over.
    pub(crate) fn settle(&mut self, role: usize, settled: Settled) {
        self.expected += settled.expected;
        self.skipped += settled.skipped;
        self.gaps += settled.gaps;
        if let Some(role) = self.roles.get_mut(role) {
            role.expected += settled.expected;
            role.skipped += settled.skipped;
            role.gaps += settled.gaps;
        }
    }

    pub(crate) fn error(&mut self, what: String) {
        *self.errors.entry(what).or_default() += 1;
    }

    pub(crate) fn errors_count(&self) -> u64 {
        self.errors.values().sum()
    }

    pub(crate) fn refused_count(&self) -> u64 {
        self.refused.values().sum()
    }

    /// All that is shown as wrong while a run goes.
    pub(crate) fn faults_count(&self) -> u64 {
        self.errors_count() + self.refused_count() + self.doubled
    }

    /// Deliveries that did not take place.
    pub(crate) fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.delivered)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.unsent += other.unsent;
        self.announced += other.announced;
        self.expected += other.expected;
        self.delivered += other.delivered;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.gaps += other.gaps;
        self.strays += other.strays;
        self.fact_holes += other.fact_holes;
        self.fact_doubles += other.fact_doubles;
        self.receipts += other.receipts;
        self.receipts_wrong += other.receipts_wrong;
        self.cpu_ns += other.cpu_ns;
        self.skipped += other.skipped;
        self.late += other.late;
        self.resumes += other.resumes;
        self.accepted.extend(other.accepted);
        for (publisher, (people, seen)) in other.heard {
            let heard = self.heard.entry(publisher).or_default();
            *heard = (heard.0 + people, heard.1 + seen);
        }
        if self.roles.len() < other.roles.len() {
            self.roles.resize(other.roles.len(), RoleTotals::default());
        }
        for (role, other) in self.roles.iter_mut().zip(other.roles) {
            role.add(other);
        }
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        for (what, count) in other.errors {
            *self.errors.entry(what).or_default() += count;
        }
        // Same bounds everywhere, so nothing is out of range.
        let _ = self.latency.add(&other.latency);
        let _ = self.lag.add(&other.lag);
        self.series.add(other.series);
        let _ = self.joins.add(&other.joins);
        let _ = self.resume.add(&other.resume);
        if let Some(share) = other.cpu_share {
            self.cpu_share = Some(self.cpu_share.map_or(share, |mine| mine.max(share)));
        }
    }
}

impl RoleTotals {
    fn add(&mut self, other: Self) {
        self.people += other.people;
        self.sent += other.sent;
        self.expected += other.expected;
        self.delivered += other.delivered;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.gaps += other.gaps;
        self.late += other.late;
        self.skipped += other.skipped;
        match (&mut self.latency, other.latency) {
            (Some(times), Some(others)) => {
                let _ = times.add(&others);
            }
            (times @ None, others) => *times = others,
            (Some(_), None) => {}
        }
    }
}

pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, TIME_MAX, DIGITS).expect("the bounds are sound")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_delay_is_seen_in_the_tail() {
        let mut totals = Totals::new();
        for _ in 0..999 {
            totals.came(Came::Next, 1_000);
        }
        totals.came(Came::Next, 250_000);
        assert!(totals.latency.value_at_quantile(0.5).abs_diff(1_000) <= 1);
        assert!(totals.latency.value_at_quantile(0.9995).abs_diff(250_000) <= 250);
        assert!(totals.latency.max().abs_diff(250_000) <= 250);
    }

    #[test]
    fn a_double_is_no_delivery_and_a_late_one_is() {
        let mut totals = Totals::new();
        totals.expected = 4;
        for came in [Came::Next, Came::AfterHole, Came::Late, Came::Again] {
            totals.came(came, 5);
        }
        assert_eq!((totals.delivered, totals.lost()), (3, 1));
        assert_eq!((totals.reordered, totals.doubled), (1, 1));
    }

    #[test]
    fn threads_add_up() {
        let mut one = Totals::new();
        one.came(Came::Next, 10);
        one.cpu_share = Some(0.5);
        one.error("closed".into());
        let mut two = Totals::new();
        two.came(Came::Next, 30);
        two.cpu_share = Some(0.7);
        two.error("closed".into());
        one.add(two);
        assert_eq!((one.delivered, one.latency.max(), one.errors_count()), (2, 30, 2));
        assert_eq!(one.cpu_share, Some(0.7));
    }
}
