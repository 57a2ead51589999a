//! The words for what is wrong with a record: short, and without any value of the record.

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind as Kind};
use serde_json::Value;

use super::verdict::SchemaVerdict;
use crate::excerpt::Excerpt;

/// The longest pointer that is shown. A longer one is cut back to the nearest ancestor that has a shorter one.
const POINTER: usize = 1_024;

/// Alternatives that are listed.
const LISTED: usize = 8;

pub(super) fn explain(error: &ValidationError<'_>) -> SchemaVerdict {
    let (code, reason) = words(error.kind());
    SchemaVerdict::Fail { pointer: pointer(error.instance_path().as_str()), reason, code }
}

/// The verdict where it would cost too much to find the position.
pub(super) fn somewhere() -> SchemaVerdict {
    SchemaVerdict::Fail {
        pointer: String::new(),
        reason: "does not follow its schema; the record is too large for this schema to tell where".to_owned(),
        code: "schema",
    }
}

fn pointer(text: &str) -> String {
    if text.len() <= POINTER {
        return text.to_owned();
    }
    let end = text.char_indices().take_while(|(at, _)| *at <= POINTER).filter(|(_, letter)| *letter == '/').last();
    end.and_then(|(at, _)| text.get(..at)).unwrap_or_default().to_owned()
}

fn words(kind: &Kind) -> (&'static str, String) {
    match kind {
        Kind::AdditionalItems { limit } => ("additionalItems", format!("has more than {limit} items")),
        Kind::AdditionalProperties { unexpected } => ("additionalProperties", unexpected_members(unexpected)),
        Kind::AnyOf { .. } => ("anyOf", "matches none of the alternatives".to_owned()),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            ("pattern", "the pattern could not be tried".to_owned())
        }
        Kind::Constant { expected_value } => ("const", format!("is not {}", literal(expected_value))),
        Kind::Contains => ("contains", "has too few or too many of the items that it must contain".to_owned()),
        Kind::ContentEncoding { .. } | Kind::FromUtf8 { .. } => ("contentEncoding", "is not well encoded".to_owned()),
        Kind::ContentMediaType { .. } => ("contentMediaType", "is not of its media type".to_owned()),
        // The only keyword of our own.
        Kind::Custom { .. } | Kind::UniqueItems => ("uniqueItems", "has two equal items".to_owned()),
        Kind::Enum { options } => ("enum", alternatives(options)),
        Kind::ExclusiveMaximum { limit } => ("exclusiveMaximum", format!("is not below {}", literal(limit))),
        Kind::ExclusiveMinimum { limit } => ("exclusiveMinimum", format!("is not above {}", literal(limit))),
        Kind::FalseSchema => ("false", "must not be there".to_owned()),
        Kind::Format { format } => ("format", format!("is not in the format `{}`", Excerpt::of(format))),
        Kind::MaxItems { limit } => ("maxItems", format!("has more than {limit} items")),
        Kind::Maximum { limit } => ("maximum", format!("is above {}", literal(limit))),
        Kind::MaxLength { limit } => ("maxLength", format!("has more than {limit} characters")),
        Kind::MaxProperties { limit } => ("maxProperties", format!("has more than {limit} members")),
        Kind::MinItems { limit } => ("minItems", format!("has fewer than {limit} items")),
        Kind::Minimum { limit } => ("minimum", format!("is below {}", literal(limit))),
        Kind::MinLength { limit } => ("minLength", format!("has fewer than {limit} characters")),
        Kind::MinProperties { limit } => ("minProperties", format!("has fewer than {limit} members")),
        Kind::MultipleOf { multiple_of } => ("multipleOf", format!("is not a multiple of {multiple_of:?}")),
        Kind::Not { .. } => ("not", "matches what it must not match".to_owned()),
        Kind::OneOfMultipleValid { .. } => ("oneOf", "matches more than one of the alternatives".to_owned()),
        Kind::OneOfNotValid { .. } => ("oneOf", "matches none of the alternatives".to_owned()),
        Kind::Pattern { pattern } => ("pattern", format!("does not match the pattern `{}`", Excerpt::of(pattern))),
        Kind::PropertyNames { error } => {
            let inner = match error.kind() {
                Kind::PropertyNames { .. } => "is not allowed".to_owned(),
                kind => words(kind).1,
            };
            ("propertyNames", format!("has a member whose name {inner}"))
        }
        Kind::Required { property } => ("required", format!("has no member {}", literal(property))),
        Kind::Type { kind } => ("type", format!("is not of type {}", types(kind))),
        Kind::UnevaluatedItems { .. } => ("unevaluatedItems", "has items that are not allowed".to_owned()),
        Kind::UnevaluatedProperties { unexpected } => ("unevaluatedProperties", unexpected_members(unexpected)),
        Kind::Referencing(_) => ("$ref", "refers to a schema that cannot be found".to_owned()),
    }
}

fn unexpected_members(names: &[String]) -> String {
    match names.first() {
        Some(name) => format!("has a member `{}`, which is not allowed", Excerpt::of(name)),
        None => "has members that are not allowed".to_owned(),
    }
}

/// A value of the schema.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", Excerpt::of(text)),
        Value::Array(_) | Value::Object(_) => "the value that the schema gives".to_owned(),
        scalar => format!("`{scalar}`"),
    }
}

fn alternatives(options: &Value) -> String {
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    let listed: Vec<String> = options.iter().take(LISTED).map(literal).collect();
    match options.len().saturating_sub(LISTED) {
        0 => format!("is none of {}", listed.join(", ")),
        more => format!("is none of {} and {more} more", listed.join(", ")),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => format!("`{kind}`"),
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(" or "),
    }
}
