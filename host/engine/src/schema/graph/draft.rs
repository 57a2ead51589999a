//! The drafts of JSON Schema that are supported.

use serde_json::{Map, Value};

use crate::schema::problem::Problem;

/// The drafts of JSON Schema that are supported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::schema) enum Draft {
    Draft7,
    Draft201909,
    Draft202012,
}

impl Draft {
    /// The draft as the library names it.
    pub(in crate::schema) fn library(self) -> jsonschema::Draft {
        match self {
            Self::Draft7 => jsonschema::Draft::Draft7,
            Self::Draft201909 => jsonschema::Draft::Draft201909,
            Self::Draft202012 => jsonschema::Draft::Draft202012,
        }
    }

    /// The draft that a schema declares.
    pub(in crate::schema) fn of(schema: &Map<String, Value>) -> Result<Self, Problem> {
        let Some(url) = schema.get("$schema") else {
            return Ok(Self::Draft202012);
        };
        match url.as_str().map(|url| url.trim_end_matches('#')) {
            Some("http://json-schema.org/draft-07/schema") => Ok(Self::Draft7),
            Some("https://json-schema.org/draft/2019-09/schema") => Ok(Self::Draft201909),
            Some("https://json-schema.org/draft/2020-12/schema") => Ok(Self::Draft202012),
            other => Err(Problem::draft(other.unwrap_or_default())),
        }
    }
}
