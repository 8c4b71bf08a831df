//! Counting: reads the closing lines of test runners and sums them.

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Adds what a line of a runner's output says, if it is a closing line.
    ///
    /// Read are cargo's `test result: ok. 3 passed; 0 failed; ...`, and of Node's test runner
    /// `# pass 3`, `# fail 0` (TAP) or the same behind its information sign, and of Vitest
    /// `Tests  1 failed | 3 passed (4)`.
    pub(crate) fn read(&mut self, line: &str) {
        let line = plain(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["test", "result:", _, passed, "passed;", failed, "failed;", ..] => {
                self.passed += passed.parse().unwrap_or(0);
                self.failed += failed.parse().unwrap_or(0);
            }
            ["#" | "\u{2139}", "pass", count] => self.passed += count.parse().unwrap_or(0),
            ["#" | "\u{2139}", "fail" | "cancelled", count] => {
                self.failed += count.parse().unwrap_or(0);
            }
            ["Tests", counts @ ..] => {
                for pair in counts.windows(2) {
                    match *pair {
                        [count, "passed"] => self.passed += count.parse().unwrap_or(0),
                        [count, "failed"] => self.failed += count.parse().unwrap_or(0),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// The sum of two tallies.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// The line without colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(text: &str) -> Tally {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn the_closing_lines_of_cargo_are_summed() {
        let text = "test a::b ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
            test result: \u{1b}[31mFAILED\u{1b}[0m. 2 passed; 1 failed; 0 ignored; 0 measured;";
        assert_eq!(tally(text), Tally { passed: 5, failed: 1 });
    }

    #[test]
    fn the_closing_lines_of_node_are_read_in_both_forms() {
        assert_eq!(tally("# tests 4\n# pass 3\n# fail 1"), Tally { passed: 3, failed: 1 });
        let spec = "\u{1b}[34m\u{2139} pass 7\u{1b}[39m\n\u{2139} fail 0\n\u{2139} cancelled 1";
        assert_eq!(tally(spec), Tally { passed: 7, failed: 1 });
    }

    #[test]
    fn the_closing_line_of_vitest_is_read() {
        let text = " Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 11 passed (12)";
        assert_eq!(tally(text), Tally { passed: 11, failed: 1 });
    }
}
