//! Finds the schema of a record, or the schema that a text itself names.

use std::borrow::Cow;

use serde::Deserialize;

use crate::error::CallError;

/// The only member that is read.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "$schema", borrow, default)]
    schema: Option<Cow<'a, str>>,
}

/// The schema that a record names, or the text itself; none if the record names none.
pub(super) fn of(record_or_schema: &str) -> Result<Option<Cow<'_, str>>, CallError> {
    let text = record_or_schema.trim();
    match text.chars().next() {
        Some('{') => serde_json::from_str(text).map(|Record { schema }| schema).map_err(|_| CallError::NoSchema),
        Some('"') => serde_json::from_str(text).map(Some).map_err(|_| CallError::NoSchema),
        None | Some('[') => Err(CallError::NoSchema),
        Some(_) => Ok(Some(Cow::Borrowed(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_urls_name_schemas() {
        const URL: &str = "https://schemas.example.com/loan/v1.0.0";
        for text in [
            URL.to_owned(),
            format!(" {URL}\n"),
            format!("\"{URL}\""),
            format!(r#"{{"$schema": "{URL}", "id": 1}}"#),
            r#"{"$schema": "https:\/\/schemas.example.com\/loan\/v1.0.0"}"#.to_owned(),
        ] {
            assert_eq!(of(&text).unwrap().as_deref(), Some(URL), "{text}");
        }
        for text in ["{}", r#"{"$schema": null}"#] {
            assert_eq!(of(text).unwrap(), None, "{text}");
        }
        for text in ["", "[]", "{", "\"", r#"{"$schema": 1}"#, r#"{"$schema": "a", "$schema": "b"}"#] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
