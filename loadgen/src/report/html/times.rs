//! The plots over time: rates, latencies, errors, and what the generator itself needed.

use super::plot::{Line, Plot, Stretch};
use super::text::{percent, short, time};
use crate::report::Report;
use crate::report::moment::Moment;

/// An interval that is shorter than this share of a full one tells no rate.
const SHORT: f64 = 0.25;

pub(super) fn figures(report: &Report) -> String {
    let intervals = &report.series.intervals;
    let stretches: Vec<Stretch> =
        intervals.iter().map(|each| (each.at_seconds, each.seconds)).collect();
    let shortest = report.series.interval_seconds * SHORT;
    let line = |name, class, value: &dyn Fn(&Moment) -> Option<f64>| Line {
        name,
        class,
        values: intervals.iter().map(value).collect(),
    };
    let rate = |name, of: fn(&Moment) -> f64| {
        line(name, "one", &|each| (each.seconds >= shortest).then(|| of(each)))
    };
    let latency = |name, class, of: fn(&crate::report::moment::Tail) -> u64| {
        line(name, class, &|each| each.latency_us.as_ref().map(|tail| of(tail) as f64))
    };
    let plot = |title, note, lines, show| Plot {
        title,
        note,
        lines,
        is_log: false,
        at_least: 0.0,
        show,
        stretches: &stretches,
        until: report.seconds,
    };
    let times = |us: f64| time(us);
    let lag = |each: &Moment| each.generator_lag_us.as_ref().map(|tail| tail.p99 as f64);
    [
        plot(
            "Deliveries",
            "arrived, per second",
            vec![rate("deliveries/s", |each| each.deliveries_per_second)],
            short,
        ),
        plot(
            "Messages sent",
            "by all publishers, per second",
            vec![line("sent/s", "one", &|each| {
                // Only while messages were due.
                let due = (report.seconds - each.at_seconds).min(each.seconds);
                (due >= shortest).then(|| each.sent as f64 / due)
            })],
            short,
        ),
        Plot {
            is_log: true,
            ..plot(
                "Latency",
                "of what arrived in each interval",
                vec![
                    latency("max", "three", |tail| tail.max),
                    latency("p99", "two", |tail| tail.p99),
                    latency("p50", "one", |tail| tail.p50),
                ],
                times,
            )
        },
        Plot {
            at_least: 5.0,
            ..plot(
                "Errors",
                "broken connections, refusals, doubles",
                vec![line("errors", "bad", &|each| Some(each.errors as f64))],
                short,
            )
        },
        Plot {
            at_least: 1_000.0,
            ..plot(
                "Generator: own lag",
                "how late it was with sending by itself, p99",
                vec![line("own lag p99", "two", &lag)],
                times,
            )
        },
        Plot {
            at_least: 1.0,
            ..plot(
                "Generator: processor",
                "share of a core that its busiest thread used",
                vec![line("busiest thread", "two", &|each| {
                    each.generator_cpu_share.filter(|_| each.seconds >= shortest)
                })],
                percent,
            )
        },
    ]
    .iter()
    .map(Plot::figure)
    .collect()
}
