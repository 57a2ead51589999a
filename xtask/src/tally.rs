//! What a test runner has counted.

/// The sums over all test binaries.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// The closing lines, as printed.
    pub(crate) lines: Vec<String>,
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// What tests that passed have said that they could not try.
    pub(crate) skipped: Vec<String>,
}

/// How a test says so, past the runner, which keeps what passing tests print.
const SKIPPED: &str = "SKIPPED, NOT TRIED: ";

impl Tally {
    /// Takes note of a line of the runner's output, if it is a closing one, or of a test that was skipped.
    pub(crate) fn add(&mut self, line: &str) {
        if line.starts_with(SKIPPED) {
            return self.skipped.push(line.to_owned());
        }
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
        self.lines.push(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_summed() {
        let mut tally = Tally::default();
        tally.add("running 3 tests");
        tally.add("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        tally.add("test result: FAILED. 20 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        tally.add("the test result: ok. 9 passed");
        tally.add("SKIPPED, NOT TRIED: python-tuf: it is not installed");
        assert_eq!((tally.passed, tally.failed, tally.lines.len(), tally.skipped.len()), (23, 1, 2, 1));
    }
}
