//! The plot of latency by percentile, as HdrHistogram draws it: each step to the right is one more
//! nine.

use std::fmt::Write as _;

use super::axis::Axis;
use super::plot::row;
use super::text::time;
use crate::report::Report;

const WIDTH: f64 = 1136.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 30.0;

pub(super) fn figure(report: &Report) -> String {
    let times = &report.latency_us;
    let vertical = Axis::linear(times.max as f64);
    // One delivery in so many is the farthest that can be told.
    let farthest = (times.count.max(10) as f64).log10();
    let across = Axis { from: 0.0, to: farthest, is_log: false };
    let nines = |percent: f64| (100.0 / (100.0 - percent).max(1e-9)).log10();
    let x = |percent: f64| LEFT + across.place(nines(percent)) * (WIDTH - LEFT - RIGHT);
    let y = |us: f64| HEIGHT - BOTTOM - vertical.place(us) * (HEIGHT - TOP - BOTTOM);

    let mut out = String::from(
        "<figure class=\"panel wide\"><figcaption><b>Latency by percentile</b><span>how many of \
         the deliveries took at most how long, from when a message was due to when it \
         arrived</span></figcaption>",
    );
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>Latency by percentile</title>"
    );
    for tick in vertical.ticks() {
        row(&mut out, y(tick), &time(tick), WIDTH);
    }
    for (percent, name) in percents(farthest) {
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{floor}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{foot}\" text-anchor=\"middle\">{name}</text>",
            x = x(percent),
            floor = HEIGHT - BOTTOM,
            foot = HEIGHT - 9.0
        );
    }
    let path: String = report
        .latency_by_percentile
        .iter()
        .map(|held| format!(" {:.1},{:.1}", x(held.percent), y(held.us as f64)))
        .collect();
    if !path.is_empty() {
        let (floor, end) = (HEIGHT - BOTTOM, x(100.0));
        let _ = write!(
            out,
            "<polygon class=\"area one\" points=\"{LEFT},{floor}{path} {end:.1},{floor}\"/>\
             <polyline class=\"line one\" points=\"{}\"/>",
            path.trim_start()
        );
    }
    let marks = [(50.0, times.p50), (90.0, times.p90), (99.0, times.p99), (99.9, times.p999)];
    let told = marks.into_iter().filter(|(percent, _)| nines(*percent) < farthest + 1e-6);
    for (percent, us) in told.chain([(100.0, times.max)]).filter(|_| times.count > 0) {
        let (x, y) = (x(percent), y(us as f64));
        let anchor = if percent == 100.0 { "end" } else { "middle" };
        let _ = write!(
            out,
            "<circle class=\"dot one\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>\
             <text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            y - 9.0,
            time(us as f64)
        );
    }
    out.push_str("</svg></figure>\n");
    out
}

/// The percentiles that get a line.
fn percents(farthest: f64) -> Vec<(f64, String)> {
    let mut all =
        vec![(0.0, "0 %".to_owned()), (50.0, "50 %".to_owned()), (75.0, "75 %".to_owned())];
    for nines in (1..=9u8).filter(|nines| f64::from(*nines) <= farthest + 1e-6) {
        let places = usize::from(nines.saturating_sub(2));
        let percent = 100.0 - 10f64.powi(2 - i32::from(nines));
        all.push((percent, format!("{percent:.places$} %")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nine_has_a_line() {
        let names: Vec<String> = percents(4.2).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["0 %", "50 %", "75 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }
}
