//! How people come in: so many a second, in steps.

use std::time::Duration;

use serde::Deserialize;

/// As a scenario has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RampPart {
    per_second: Option<f64>,
    #[serde(default)]
    steps: Vec<Step>,
}

/// The first `people`, or those who are left, come at this pace.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    people: Option<u32>,
    per_second: f64,
}

/// When each person comes. Empty: as fast as they are let in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ramp(Vec<(f64, f64)>);

impl RampPart {
    pub(super) const KEYS: &[&str] = &["per_second", "steps"];
    pub(super) const STEP_KEYS: &[&str] = &["people", "per_second"];

    pub(super) fn resolve(&self) -> Result<Ramp, String> {
        let mut steps: Vec<_> = self
            .steps
            .iter()
            .map(|step| (step.people.map_or(f64::INFINITY, f64::from), step.per_second))
            .collect();
        steps.extend(self.per_second.map(|pace| (f64::INFINITY, pace)));
        for (people, pace) in &steps {
            if !(*pace > 0.0 && *pace <= 1e6) {
                return Err(format!("`ramp`: {pace} people a second is not above 0 and up to 1e6"));
            }
            if *people < 1.0 {
                return Err("`ramp.steps`: a step has at least one of the people".into());
            }
        }
        let endless = steps.iter().position(|(people, _)| people.is_infinite());
        if endless.is_some_and(|at| at + 1 < steps.len()) {
            return Err("`ramp.steps`: only the last step may leave out `people`".into());
        }
        Ok(Ramp(steps))
    }
}

impl Ramp {
    /// When the person of this number comes, from the first one on; `None` when there is no ramp.
    pub(crate) fn at(&self, number: u32) -> Option<Duration> {
        let last = self.0.last()?.1;
        let (mut left, mut time) = (f64::from(number), 0.0);
        for (people, pace) in &self.0 {
            if left < *people {
                return Some(Duration::from_secs_f64(time + left / pace));
            }
            (left, time) = (left - people, time + people / pace);
        }
        // Those behind the last step come at its pace.
        Some(Duration::from_secs_f64(time + left / last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(text: &str) -> Result<Ramp, String> {
        toml::from_str::<RampPart>(text).expect("keys").resolve()
    }

    #[test]
    fn people_come_in_steps() {
        let at = |ramp: &Ramp, number| ramp.at(number).expect("a ramp").as_millis();
        let even = ramp("per_second = 50").expect("sound");
        assert_eq!([0, 1, 50, 100].map(|number| at(&even, number)), [0, 20, 1000, 2000]);
        let steps = "steps = [{people = 10, per_second = 10}, {people = 100, per_second = 100}]";
        let steps = ramp(steps).expect("sound");
        assert_eq!([0, 9, 10, 60, 160].map(|n| at(&steps, n)), [0, 900, 1000, 1500, 2500]);
        assert_eq!(Ramp::default().at(7), None);
    }

    #[test]
    fn impossible_ramps_are_named() {
        for text in [
            "per_second = 0",
            "steps = [{people = 0, per_second = 1}]",
            "steps = [{per_second = 1}, {people = 5, per_second = 1}]",
        ] {
            let why = ramp(text).expect_err("impossible");
            assert!(why.contains("ramp"), "{why}");
        }
    }
}
