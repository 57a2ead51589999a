//! What is applied to the members of an object.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::schema::pattern::Pattern;

/// One subschema, by its index in the program.
pub(in crate::schema) type Index = usize;

/// What is applied to the members of an object.
#[derive(Debug, Default)]
pub(in crate::schema) struct Members {
    /// In the order of the schema.
    properties: Vec<Property>,
    /// Their indices, in the order of their keys, then of their names.
    sorted: Vec<usize>,
    /// Subschemas of members whose name matches a pattern.
    pub(in crate::schema) patterns: Vec<(Arc<Pattern>, Index)>,
    /// The subschema of members that no name and no pattern covers.
    pub(in crate::schema) additional: Option<Index>,
    /// The subschema of names.
    pub(in crate::schema) names: Option<Index>,
    /// How many members are required.
    pub(in crate::schema) required: usize,
}

/// A member that the schema names.
#[derive(Debug)]
pub(in crate::schema) struct Property {
    key: Key,
    pub(in crate::schema) name: Box<str>,
    /// Its subschema, if it is one of `properties`.
    pub(in crate::schema) subschema: Option<Index>,
    pub(in crate::schema) is_required: bool,
}

impl Members {
    /// Puts together what the keywords of one subschema say.
    pub(in crate::schema) fn new(declared: &[(&str, Index)], required: &[&str]) -> Self {
        let mut indices: HashMap<&str, usize> = HashMap::new();
        let mut properties: Vec<Property> = Vec::new();
        let named = declared.iter().map(|(name, subschema)| (*name, Some(*subschema)));
        for (name, subschema) in named.chain(required.iter().map(|name| (*name, None))) {
            let index = *indices.entry(name).or_insert(properties.len());
            if index == properties.len() {
                let (key, name) = (Key::of(name), Box::from(name));
                properties.push(Property { key, name, subschema, is_required: subschema.is_none() });
            } else if let Some(property) = properties.get_mut(index) {
                property.is_required = true;
            }
        }
        let mut sorted: Vec<usize> = (0..properties.len()).collect();
        sorted.sort_by_cached_key(|index| properties.get(*index).map(|property| (property.key, property.name.clone())));
        Self { properties, sorted, required: required.len(), ..Self::default() }
    }

    /// The members that the schema names.
    pub(in crate::schema) fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// The member of that name. `expected` is its likely index, and becomes that of the member that likely comes next: most records
    /// have their members in the order of the schema.
    #[inline]
    pub(in crate::schema) fn property(&self, name: &str, expected: &mut usize) -> Option<&Property> {
        let key = Key::of(name);
        let found = match self.properties.get(*expected) {
            Some(property) if property.compare(key, name).is_eq() => *expected,
            _ => self.search(key, name)?,
        };
        *expected = found + 1;
        self.properties.get(found)
    }

    fn search(&self, key: Key, name: &str) -> Option<usize> {
        let compare =
            |index: &usize| self.properties.get(*index).map_or(Ordering::Less, |other| other.compare(key, name));
        let place = self.sorted.binary_search_by(compare).ok()?;
        self.sorted.get(place).copied()
    }

    /// Whether only the members that the schema names matter.
    pub(in crate::schema) fn is_closed(&self) -> bool {
        self.patterns.is_empty() && self.additional.is_none() && self.names.is_none()
    }
}

impl Property {
    /// Compares its name with another, which has that key.
    #[inline]
    fn compare(&self, key: Key, name: &str) -> Ordering {
        // Names of different lengths or beginnings are told apart without looking at them.
        self.key.cmp(&key).then_with(|| if name.len() > KEY { (*self.name).cmp(name) } else { Ordering::Equal })
    }
}

/// The bytes of a name that its key has.
const KEY: usize = 8;

/// The length of a name and its first bytes.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
struct Key(usize, u64);

impl Key {
    #[inline]
    fn of(name: &str) -> Self {
        let first = match name.as_bytes().first_chunk::<KEY>() {
            Some(first) => u64::from_be_bytes(*first),
            None => name.bytes().fold(0, |key, byte| key << 8 | u64::from(byte)),
        };
        Self(name.len(), first)
    }
}
