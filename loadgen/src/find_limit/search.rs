//! Which rate to try next: doubled until one does not hold, then halved in between.

/// The search is over when the highest rate that held and the lowest that did not are this close.
const CLOSE: f64 = 1.05;

/// Which rates there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    Any,
    /// Whole numbers alone.
    Whole,
}

/// What is known of the rates so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    steps: Steps,
    from: f64,
    to: f64,
    held: Option<f64>,
    failed: Option<f64>,
}

impl Search {
    pub(super) fn new(from: f64, to: f64, steps: Steps) -> Self {
        Self { steps, from, to, held: None, failed: None }
    }

    /// The next rate to try; `None` when enough is known.
    pub(super) fn next(&self) -> Option<f64> {
        let next = match (self.held, self.failed) {
            (None, None) => self.from,
            (None, Some(_)) => return None,
            (Some(held), None) if held >= self.to => return None,
            (Some(held), None) => (held * 2.0).min(self.to),
            (Some(held), Some(failed)) if failed / held <= CLOSE => return None,
            // The middle of the ratio: each try halves what is left to find.
            (Some(held), Some(failed)) => match self.steps {
                Steps::Any => round((held * failed).sqrt()),
                Steps::Whole => (held * failed).sqrt().round().clamp(held, failed),
            },
        };
        let is_new = self.held.is_none_or(|held| next > held)
            && self.failed.is_none_or(|failed| next < failed);
        is_new.then_some(next)
    }

    pub(super) fn tell(&mut self, rate: f64, held: bool) {
        let known = if held { &mut self.held } else { &mut self.failed };
        *known = Some(rate);
    }
}

/// Three digits that count: people read and repeat it.
fn round(rate: f64) -> f64 {
    let unit = 10f64.powf(rate.log10().floor() - 2.0);
    (rate / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All tries against a server that holds up to `limit`, and the highest that held.
    fn tries(from: f64, to: f64, limit: f64) -> (Vec<f64>, Option<f64>) {
        tried(Search::new(from, to, Steps::Any), limit)
    }

    fn tried(mut search: Search, limit: f64) -> (Vec<f64>, Option<f64>) {
        let mut tries = Vec::new();
        while let Some(rate) = search.next() {
            tries.push(rate);
            assert!(tries.len() < 40, "it ends: {tries:?}");
            search.tell(rate, rate <= limit);
        }
        (tries, search.held)
    }

    #[test]
    fn the_limit_is_found_to_five_percent() {
        for limit in [1.0, 1.04, 7.3, 99.9, 640.0, 641.0, 5_000.0] {
            let (tries, held) = tries(1.0, 10_000.0, limit);
            let held = held.expect("1 holds");
            assert!(held <= limit && limit <= held * 1.06, "{limit}: {held} {tries:?}");
            assert!(tries.len() <= 20, "{tries:?}");
        }
    }

    #[test]
    fn of_whole_numbers_the_last_that_holds_is_found() {
        for limit in 1..=20 {
            let search = Search::new(1.0, 64.0, Steps::Whole);
            let (tries, held) = tried(search, f64::from(limit));
            assert_eq!(held, Some(f64::from(limit)), "{tries:?}");
            assert!(tries.iter().all(|rate| rate.fract() == 0.0), "{tries:?}");
        }
    }

    #[test]
    fn a_rate_that_holds_to_the_end_is_the_end() {
        assert_eq!(tries(10.0, 55.0, 1e9), (vec![10.0, 20.0, 40.0, 55.0], Some(55.0)));
    }

    #[test]
    fn when_the_first_does_not_hold_nothing_is_known() {
        assert_eq!(tries(10.0, 100.0, 5.0), (vec![10.0], None));
    }
}
