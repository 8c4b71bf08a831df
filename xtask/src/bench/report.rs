//! What was measured, beside its bar and its goal: as tables, as JSON, and for the plot.

use std::fmt::Write as _;
use std::process::Command;

use super::{Plan, plot, servers};
use crate::{Failed, Outcome, say, shell};

/// Which side of its bar a ratio must be on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    AtLeast,
    AtMost,
}

/// One line: what, what it came to, and what it must be.
pub(super) struct Row {
    pub(super) part: &'static str,
    pub(super) what: String,
    /// The figure in words, with its unit.
    pub(super) figure: String,
    pub(super) ratio: f64,
    pub(super) side: Side,
    pub(super) bar: f64,
    pub(super) goal: f64,
    pub(super) note: String,
}

impl Row {
    /// A ratio that must be at least its bar.
    pub(super) fn at_least(part: &'static str, what: String, ratio: f64, bars: [f64; 2]) -> Self {
        let [bar, goal] = bars;
        let side = Side::AtLeast;
        Self { part, what, figure: String::new(), ratio, side, bar, goal, note: String::new() }
    }

    /// A ratio that must be at most its bar.
    pub(super) fn at_most(part: &'static str, what: String, ratio: f64, bars: [f64; 2]) -> Self {
        Self { side: Side::AtMost, ..Self::at_least(part, what, ratio, bars) }
    }

    pub(super) fn figure(self, figure: String) -> Self {
        Self { figure, ..self }
    }

    pub(super) fn note(self, note: String) -> Self {
        Self { note, ..self }
    }

    fn reaches(&self, mark: f64) -> bool {
        match self.side {
            Side::AtLeast => self.ratio >= mark,
            Side::AtMost => self.ratio <= mark,
        }
    }

    /// Whether the bar holds.
    pub(super) fn holds(&self) -> bool {
        self.reaches(self.bar)
    }

    fn verdict(&self) -> &'static str {
        match (self.holds(), self.reaches(self.goal)) {
            (_, true) => "holds, goal reached",
            (true, false) => "holds",
            (false, false) => "fails",
        }
    }

    fn cells(&self) -> String {
        let sign = if self.side == Side::AtLeast { "≥" } else { "≤" };
        format!(
            "| {} | {} | {} | {sign} {} | {sign} {} | {} | {} |",
            self.what,
            self.figure,
            short(self.ratio),
            short(self.bar),
            short(self.goal),
            self.verdict(),
            self.note
        )
    }
}

/// Everything of a run.
pub(super) struct Report {
    plan: Plan,
    date: String,
    machine: String,
    /// Tables of figures: title and lines of Markdown.
    tables: Vec<(String, Vec<String>)>,
    rows: Vec<Row>,
    missing: Vec<(String, String)>,
}

impl Report {
    pub(super) fn begin(plan: Plan) -> Result<Self, Failed> {
        std::fs::create_dir_all(servers::folder())?;
        let date = shell::output(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        let gib = kib.unwrap_or(0).div_ceil(1 << 20);
        Ok(Self {
            plan,
            date: date.unwrap_or_default(),
            machine: format!("{cores} cores, {gib} GiB"),
            tables: Vec::new(),
            rows: Vec::new(),
            missing: Vec::new(),
        })
    }

    /// Adds a table and shows it.
    pub(super) fn table(&mut self, title: String, lines: Vec<String>) {
        say::line(&format!("\n{title}\n"));
        lines.iter().for_each(|line| say::line(line));
        self.tables.push((title, lines));
    }

    /// Adds a line and shows it.
    pub(super) fn row(&mut self, row: Row) {
        say::line(&row.cells());
        self.rows.push(row);
    }

    /// Something could not be measured, and why.
    pub(super) fn missing(&mut self, what: &str, why: &str) {
        say::line(&format!("| {what} | not measured: {why} |"));
        self.missing.push((what.to_owned(), why.to_owned()));
    }

    /// Writes what there is so far.
    pub(super) fn save(&self) -> Outcome {
        let folder = servers::folder();
        std::fs::write(folder.join("bench.json"), self.json())?;
        std::fs::write(folder.join("bench.md"), self.markdown())?;
        Ok(std::fs::write(folder.join("bench.svg"), plot::svg(&self.heading(), &self.rows))?)
    }

    /// The whole, once more together.
    pub(super) fn end(&self) -> Outcome {
        self.save()?;
        say::line(&format!("\n{}", self.markdown()));
        let failed = self.rows.iter().filter(|row| !row.holds()).count();
        say::line(&format!(
            "{} bars, {failed} of them fail, {} parts or rows not measured. {}",
            self.rows.len(),
            self.missing.len(),
            servers::folder().join("bench.svg").display()
        ));
        Ok(())
    }

    fn heading(&self) -> String {
        let rounds = match self.plan.quick {
            true => "a quick run: whether it works, not what it comes to".to_owned(),
            false => format!("median of {}", self.plan.rounds),
        };
        format!("{}, {}, {rounds}", self.date, self.machine)
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.heading());
        for (title, lines) in &self.tables {
            let _ = write!(text, "\n{title}\n\n{}\n", lines.join("\n"));
        }
        if !self.rows.is_empty() {
            text.push_str("\n| measure | figure | ratio | bar | goal | | |\n");
            text.push_str("|---|---|---|---|---|---|---|\n");
            for row in &self.rows {
                let _ = writeln!(text, "{}", row.cells());
            }
        }
        for (what, why) in &self.missing {
            let _ = writeln!(text, "\nNot measured: {what} ({why})");
        }
        text
    }

