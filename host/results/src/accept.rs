//! Which records count as good.

use jurat::{JudgedRecord, RecordOutcome, Summary};

/// Which records count as good although a rule did not run on them, or warned. Of others, those are good of which no rule says FAIL
/// or ERROR.
///
/// # Defaults
/// Records of which a rule says WARN, and records of which a rule says NORUN, if another ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Accept {
    /// Records on which no rule ran.
    pub nothing_ran: bool,
    /// Records for which a related entity could not be had.
    pub unavailable: bool,
    /// Records of which a rule says NORUN.
    pub norun: bool,
    /// Records of which a rule says WARN.
    pub warn: bool,
}

impl Default for Accept {
    fn default() -> Self {
        Self { nothing_ran: false, unavailable: false, norun: true, warn: true }
    }
}

impl Accept {
    /// Whether a record counts as good.
    #[must_use]
    pub fn is_good(&self, record: &JudgedRecord<'_>) -> bool {
        let outcome = match record.outcome() {
            RecordOutcome::Unreadable | RecordOutcome::Failed => false,
            RecordOutcome::NotRun => self.nothing_ran,
            RecordOutcome::Warned => self.warn,
            RecordOutcome::Passed => true,
        };
        outcome && (self.unavailable || !record.has_unavailable()) && (self.norun || !record.has_norun())
    }

    /// Whether all records count as good.
    #[must_use]
    pub fn are_good(&self, summary: &Summary) -> bool {
        let Summary { unreadable, failed, warned, not_run, with_norun, with_unavailable, .. } = *summary;
        unreadable + failed == 0
            && (self.nothing_ran || not_run == 0)
            && (self.warn || warned == 0)
            && (self.unavailable || with_unavailable == 0)
            && (self.norun || with_norun == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_good_records_only_if_what_it_counts_is_accepted() {
        let all = Accept { nothing_ran: true, unavailable: true, norun: true, warn: true };
        let fine = Summary { records: 3, ..Summary::default() };
        let none = Accept { nothing_ran: false, unavailable: false, norun: false, warn: false };
        assert!(none.are_good(&fine));
        for (summary, by_default, by_all) in [
            (Summary { warned: 1, ..fine.clone() }, true, true),
            (Summary { with_norun: 1, ..fine.clone() }, true, true),
            (Summary { not_run: 1, with_norun: 1, ..fine.clone() }, false, true),
            (Summary { with_unavailable: 1, with_norun: 1, ..fine.clone() }, false, true),
            (Summary { failed: 1, ..fine.clone() }, false, false),
            (Summary { unreadable: 1, ..fine.clone() }, false, false),
        ] {
            assert_eq!(Accept::default().are_good(&summary), by_default, "{summary:?}");
            assert_eq!(all.are_good(&summary), by_all, "{summary:?}");
            assert!(!none.are_good(&summary), "{summary:?}");
        }
    }
}
