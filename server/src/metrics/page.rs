//! The page that Prometheus reads: text exposition format 0.0.4.

use std::fmt::Write as _;

/// A page under way.
#[derive(Debug, Default)]
pub struct Page(String);

/// One metric of the page; its values follow each other.
pub struct Metric<'a> {
    page: &'a mut String,
    name: &'static str,
}

impl Page {
    /// Something that only rises.
    pub fn counter(&mut self, name: &'static str, help: &str) -> Metric<'_> {
        self.metric(name, help, "counter")
    }

    /// Something that rises and falls.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> Metric<'_> {
        self.metric(name, help, "gauge")
    }

    /// How many values were at most so large: `buckets` holds a bound and the values up to it that
    /// are above the bound before; `sum` is of all values.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &str,
        buckets: impl IntoIterator<Item = (f64, u64)>,
        sum: f64,
    ) {
        let metric = self.metric(name, help, "histogram");
        let mut below = 0;
        for (bound, count) in buckets {
            below += count;
            let _ = writeln!(metric.page, "{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(metric.page, "{name}_bucket{{le=\"+Inf\"}} {below}");
        let _ = writeln!(metric.page, "{name}_sum {sum}\n{name}_count {below}");
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }

    fn metric(&mut self, name: &'static str, help: &str, kind: &str) -> Metric<'_> {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Metric { page: &mut self.0, name }
    }
}

impl Metric<'_> {
    /// Its one value.
    pub fn set(&mut self, value: f64) {
        let _ = writeln!(self.page, "{} {value}", self.name);
    }

    /// The value under these labels, which hold words of ours only.
    pub fn with(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        let labels: Vec<String> =
            labels.iter().map(|(name, word)| format!("{name}=\"{}\"", escaped(word))).collect();
        let _ = writeln!(self.page, "{}{{{}}} {value}", self.name, labels.join(","));
        self
    }
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up_from_bucket_to_bucket() {
        let mut page = Page::default();
        page.histogram("sizes", "Sizes.", [(1.0, 2), (10.0, 3)], 17.5);
        let text = page.finish();
        let want = "# HELP sizes Sizes.\n# TYPE sizes histogram\n\
                    sizes_bucket{le=\"1\"} 2\nsizes_bucket{le=\"10\"} 5\n\
                    sizes_bucket{le=\"+Inf\"} 5\nsizes_sum 17.5\nsizes_count 5\n";
        assert_eq!(text, want);
    }

    #[test]
    fn a_label_cannot_break_out() {
        let mut page = Page::default();
        page.gauge("g", "G.").with(&[("a", "x\"}\n")], 1.0);
        assert!(page.finish().ends_with("g{a=\"x\\\"}\\n\"} 1\n"));
    }
}