    fn json(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(json_row).collect();
        let tables: Vec<String> = self
            .tables
            .iter()
            .map(|(title, lines)| {
                let lines: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
                format!("{{\"title\":{},\"lines\":[{}]}}", quoted(title), lines.join(","))
            })
            .collect();
        let missing: Vec<String> = self
            .missing
            .iter()
            .map(|(what, why)| format!("{{\"what\":{},\"why\":{}}}", quoted(what), quoted(why)))
            .collect();
        format!(
            "{{\"date\":{},\"machine\":{},\"rounds\":{},\"quick\":{},\"rows\":[{}],\
             \"tables\":[{}],\"missing\":[{}]}}\n",
            quoted(&self.date),
            quoted(&self.machine),
            self.plan.rounds,
            self.plan.quick,
            rows.join(",\n"),
            tables.join(",\n"),
            missing.join(",")
        )
    }
}

fn json_row(row: &Row) -> String {
    let side = if row.side == Side::AtLeast { "at_least" } else { "at_most" };
    let number = |value: f64| if value.is_finite() { value.to_string() } else { "null".to_owned() };
    format!(
        "{{\"part\":{},\"what\":{},\"figure\":{},\"ratio\":{},\"side\":\"{side}\",\"bar\":{},\
         \"goal\":{},\"holds\":{},\"note\":{}}}",
        quoted(row.part),
        quoted(&row.what),
        quoted(&row.figure),
        number(row.ratio),
        number(row.bar),
        number(row.goal),
        row.holds(),
        quoted(&row.note)
    )
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A ratio with as many digits as one reads.
pub(super) fn short(value: f64) -> String {
    match value {
        v if v.abs() >= 100.0 => format!("{v:.0}"),
        v if v.abs() >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A rate in millions or thousands.
pub(super) fn rate(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.2} M/s", v / 1e6),
        v if v >= 1e3 => format!("{:.1} k/s", v / 1e3),
        v => format!("{v:.0} /s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_on_the_side_that_it_is_for() {
        let row =
            |ratio, side| Row { side, ..Row::at_least("fanout", "a".into(), ratio, [0.5, 0.9]) };
        assert!(row(0.5, Side::AtLeast).holds() && !row(0.49, Side::AtLeast).holds());
        assert!(row(0.5, Side::AtMost).holds() && !row(0.51, Side::AtMost).holds());
        assert_eq!(row(0.95, Side::AtLeast).verdict(), "holds, goal reached");
        assert_eq!(row(0.6, Side::AtLeast).verdict(), "holds");
    }

    #[test]
    fn what_is_quoted_is_json() {
        assert_eq!(quoted("a \"b\" \\ \n"), "\"a \\\"b\\\" \\\\ \\u000a\"");
        let row = json_row(&Row::at_most("slow", "b".into(), f64::NAN, [1.0, 2.0]));
        assert!(row.contains("\"ratio\":null") && row.contains("\"holds\":false"), "{row}");
    }
}
