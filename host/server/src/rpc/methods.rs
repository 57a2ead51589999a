//! The methods of JSON-RPC: their names, their parameters, and the calls that they make.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jurat::settings::Secret;
use jurat::{Associated, AssociatedError, Digest, Excerpt, chain};
use jurat_model::advice;
use serde_json::value::RawValue;

use super::parameters::{Given, Signature, wrong};
use super::request::Parameters;
use crate::call::{Call, Judging, Operation};
use crate::error::{ErrorKind, RequestError};

/// A method.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its name and its parameters.
    pub(crate) signature: Signature,
    /// Reads its parameters.
    read: fn(&Given<'_>) -> Result<Operation, RequestError>,
}

/// All methods.
pub(crate) const METHODS: [Method; 14] = [
    method("validate", &["entity_type", "entity_data", "ruleset_name"], &["tenant", "associated", "now"], |given| {
        Ok(Operation::Validate {
            record: given.enclosed("entity_data", '{')?.get().into(),
            entity_type: given.text("entity_type")?,
            judging: judging(given, Associated::of_every_record)?,
        })
    }),
    method("batch_validate", &["entities", "id_fields", "ruleset_name"], &["tenant", "associated", "now"], |given| {
        Ok(Operation::ValidateBatch {
            records: given.part("entities", '[')?,
            id_fields: given.some_texts("id_fields")?,
            judging: judging(given, Associated::parse)?,
        })
    }),
    method(
        "batch_file_validate",
        &["file_uri", "entity_types", "id_fields", "ruleset_name"],
        &["tenant", "associated", "now"],
        |given| {
            Ok(Operation::ValidateFile {
                uri: given.text("file_uri")?,
                entity_types: given.texts("entity_types")?,
                id_fields: given.some_texts("id_fields")?,
                judging: judging(given, Associated::parse)?,
            })
        },
    ),
    method("discover_rules", &["entity_type", "entity_data", "ruleset_name"], &["tenant"], |given| {
        Ok(Operation::DiscoverRules {
            record_or_schema: record_or_schema(given.raw("entity_data")?)?,
            entity_type: given.text("entity_type")?,
            ruleset: given.text("ruleset_name")?,
        })
    }),
    method("discover_rulesets", &[], &["tenant"], |_| Ok(Operation::DiscoverRulesets)),
    method("reload_logic", &[], &["tenant"], |_| Ok(Operation::Reload)),
    method("pin", &["manifest"], &["tenant", "reason"], |given| {
        Ok(Operation::Pin { manifest: manifest(given)?, reason: reason(given)? })
    }),
    method("rollback", &[], &["tenant", "reason"], |given| Ok(Operation::Rollback { reason: reason(given)? })),
    method("unpin", &[], &["tenant"], |_| Ok(Operation::Unpin)),
    method("get_cache_age", &[], &["tenant"], |_| Ok(Operation::CacheAge)),
    method("health", &[], &[], |_| Ok(Operation::Health)),
    method("status", &[], &["tenant"], |_| Ok(Operation::Status)),
    method("version", &[], &[], |_| Ok(Operation::Version)),
    method(AUTHENTICATE, &["token"], &[], |given| {
        Ok(Operation::Authenticate { token: Secret::new(given.text("token")?) })
    }),
];

/// The method by which a client authenticates.
pub(crate) const AUTHENTICATE: &str = "authenticate";

const fn method(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    read: fn(&Given<'_>) -> Result<Operation, RequestError>,
) -> Method {
    Method { signature: Signature { method: name, required, optional }, read }
}

/// Reads a call from a message.
pub(crate) fn read(message: &Bytes, method: &str, parameters: Parameters<'_>) -> Result<Call, RequestError> {
    let Some(Method { signature, read }) = METHODS.iter().find(|known| known.signature.method == method) else {
        let names = METHODS.iter().map(|method| method.signature.method);
        let message = format!("method `{}` not found{}", Excerpt::of(method), advice(method, names));
        return Err(RequestError::new(ErrorKind::UnknownMethod, message));
    };
    let given = signature.given(message, parameters)?;
    let tenant = given.find("tenant").map(|_| given.text("tenant")).transpose()?;
    Ok(Call { tenant, operation: read(&given)? })
}

fn judging(given: &Given<'_>, associated: ReadAssociated) -> Result<Judging, RequestError> {
    Ok(Judging {
        ruleset: given.text("ruleset_name")?,
        associated: given.find("associated").map(|raw| related(raw, associated)).transpose()?,
        now: given.find("now").map(|_| time(given)).transpose()?,
    })
}

type ReadAssociated = fn(&[u8]) -> Result<Associated, AssociatedError>;

fn related(raw: &RawValue, read: ReadAssociated) -> Result<Arc<Associated>, RequestError> {
    let read = read(raw.get().as_bytes());
    read.map(Arc::new).map_err(|error| wrong_value(format!("`associated`: {}", chain(&error))))
}

fn time(given: &Given<'_>) -> Result<Timestamp, RequestError> {
    let text = given.text("now")?;
    text.parse().map_err(|_| {
        wrong_value(format!("`now` must be a time as in `2026-01-31T12:00:00Z`, not `{}`", Excerpt::of(&text)))
    })
}

fn record_or_schema(raw: &RawValue) -> Result<Box<str>, RequestError> {
    match raw.get().chars().next() {
        Some('{' | '"') => Ok(raw.get().into()),
        _ => Err(wrong("entity_data", "an object, or the URL of a schema as a text", raw)),
    }
}

fn manifest(given: &Given<'_>) -> Result<Digest, RequestError> {
    let text = given.text("manifest")?;
    text.parse().map_err(|error| wrong_value(format!("`manifest`: {}", chain(&error))))
}

/// A reason for people. It is kept, shown and logged, so its length has a limit.
fn reason(given: &Given<'_>) -> Result<Option<String>, RequestError> {
    const LONGEST: usize = 1_000;
    let reason = given.find("reason").map(|_| given.text("reason")).transpose()?;
    match reason {
        Some(text) if text.len() > LONGEST => Err(wrong_value(format!("`reason` must have at most {LONGEST} bytes"))),
        reason => Ok(reason),
    }
}

fn wrong_value(message: String) -> RequestError {
    RequestError::new(ErrorKind::WrongParameter, message)
}
