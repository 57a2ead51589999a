//! Related entities that come with a request instead of from a service.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

/// The entities that stand behind the terms of each record: `{"<entity id>": {"parent": {...}}}`.
///
/// They are kept as text and read only for the rules that declare them.
#[derive(Default)]
pub struct Associated {
    records: HashMap<String, HashMap<String, Box<RawValue>>>,
}

/// The related entities cannot be read.
#[derive(Debug, Error)]
#[error("related entities must be one JSON object of the form `{{\"<entity id>\": {{\"<term>\": ...}}}}`")]
pub struct AssociatedError(#[from] serde_json::Error);

impl Associated {
    /// Reads them from one JSON object, keyed by entity id, then by term.
    ///
    /// # Errors
    /// When the text is not such an object, or has an entity id, or a term of one entity, twice.
    pub fn parse(text: &[u8]) -> Result<Self, AssociatedError> {
        let Unique(records) = serde_json::from_slice::<Unique<Unique<Box<RawValue>>>>(text)?;
        Ok(Self { records: records.into_iter().map(|(id, Unique(terms))| (id, terms)).collect() })
    }

    /// The text of what stands behind a term of a record; none if nothing was given.
    #[must_use]
    pub fn get(&self, entity_id: &str, term: &str) -> Option<&str> {
        Some(self.records.get(entity_id)?.get(term)?.get())
    }
}

impl fmt::Debug for Associated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Associated").field("records", &self.records.len()).finish()
    }
}

/// A JSON object that has no key twice: which of the two would count is nobody's guess.
struct Unique<T>(HashMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Unique<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique<T>, A::Error> {
                let mut members = HashMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if members.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key for the second time in one object"));
                    }
                }
                Ok(Unique(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_found_by_id_and_term() {
        let given = Associated::parse(br#" {"L-1": {"parent" : {"limit": 1.50} , "all_children": []}, "L-2": {}} "#);
        let given = given.unwrap();
        assert_eq!(given.get("L-1", "parent"), Some(r#"{"limit": 1.50}"#));
        assert_eq!(given.get("L-1", "all_children"), Some("[]"));
        assert_eq!((given.get("L-1", "x"), given.get("L-2", "parent"), given.get("L-3", "parent")), (None, None, None));
    }

    #[test]
    fn what_is_given_twice_or_in_another_form_is_refused() {
        for text in ["", "[]", r#"{"a":1}"#, r#"{"a":{},"a":{}}"#, r#"{"a":{"b":1,"\u0062":2}}"#, r#"{"a":{}} x"#] {
            assert!(Associated::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
