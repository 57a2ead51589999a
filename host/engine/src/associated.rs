//! Related entities that come with a request instead of from a service.

use std::collections::HashMap;
use std::fmt;

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
    /// When the text is not such an object.
    pub fn parse(text: &[u8]) -> Result<Self, AssociatedError> {
        Ok(Self { records: serde_json::from_slice(text)? })
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
