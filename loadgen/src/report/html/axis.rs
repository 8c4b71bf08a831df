//! Axes of a plot: where a value lies, and which values are worth a line.

/// A stretch of values that is laid over a stretch of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) is_log: bool,
}

impl Axis {
    /// From zero to a round number above all values.
    pub(super) fn linear(most: f64) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = step(most, 4.0);
        Self { from: 0.0, to: (most / step - 1e-9).ceil() * step, is_log: false }
    }

    /// From the power of ten below the least to a round number above all; for values above zero.
    pub(super) fn log(least: f64, most: f64) -> Self {
        let (least, most) = match least <= most && least > 0.0 && most.is_finite() {
            true => (least, most),
            // Nothing was measured.
            false => (1_000.0, 10_000.0),
        };
        let round = |value: f64, up: bool| {
            let power = 10f64.powf(value.log10().floor());
            let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
            let fits = |step: &&f64| if up { **step >= value * 0.9999 } else { **step <= value };
            let found = if up { steps.iter().find(fits) } else { steps.iter().rev().find(fits) };
            found.copied().unwrap_or(power)
        };
        let (from, mut to) = (round(least, false), round(most, true));
        if to <= from {
            to = from * 10.0;
        }
        Self { from, to, is_log: true }
    }

    /// 0 at `from`, 1 at `to`.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.is_log {
            true => (value.max(self.from) / self.from).ln() / (self.to / self.from).ln(),
            false => (value - self.from) / (self.to - self.from),
        };
        place.clamp(0.0, 1.0)
    }

    /// Round values to draw lines at.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if !self.is_log {
            let step = step(self.to - self.from, 4.0);
            let count = ((self.to - self.from) / step).round() as u32;
            return (0..=count).map(|at| self.from + f64::from(at) * step).collect();
        }
        let (first, last) = (self.from.log10().floor() as i32, self.to.log10().ceil() as i32);
        let within = |tick: &f64| *tick >= self.from * 0.999 && *tick <= self.to * 1.001;
        let steps: &[f64] = if last - first > 2 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let all =
            (first..=last).flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
        all.filter(within).collect()
    }
}

/// The round step that cuts a stretch into about so many parts.
pub(super) fn step(stretch: f64, parts: f64) -> f64 {
    let raw = stretch / parts;
    let power = 10f64.powf(raw.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= raw * 0.9999).unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_axes_begin_at_zero_and_end_above_all() {
        let axis = Axis::linear(19_500.0);
        assert_eq!(axis.ticks(), [0.0, 5_000.0, 10_000.0, 15_000.0, 20_000.0]);
        assert_eq!((axis.place(0.0), axis.place(10_000.0)), (0.0, 0.5));
        assert_eq!(Axis::linear(0.0).to, 1.0, "nothing is drawn at the bottom");
    }

    #[test]
    fn logarithmic_axes_hold_all_and_step_by_round_numbers() {
        let axis = Axis::log(130.0, 42_000.0);
        assert_eq!((axis.from, axis.to), (100.0, 50_000.0));
        assert_eq!(axis.ticks(), [100.0, 1_000.0, 10_000.0]);
        assert!((axis.place(5_000.0) - 0.6295).abs() < 0.001);
        assert_eq!(Axis::log(5.0, 5.0).ticks(), [5.0, 10.0, 20.0, 50.0]);
        assert_eq!(axis.place(0.0), 0.0);
        assert_eq!(Axis::log(f64::MAX, 0.0).ticks(), [1_000.0, 2_000.0, 5_000.0, 10_000.0]);
    }
}
