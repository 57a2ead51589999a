//! How much of a record lies at each depth.

use super::cost::Cost;
use super::limits::MAX_RECORD_DEPTH;
use crate::json::{Branch, Shape};

/// The counts for each depth of one record.
pub(super) struct Profile {
    levels: [Level; MAX_RECORD_DEPTH + 1],
    deepest: usize,
}

#[derive(Clone, Copy, Default)]
struct Level {
    values: u64,
    objects: u64,
    /// Bytes of texts, and of the names of members.
    text: u64,
}

/// What hashing a value costs, beside its text.
const HASH: u64 = 16;

impl Profile {
    /// Counts a record; nothing where it is nested deeper than is checked.
    pub(super) fn of(record: Branch<'_>) -> Option<Self> {
        let mut profile = Self { levels: [Level::default(); MAX_RECORD_DEPTH + 1], deepest: 0 };
        profile.count("", record, 0)?;
        Some(profile)
    }

    fn count(&mut self, name: &str, value: Branch<'_>, depth: usize) -> Option<()> {
        let level = self.levels.get_mut(depth)?;
        level.values += 1;
        level.text += length(name);
        self.deepest = self.deepest.max(depth);
        match value.shape() {
            Shape::Text(text) => level.text += length(text),
            Shape::Object => level.objects += 1,
            _ => {}
        }
        value.children().try_for_each(|(name, child)| self.count(name, child, depth + 1))
    }

    /// The most steps that checking the record can take.
    pub(super) fn work(&self, costs: &[Cost]) -> u64 {
        let mut inside = 0_u64;
        let mut work = 0_u64;
        // From below, so that all that lies inside a level's values is known when it comes to hashing them.
        for (level, cost) in self.levels.iter().zip(costs).take(self.deepest + 1).rev() {
            inside += level.values * HASH + level.text;
            for (count, steps) in [
                (level.values, cost.value),
                (level.objects, cost.object),
                (level.text, cost.text),
                (inside, cost.hashed),
            ] {
                work = work.saturating_add(count.saturating_mul(steps));
            }
        }
        work
    }

    /// The most steps that checking any record with these numbers of values and bytes can take: quick to compute, and far too high.
    pub(super) fn work_at_most(values: usize, bytes: usize, dearest: &Cost) -> u64 {
        let (values, text) = (count(values), count(bytes));
        // All might lie at the deepest level, inside each of the others.
        let inside = values.saturating_mul(HASH).saturating_add(text).saturating_mul(1 + count(MAX_RECORD_DEPTH));
        [(values, dearest.value), (values, dearest.object), (text, dearest.text), (inside, dearest.hashed)]
            .into_iter()
            .fold(0, |work, (count, steps)| work.saturating_add(count.saturating_mul(steps)))
    }

    /// The most subschemas that the record's values can meet altogether.
    pub(super) fn evaluations(&self, costs: &[Cost]) -> u64 {
        let met = self.levels.iter().zip(costs).map(|(level, cost)| level.values.saturating_mul(cost.evaluations));
        met.fold(0, u64::saturating_add)
    }
}

fn length(text: &str) -> u64 {
    count(text.len())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
