//! The log by itself: synced appends against bare writes and against fjall, by the journal's own
//! benchmark.

use super::report::{Report, Row};
use super::{Plan, median, ratio};
use crate::{Failed, Outcome, shell, tools};

const PART: &str = "log";

/// What a run says of one size: bare writes, the committer, fjall, in records a second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    body: usize,
    bare: f64,
    log: f64,
    fjall: f64,
}

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let (mut lines, mut many) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let seconds = plan.count(2, 1).to_string();
        let mut command = tools::cargo();
        command.args(["bench", "--quiet", "--package", "convoke-journal", "--", &seconds]);
        let said = shell::output(&mut command);
        let said = said.ok_or(Failed("the benchmark of the journal failed".to_owned()))?;
        lines.extend(said.lines().filter_map(read));
        many.extend(said.lines().filter_map(read_sustained));
    }
    for body in [100, 1000, 16_000] {
        let of = |part: fn(&Line) -> f64| {
            median(lines.iter().filter(|line| line.body == body).map(part).collect())
        };
        let log = of(|line| line.log);
        if log == 0.0 {
            report.missing(PART, "the benchmark of the journal said nothing that was understood");
            return Ok(());
        }
        for (name, peer, bars) in [
            ("bare writes of the same blocks", of(|line| line.bare), [0.6, 0.9]),
            ("fjall, one value per record", of(|line| line.fjall), [3.0, 8.0]),
        ] {
            let what = format!("synced append of {body} B through the committer, against {name}");
            let figure = format!("{:.0} k to {:.0} k records/s", log / 1e3, peer / 1e3);
            report.row(Row::at_least(PART, what, log / peer, bars).figure(figure));
        }
    }
    for body in [100, 1000] {
        let of = |at: usize| -> Vec<f64> {
            many.iter().filter(|line| line[0] as usize == body).map(|line| line[at]).collect()
        };
        let (log, peer) = (of(1), of(2));
        let what = format!("{body} B from 1,000 streams, against fjall synced every 10 ms");
        let (here, there) = (median(log.clone()), median(peer.clone()));
        let figure = format!("{:.0} k to {:.0} k records/s", here / 1e3, there / 1e3);
        report.row(Row::at_least(PART, what, ratio(&log, &peer), [3.0, 8.0]).figure(figure));
    }
    Ok(())
}

/// `sustained | 100 | 687237 | 528837`
fn read_sustained(line: &str) -> Option<[f64; 3]> {
    let cells: Vec<f64> = line
        .strip_prefix("sustained | ")?
        .split('|')
        .map(|cell| cell.trim().parse().ok())
        .collect::<Option<_>>()?;
    cells.try_into().ok()
}

/// `100 | 324000 | 257000 (0.79) | 81000 | 3.2`
fn read(line: &str) -> Option<Line> {
    let cells: Vec<f64> = line
        .split('|')
        .map(|cell| cell.split_whitespace().next()?.parse().ok())
        .collect::<Option<_>>()?;
    let [body, bare, log, fjall, ..] = *cells else { return None };
    Some(Line { body: body as usize, bare, log, fjall })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_benchmark_is_understood() {
        let line = Line { body: 100, bare: 324_000.0, log: 257_000.0, fjall: 81_000.0 };
        assert_eq!(read("100 | 324000 | 257000 (0.79) | 81000 | 3.2"), Some(line));
        assert_eq!(read_sustained("sustained | 100 | 9 | 8"), Some([100.0, 9.0, 8.0]));
        assert_eq!(read_sustained("sustained, 1,000 streams | body bytes | fjall/s"), None);
        assert_eq!(read("body bytes | bare writes/s | committer/s (of bare) | fjall/s"), None);
    }
}
