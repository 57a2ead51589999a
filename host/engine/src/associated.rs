//! Related entities that come with a request instead of from a service.

use std::collections::HashMap;
use std::fmt;

use serde_json::value::RawValue;
use thiserror::Error;

use crate::unique::Unique;

/// The entities behind the terms of records, as they came with a request.
///
/// They are kept as text and read only for the rules that declare them.
#[derive(Default)]
pub struct Associated {
    /// By entity id.
    records: HashMap<String, Terms>,
    /// For every record.
    every_record: Terms,
}

/// The text behind each term.
type Terms = HashMap<String, Box<RawValue>>;

/// The related entities cannot be read.
#[derive(Debug, Error)]
#[error("related entities must be one JSON object of the form `{form}`")]
pub struct AssociatedError {
    form: &'static str,
    source: serde_json::Error,
}

impl Associated {
    /// Reads them from one JSON object, keyed by entity id, then by term: `{"<entity id>": {"parent": {...}}}`.
    ///
    /// # Errors
    /// When the text is not such an object, or has an entity id, or a term of one entity, twice.
    pub fn parse(text: &[u8]) -> Result<Self, AssociatedError> {
        let form = r#"{"<entity id>": {"<term>": ...}}"#;
        let records = serde_json::from_slice::<Unique<Unique<Box<RawValue>>>>(text);
        let Unique(records) = records.map_err(|source| AssociatedError { form, source })?;
        let records = records.into_iter().map(|(id, Unique(terms))| (id, terms)).collect();
        Ok(Self { records, every_record: Terms::new() })
    }

    /// Reads them from one JSON object, keyed by term, for a call with one record: `{"parent": {...}}`. They hold for every record,
    /// whatever its id.
    ///
    /// # Errors
    /// When the text is not such an object, or has a term twice.
    pub fn of_every_record(text: &[u8]) -> Result<Self, AssociatedError> {
        let form = r#"{"<term>": ...}"#;
        let terms = serde_json::from_slice::<Unique<Box<RawValue>>>(text);
        let Unique(every_record) = terms.map_err(|source| AssociatedError { form, source })?;
        Ok(Self { records: HashMap::new(), every_record })
    }

    /// The text of a record's entity for a term; none if nothing was given. Without an id there is only what holds for
    /// every record.
    #[must_use]
    pub fn get(&self, entity_id: Option<&str>, term: &str) -> Option<&str> {
        let own = || self.records.get(entity_id?)?.get(term);
        self.every_record.get(term).or_else(own).map(|text| text.get())
    }
}

impl fmt::Debug for Associated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (records, terms) = (self.records.len(), self.every_record.len());
        out.debug_struct("Associated").field("records", &records).field("terms_of_every_record", &terms).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_found_by_id_and_term() {
        let given = Associated::parse(br#" {"L-1": {"parent" : {"limit": 1.50} , "all_children": []}, "L-2": {}} "#);
        let given = given.unwrap();
        assert_eq!(given.get(Some("L-1"), "parent"), Some(r#"{"limit": 1.50}"#));
        assert_eq!(given.get(Some("L-1"), "all_children"), Some("[]"));
        for (id, term) in [(Some("L-1"), "x"), (Some("L-2"), "parent"), (Some("L-3"), "parent"), (None, "parent")] {
            assert_eq!(given.get(id, term), None, "{id:?} {term}");
        }
    }

    #[test]
    fn what_holds_for_every_record_needs_no_id() {
        let given = Associated::of_every_record(br#" {"parent" : {"limit": 1.50} } "#).unwrap();
        for id in [None, Some("L-1"), Some("parent")] {
            assert_eq!((given.get(id, "parent"), given.get(id, "limit")), (Some(r#"{"limit": 1.50}"#), None));
        }
    }

    #[test]
    fn what_is_given_twice_or_in_another_form_is_refused() {
        for text in ["", "[]", r#"{"a":1}"#, r#"{"a":{},"a":{}}"#, r#"{"a":{"b":1,"\u0062":2}}"#, r#"{"a":{}} x"#] {
            let refused = Associated::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.ends_with(r#"of the form `{"<entity id>": {"<term>": ...}}`"#), "{text}: {refused}");
        }
        for text in ["", "[]", "5", r#"{"a":1,"a":1}"#, r#"{"a":{"b":1},"\u0061":2}"#, r#"{"a":{}} x"#, r#"{"a":}"#] {
            let refused = Associated::of_every_record(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.ends_with(r#"of the form `{"<term>": ...}`"#), "{text}: {refused}");
        }
    }
}
