//! Plots over time as inline SVG.

use std::fmt::Write as _;

use super::axis::{Axis, step};
use super::text::escape;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Above this many intervals each is too narrow to be pointed at.
const POINTED_MAX: usize = 240;
/// Up to this many, each point gets a dot.
const DOTS_MAX: usize = 30;

/// A stretch of the run: where it begins and how long it is, in seconds.
pub(super) type Stretch = (f64, f64);

/// One line: a value for each interval, where there is one.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// How it is drawn; a class of the style sheet.
    pub(super) class: &'static str,
    pub(super) values: Vec<Option<f64>>,
}

pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) lines: Vec<Line>,
    pub(super) is_log: bool,
    /// The axis reaches at least this far.
    pub(super) at_least: f64,
    pub(super) show: fn(f64) -> String,
    pub(super) stretches: &'a [Stretch],
    /// When publishers stopped, seconds.
    pub(super) until: f64,
}

impl Plot<'_> {
    /// The plot with its title and the names of its lines.
    pub(super) fn figure(&self) -> String {
        let mut out = format!(
            "<figure class=\"panel\"><figcaption><b>{}</b><span>{}</span>",
            escape(self.title),
            escape(self.note)
        );
        if self.lines.len() > 1 {
            out.push_str("<ul class=\"legend\">");
            for line in &self.lines {
                let _ = write!(out, "<li class=\"{}\">{}</li>", line.class, escape(line.name));
            }
            out.push_str("</ul>");
        }
        out.push_str("</figcaption>");
        out.push_str(&self.svg());
        out.push_str("</figure>\n");
        out
    }

    fn svg(&self) -> String {
        let values = || self.lines.iter().flat_map(|line| line.values.iter().flatten().copied());
        let most = values().fold(self.at_least, f64::max);
        let vertical = match self.is_log {
            true => Axis::log(values().fold(f64::MAX, f64::min), most),
            false => Axis::linear(most),
        };
        let end = self.stretches.last().map_or(1.0, |(from, length)| from + length);
        let end = end.max(self.until).max(1e-3);
        let across = Axis { from: 0.0, to: end, is_log: false };
        let x = |seconds: f64| LEFT + across.place(seconds) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - vertical.place(value) * (HEIGHT - TOP - BOTTOM);

        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{}</title>",
            escape(self.title)
        );
        if self.until < end {
            let (from, wide) = (x(self.until), x(end) - x(self.until));
            let tall = HEIGHT - TOP - BOTTOM;
            let _ = write!(
                out,
                "<rect class=\"after\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{wide:.1}\" \
                 height=\"{tall}\"/>"
            );
        }
        for tick in vertical.ticks() {
            row(&mut out, y(tick), &(self.show)(tick), WIDTH);
        }
        for tick in seconds(end) {
            let _ = write!(
                out,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x(tick),
                HEIGHT - 8.0,
                clock(tick)
            );
        }
        let is_only = self.lines.len() == 1;
        for line in &self.lines {
            self.draw(line, is_only, &x, &y, &mut out);
        }
        self.pointed(&x, &mut out);
        out.push_str("</svg>");
        out
    }

    fn draw(
        &self,
        line: &Line,
        is_filled: bool,
        x: &impl Fn(f64) -> f64,
        y: &impl Fn(f64) -> f64,
        out: &mut String,
    ) {
        let points = line.values.iter().zip(self.stretches);
        let points: Vec<Option<(f64, f64)>> = points
            .map(|(value, (from, length))| value.map(|value| (x(from + length / 2.0), y(value))))
            .collect();
        // A line breaks where nothing was measured.
        for run in points.split(Option::is_none) {
            let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let path: String = run.iter().map(|(x, y)| format!(" {x:.1},{y:.1}")).collect();
            let path = path.trim_start();
            if is_filled {
                let floor = HEIGHT - BOTTOM;
                let _ = write!(
                    out,
                    "<polygon class=\"area {}\" points=\"{:.1},{floor} {path} {:.1},{floor}\"/>",
                    line.class, first.0, last.0
                );
            }
            let _ = write!(out, "<polyline class=\"line {}\" points=\"{path}\"/>", line.class);
            if run.len() == 1 || points.len() <= DOTS_MAX {
                for (x, y) in run {
                    let _ = write!(
                        out,
                        "<circle class=\"dot {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/>",
                        line.class
                    );
                }
            }
        }
    }

    /// A column over each interval that tells its values when it is pointed at.
    fn pointed(&self, x: &impl Fn(f64) -> f64, out: &mut String) {
        if self.stretches.len() > POINTED_MAX {
            return;
        }
        let tall = HEIGHT - TOP - BOTTOM;
        for (at, (from, length)) in self.stretches.iter().enumerate() {
            let told = self.lines.iter().filter_map(|line| {
                let value = (self.show)(line.values.get(at).copied().flatten()?);
                Some(format!("\n{} {}", escape(line.name), escape(&value)))
            });
            let told: String = told.collect();
            let (left, wide) = (x(*from), x(from + length) - x(*from));
            let _ = write!(
                out,
                "<rect class=\"point\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{wide:.1}\" \
                 height=\"{tall}\"><title>{}{told}</title></rect>",
                clock(*from)
            );
        }
    }
}

/// A line across the plot with its value before it.
pub(super) fn row(out: &mut String, y: f64, text: &str, width: f64) {
    let right = width - RIGHT;
    let _ = write!(
        out,
        "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
         <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        LEFT - 8.0,
        y + 4.0,
        escape(text)
    );
}

/// Round times up to the end of the run.
fn seconds(end: f64) -> Vec<f64> {
    const STEPS: [f64; 13] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0];
    let fits = STEPS.into_iter().find(|step| end / step <= 7.0);
    let step = if end < 2.0 { step(end, 4.0) } else { fits.unwrap_or(43_200.0) };
    (0..=(end / step) as u32).map(|at| f64::from(at) * step).collect()
}

/// Seconds of a run as `12 s`, `1:30` or `2:00:00`.
fn clock(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..120 if seconds.fract() > 0.01 => format!("{seconds:.1} s"),
        0..120 => format!("{whole} s"),
        120..3_600 => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_round() {
        assert_eq!(seconds(10.1), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(seconds(0.5), [0.0, 0.2, 0.4]);
        assert_eq!(seconds(3_600.0).last(), Some(&3_600.0));
        assert_eq!((clock(0.2), clock(61.0)), ("0.2 s".into(), "61 s".into()));
        assert_eq!((clock(150.0), clock(7_265.0)), ("2:30".into(), "2:01:05".into()));
    }

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let line =
            Line { name: "p50", class: "one", values: vec![Some(1.0), Some(2.0), None, Some(3.0)] };
        let plot = Plot {
            title: "a <b>",
            note: "",
            lines: vec![line],
            is_log: false,
            at_least: 0.0,
            show: |value| format!("{value}"),
            stretches: &[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 0.5)],
            until: 3.0,
        };
        let svg = plot.figure();
        assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
        assert_eq!(svg.matches("class=\"after\"").count(), 1);
        assert!(svg.contains("a &lt;b&gt;") && !svg.contains("a <b>"), "{svg}");
        assert!(svg.contains("<title>1 s\np50 2</title>"), "{svg}");
    }
}
