//! Which records are judged together, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jurat_engine::Associated;

use super::judged::Judged;
use crate::vectors::vector::Vector;

/// Records that one call could judge together.
#[derive(Debug)]
pub(super) struct Group<'a> {
    key: Key<'a>,
    /// Their indices among all records. A single record is listed twice: its verdicts must be the same the second time.
    pub(super) indices: Vec<usize>,
}

/// The common properties of records that are judged together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key<'a> {
    ruleset: &'a str,
    entity_type: Option<&'a str>,
    now: Option<Timestamp>,
    /// No two records of a group have the same id, if related entities are found by it.
    company: Company,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Company {
    /// With any others; records with the same id as earlier ones form groups of their own.
    Round(usize),
    /// Only with itself, because its related entities cannot be found by an id. Its index among all records.
    Itself(usize),
}

/// Groups the records that may be judged together.
pub(super) fn groups<'a>(alone: &[(&'a Vector, Judged)]) -> Vec<Group<'a>> {
    let related: BTreeSet<_> =
        alone.iter().filter(|(vector, _)| vector.associated.is_some()).map(|(vector, _)| Key::of(vector)).collect();
    let mut seen = BTreeMap::new();
    let mut groups: BTreeMap<Key<'a>, Vec<usize>> = BTreeMap::new();
    for (index, (vector, judged)) in alone.iter().enumerate() {
        let key = Key::of(vector);
        let company = match &judged.id {
            None if vector.associated.is_some() => Company::Itself(index),
            Some(id) if related.contains(&key) => {
                let round: &mut usize = seen.entry((key, id)).or_default();
                *round += 1;
                Company::Round(*round - 1)
            }
            _ => key.company,
        };
        groups.entry(Key { company, ..key }).or_default().push(index);
    }
    let together = |(key, mut indices): (Key<'a>, Vec<usize>)| {
        if let [single] = *indices {
            indices.push(single);
        }
        Group { key, indices }
    };
    groups.into_iter().map(together).collect()
}

impl<'a> Key<'a> {
    fn of(vector: &'a Vector) -> Self {
        let Vector { ruleset, entity_type, now, .. } = vector;
        Self { ruleset, entity_type: entity_type.as_deref(), now: *now, company: Company::Round(0) }
    }
}

/// The indices in an order that depends only on the seed.
pub(super) fn shuffled(indices: &[usize], seed: u64) -> Vec<usize> {
    let mut shuffled = indices.to_vec();
    let mut state = seed;
    for last in (1..shuffled.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let other = mix(state) % (last as u64 + 1);
        shuffled.swap(last, usize::try_from(other).unwrap_or(last));
    }
    shuffled
}

/// SplitMix64.
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

impl<'a> Group<'a> {
    pub(super) fn ruleset(&self) -> &'a str {
        self.key.ruleset
    }

    /// The related entities of members.
    pub(super) fn associated(&self, members: &[&(&Vector, Judged)]) -> Option<Arc<Associated>> {
        let text = match self.key.company {
            Company::Itself(_) => members.first().and_then(|(vector, _)| vector.associated.as_deref())?.to_owned(),
            Company::Round(_) => {
                let given: BTreeMap<_, _> = members
                    .iter()
                    .filter_map(|(vector, judged)| Some((judged.id.as_deref()?, vector.associated.as_deref()?)))
                    .collect();
                let given: Vec<_> =
                    given.iter().map(|(id, terms)| format!("{}: {terms}", serde_json::Value::from(*id))).collect();
                format!("{{{}}}", given.join(", "))
            }
        };
        let parsed = match self.key.company {
            Company::Itself(_) => Associated::of_every_record(text.as_bytes()),
            Company::Round(_) => Associated::parse(text.as_bytes()),
        };
        // INVARIANT: each of them could be read alone, and no id is here twice.
        parsed.ok().map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_every_index_once_and_depends_on_its_seed_only() {
        let indices: Vec<_> = (0..100).collect();
        let orders = [0, 1, 2, 3].map(|seed| shuffled(&indices, seed));
        for (seed, order) in (0..).zip(&orders) {
            assert_eq!(*order, shuffled(&indices, seed));
            assert_ne!(*order, indices);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, indices);
        }
        assert!(orders.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(shuffled(&[], 7), Vec::<usize>::new());
        assert_eq!(shuffled(&[4], 7), [4]);
    }
}
