//! The counts of a test run, read from the runner's output.

use std::collections::BTreeSet;

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
    /// The functions of the tests that passed, without their modules.
    passed_names: BTreeSet<String>,
    /// Those of the tests that failed, or passed without having tried anything.
    not_proven: BTreeSet<String>,
}

/// How a test says so, past the runner, which keeps what passing tests print. The name of the test follows.
const SKIPPED: &str = "SKIPPED, NOT TRIED: ";

impl Tally {
    /// Takes note of a line of the runner's output.
    pub(crate) fn add(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix(SKIPPED) {
            let test = rest.split_once(": ").map_or(rest, |(test, _)| test);
            self.not_proven.insert(function(test).to_owned());
            return self.skipped.push(line.to_owned());
        }
        if let Some((test, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            let names = if outcome == "ok" { &mut self.passed_names } else { &mut self.not_proven };
            names.insert(function(test).to_owned());
            return;
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

    /// Whether a test of this name was run, passed, and did not skip what it is about.
    pub(crate) fn has_proven(&self, test: &str) -> bool {
        self.passed_names.contains(test) && !self.not_proven.contains(test)
    }
}

/// The function of a test, without its modules.
fn function(test: &str) -> &str {
    test.rsplit("::").next().unwrap_or(test)
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
        tally.add("SKIPPED, NOT TRIED: python::agrees: python-tuf: it is not installed");
        assert_eq!((tally.passed, tally.failed, tally.lines.len(), tally.skipped.len()), (23, 1, 2, 1));
    }

    #[test]
    fn a_test_is_proven_that_ran_and_passed_and_skipped_nothing() {
        let mut tally = Tally::default();
        for line in [
            "test a::b::holds ... ok",
            "test breaks ... FAILED",
            "test left_out ... ignored",
            "test c::passes ... ok",
            "test d::passes ... FAILED",
            "test agrees ... ok",
            "SKIPPED, NOT TRIED: e::agrees: there is no python",
            "test src/lib.rs - Thing (line 3) ... ok",
        ] {
            tally.add(line);
        }
        let names = ["holds", "breaks", "left_out", "passes", "agrees", "b::holds", "never_run"];
        assert_eq!(names.map(|name| tally.has_proven(name)), [true, false, false, false, false, false, false]);
    }
}
