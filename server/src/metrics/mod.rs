//! Metrics: what the server counts of itself, for Prometheus. Few names, few labels; nothing that
//! tells who met whom.

mod core;
mod listener;
mod page;
mod process;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use convoke_model::Refusal;
use convoke_wire::close::Close;

pub use core::{CoreCounters, Largest, Totals};
pub use listener::serve;
pub use page::Page;

/// Adds to the page what it knows at this moment.
type Source = Box<dyn Fn(&mut Page) + Send + Sync>;

/// All counters of the process.
pub struct Metrics {
    cores: Vec<CoreCounters>,
    refusals: Vec<AtomicU64>,
    closes: Vec<AtomicU64>,
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    sources: Mutex<Vec<Source>>,
}

impl Metrics {
    /// Counters for this many cores, all at zero.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self {
            cores: (0..cores).map(|_| CoreCounters::default()).collect(),
            refusals: Refusal::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            closes: Close::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            answers: Mutex::default(),
            sources: Mutex::default(),
        }
    }

    /// The counters of a core. A number beyond the last counts with it.
    ///
    /// # Panics
    /// When there is no core.
    #[must_use]
    pub fn core(&self, index: usize) -> &CoreCounters {
        &self.cores[index.min(self.cores.len() - 1)]
    }

    /// Somebody was told no.
    pub fn refused(&self, refusal: Refusal) {
        count(&self.refusals, Refusal::ALL, refusal);
    }

    /// A connection was closed by us.
    pub fn closed(&self, close: Close) {
        count(&self.closes, Close::ALL, close);
    }

    /// A request was answered: the route's template and the status.
    pub fn answered(&self, route: &'static str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((route, status)).or_default() += 1;
    }

    /// What all cores counted together.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals::of(&self.cores)
    }

    /// Lets somebody else add to the page whenever it is asked for.
    pub fn add(&self, source: impl Fn(&mut Page) + Send + Sync + 'static) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.push(Box::new(source));
    }

    /// The page as it is now, in Prometheus' text format 0.0.4.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = Page::default();
        page.gauge("convoke_build_info", "1, with the version as a label.")
            .with(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        process::put(&mut page);
        core::put(&mut page, &self.cores);
        let mut refusals =
            page.counter("convoke_refusals_total", "Requests that were told no, by code.");
        for (refusal, count) in Refusal::ALL.iter().zip(&self.refusals) {
            refusals.with(&[("code", refusal.code())], count.load(Relaxed) as f64);
        }
        let mut closes =
            page.counter("convoke_closes_total", "Connections that the server closed, by reason.");
        for (close, count) in Close::ALL.iter().zip(&self.closes) {
            closes.with(&[("reason", close.word())], count.load(Relaxed) as f64);
        }
        let mut answers = page.counter("convoke_http_answers_total", "HTTP answers.");
        for ((route, status), count) in
            &*self.answers.lock().unwrap_or_else(PoisonError::into_inner)
        {
            let status = status.to_string();
            answers.with(&[("route", *route), ("status", &status)], *count as f64);
        }
        for source in &*self.sources.lock().unwrap_or_else(PoisonError::into_inner) {
            source(&mut page);
        }
        page.finish()
    }
}

fn count<T: PartialEq>(counters: &[AtomicU64], all: &[T], one: T) {
    let found = all.iter().position(|known| *known == one).and_then(|at| counters.get(at));
    if let Some(counter) = found {
        counter.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_on_the_page() {
        let metrics = Metrics::new(2);
        metrics.refused(Refusal::Locked);
        metrics.refused(Refusal::Locked);
        metrics.closed(Close::TooSlow);
        metrics.answered("/join", 200);
        metrics.core(1).joins.add(3);
        metrics.add(|page| page.gauge("convoke_answer", "The answer.").set(42.0));
        let page = metrics.page();
        for line in [
            "convoke_refusals_total{code=\"locked\"} 2",
            "convoke_closes_total{reason=\"too_slow\"} 1",
            "convoke_http_answers_total{route=\"/join\",status=\"200\"} 1",
            "convoke_joins_total 3",
            "# TYPE convoke_answer gauge",
            "convoke_answer 42",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
