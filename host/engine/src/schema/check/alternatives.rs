//! Alternatives: `anyOf` and `oneOf`, and which of them came closest.

use super::{Checker, TooCostly};
use crate::json::Branch;
use crate::schema::limits::MAX_ALTERNATIVE_MISTAKES;
use crate::schema::mistake::{Collected, Mistakes, Report, Silent, mistake};
use crate::schema::place::Place;
use crate::schema::program::Index;
use crate::schema::steps::{MISTAKE, count};
use crate::schema::words::{self, Distance, counted};

impl Checker<'_> {
    pub(super) fn any_of<R: Report>(
        &mut self,
        alternatives: &[Index],
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        for index in alternatives {
            if self.apply(*index, value, place, &mut Silent)? {
                return Ok(true);
            }
        }
        self.closest("anyOf", alternatives, value, place, report)?;
        Ok(false)
    }

    pub(super) fn one_of<R: Report>(
        &mut self,
        alternatives: &[Index],
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        let mut matching = None;
        for (position, index) in alternatives.iter().enumerate() {
            if !self.apply(*index, value, place, &mut Silent)? {
                continue;
            }
            if let Some(first) = matching.replace(position) {
                let words = format!("matches alternatives {} and {}, and may match one only", first + 1, position + 1);
                report.add(|| mistake(place, value, "oneOf", None, &words));
                return Ok(false);
            }
        }
        if matching.is_none() {
            self.closest("oneOf", alternatives, value, place, report)?;
        }
        Ok(matching.is_some())
    }

    /// Tells what is wrong with the alternative that came closest: one whose type and whose constants fit before others, then the one
    /// with the fewest mistakes, then the first.
    fn closest<R: Report>(
        &mut self,
        keyword: &'static str,
        alternatives: &[Index],
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<(), TooCostly> {
        if !R::WANTS_ALL {
            return Ok(());
        }
        if report.is_full() {
            report.add(|| mistake(place, value, keyword, None, ""));
            return Ok(());
        }
        let depth = place.depth();
        let mut best: Option<(Distance, usize, Mistakes)> = None;
        for (position, index) in alternatives.iter().enumerate() {
            let mut found = Collected::new(MAX_ALTERNATIVE_MISTAKES);
            if self.apply(*index, value, place, &mut found)? {
                continue;
            }
            let mistakes = found.mistakes;
            self.spend(MISTAKE * count(mistakes.list.len()))?;
            let rank = words::distance(&mistakes, depth);
            if best.as_ref().is_none_or(|(other, ..)| rank < *other) {
                best = Some((rank, position + 1, mistakes));
            }
        }
        let alternatives = count(alternatives.len());
        let closest = best.as_ref().map_or(1, |(_, number, _)| *number);
        let words =
            format!("matches none of {}; alternative {closest} is closest", counted(alternatives, "alternative"));
        report.add(|| mistake(place, value, keyword, None, &words));
        if let Some((_, number, mistakes)) = best {
            report.append(mistakes, number);
        }
        Ok(())
    }
}
