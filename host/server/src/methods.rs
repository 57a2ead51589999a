//! The methods: their names, their parameters, and the calls that they make, in every protocol.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jurat::settings::{Compatibility, Secret};
use jurat::{Associated, AssociatedError, Digest, Excerpt, Status, chain};
use jurat_model::advice;

use crate::call::{Call, IdFields, Judging, Operation, StreamCall, StreamRecords};
use crate::error::{ErrorKind, RequestError, listed};
use crate::parameters::values::{Parameters, Value, string};
use crate::parameters::{Given, Names, Signature, wrong};
use crate::quotas::RecordQuota;
use crate::selection::Selection;

/// A method.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its name and its parameters.
    pub(crate) signature: Signature,
    /// The same for requests with [`Compatibility::Envelopes`], if they differ.
    pub(crate) of_envelopes: Option<Signature>,
    /// Reads its parameters.
    read: fn(&Given<'_>, Compatibility) -> Result<Operation, RequestError>,
}

/// The parameters that every method has that judges records.
const JUDGING: [&str; 6] = ["tenant", "associated", "now", "only", "fields", COMPATIBILITY];

/// All methods.
pub(crate) const METHODS: [Method; 16] = [
    method("validate", &["entity_type", "entity_data", "ruleset_name"], &JUDGING, |given, compatibility| {
        Ok(Operation::Validate {
            record: given.bracketed("entity_data", b'{')?,
            entity_type: given.text("entity_type")?,
            judging: judging(given, compatibility, Associated::of_every_record)?,
        })
    }),
    method("batch_validate", &["entities", "id_fields", "ruleset_name"], &JUDGING, |given, compatibility| {
        let records = match compatibility {
            Compatibility::Lists => "entities",
            Compatibility::Envelopes => "items",
        };
        Ok(Operation::ValidateBatch {
            records: given.bracketed(records, b'[')?,
            id_fields: id_fields(given)?,
            judging: judging(given, compatibility, Associated::parse)?,
        })
    })
    .with_envelopes(
        &["items", "ruleset_name"],
        &["id_fields", "tenant", "associated", "now", "only", "fields", COMPATIBILITY],
    ),
    method(
        "batch_file_validate",
        &["file_uri", "entity_types", "id_fields", "ruleset_name"],
        &JUDGING,
        |given, compatibility| {
            Ok(Operation::ValidateFile {
                uri: given.text("file_uri")?,
                entity_types: entity_types(given)?,
                id_fields: id_fields(given)?,
                judging: judging(given, compatibility, Associated::parse)?,
            })
        },
    )
    .with_envelopes(
        &["file_uri", "ruleset_name"],
        &["entity_types", "id_fields", "tenant", "associated", "now", "only", "fields", COMPATIBILITY],
    ),
    method("discover_rules", &["entity_type", "entity_data", "ruleset_name"], &["tenant"], |given, _| {
        Ok(Operation::DiscoverRules {
            record_or_schema: record_or_schema(&given.records("entity_data")?)?,
            entity_type: given.text("entity_type")?,
            ruleset: given.text("ruleset_name")?,
        })
    }),
    method("discover_rulesets", &[], &["tenant"], |_, _| Ok(Operation::DiscoverRulesets)),
    method("reload_logic", &[], &["tenant"], |_, _| Ok(Operation::Reload)),
    method("pin", &["manifest"], &["tenant", "reason"], |given, _| {
        Ok(Operation::Pin { manifest: manifest(given)?, reason: reason(given)? })
    }),
    method("rollback", &[], &["tenant", "reason"], |given, _| Ok(Operation::Rollback { reason: reason(given)? })),
    method("unpin", &[], &["tenant"], |_, _| Ok(Operation::Unpin)),
    method("get_cache_age", &[], &["tenant"], |_, _| Ok(Operation::CacheAge)),
    method("health", &[], &[], |_, _| Ok(Operation::Health)),
    method("status", &[], &["tenant"], |_, _| Ok(Operation::Status)),
    method("version", &[], &[], |_, _| Ok(Operation::Version)),
    method("limits", &[], &[], |_, _| Ok(Operation::Limits)),
    method("reset_limits", &[], &["bucket"], |given, _| {
        Ok(Operation::ResetLimits { bucket: given.find("bucket").map(|_| given.text("bucket")).transpose()? })
    }),
    method(AUTHENTICATE, &["token"], &[], |given, _| {
        Ok(Operation::Authenticate { token: Secret::new(given.text("token")?) })
    }),
];

/// The method by which a client authenticates.
pub(crate) const AUTHENTICATE: &str = "authenticate";

/// To judge records that are not among the parameters, because they are streamed.
pub(crate) const STREAM: Signature = Signature {
    method: "batch",
    required: &["ruleset_name"],
    optional: &["entity_types", "id_fields", "tenant", "now", "only", "fields", COMPATIBILITY],
};

/// The parameter by which a request says which generation of validation-lib it is like.
const COMPATIBILITY: &str = "compatibility";

const fn method(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    read: fn(&Given<'_>, Compatibility) -> Result<Operation, RequestError>,
) -> Method {
    Method { signature: Signature { method: name, required, optional }, of_envelopes: None, read }
}

impl Method {
    const fn with_envelopes(self, required: &'static [&'static str], optional: &'static [&'static str]) -> Self {
        let signature = Signature { method: self.signature.method, required, optional };
        Self { of_envelopes: Some(signature), ..self }
    }

    /// The signature with this compatibility, and the other one.
    fn signature(&self, compatibility: Compatibility) -> (&Signature, Option<(Compatibility, &Signature)>) {
        match (compatibility, &self.of_envelopes) {
            (_, None) => (&self.signature, None),
            (Compatibility::Lists, Some(other)) => (&self.signature, Some((Compatibility::Envelopes, other))),
            (Compatibility::Envelopes, Some(own)) => (own, Some((Compatibility::Lists, &self.signature))),
        }
    }
}

/// Reads a call from a message. `compatibility` is that of requests that do not say theirs.
pub(crate) fn read(
    message: &Bytes,
    method: &str,
    parameters: Parameters<'_>,
    compatibility: Compatibility,
) -> Result<Call, RequestError> {
    let Some(method) = METHODS.iter().find(|known| known.signature.method == method) else {
        let names = METHODS.iter().map(|method| method.signature.method);
        let message = format!("method `{}` not found{}", Excerpt::of(method), advice(method, names));
        return Err(RequestError::new(ErrorKind::UnknownMethod, message));
    };
    let has_choice = method.signature.names().any(|name| name == COMPATIBILITY);
    let own = if has_choice { own_compatibility(&parameters)? } else { None };
    let compatibility = own.unwrap_or(compatibility);
    let (signature, other) = method.signature(compatibility);
    let given = signature.given(message, parameters, other)?;
    let tenant = given.find("tenant").map(|_| given.text("tenant")).transpose()?;
    Ok(Call { tenant, operation: (method.read)(&given, compatibility)? })
}

/// Reads a call whose records are streamed.
pub(crate) fn read_stream(
    message: &Bytes,
    parameters: Parameters<'_>,
    compatibility: Compatibility,
    records: StreamRecords,
) -> Result<StreamCall, RequestError> {
    let compatibility = own_compatibility(&parameters)?.unwrap_or(compatibility);
    let given = STREAM.given(message, parameters, None)?;
    Ok(StreamCall {
        tenant: given.find("tenant").map(|_| given.text("tenant")).transpose()?,
        entity_types: entity_types(&given)?,
        id_fields: id_fields(&given)?,
        judging: judging(&given, compatibility, Associated::parse)?,
        records,
    })
}

/// The compatibility that a request says. It decides which other parameters the request may have.
fn own_compatibility(parameters: &Parameters<'_>) -> Result<Option<Compatibility>, RequestError> {
    let Parameters::ByName { members, .. } = parameters else { return Ok(None) };
    let value = members.iter().find(|(key, _)| key == COMPATIBILITY).map(|(_, value)| *value);
    let Some(Value::Json(raw)) = value.filter(|value| value.bytes() != b"null") else { return Ok(None) };
    let name = string(raw).ok_or_else(|| wrong(COMPATIBILITY, "a text", raw.get().as_bytes()))?;
    let choice = Compatibility::ALL.into_iter().find(|choice| choice.name() == name);
    choice.map(Some).ok_or_else(|| {
        let names = listed(Compatibility::ALL.map(Compatibility::name));
        wrong_value(format!("`{COMPATIBILITY}` must be one of {names}, not `{}`", Excerpt::of(&name)))
    })
}

fn judging(
    given: &Given<'_>,
    compatibility: Compatibility,
    associated: ReadAssociated,
) -> Result<Judging, RequestError> {
    Ok(Judging {
        compatibility,
        ruleset: given.text("ruleset_name")?,
        associated: given.find("associated").map(|value| related(value, associated)).transpose()?,
        now: given.find("now").map(|_| time(given)).transpose()?,
        selection: Selection { only: only(given)?, fields: fields(given)? },
        max_records: None,
        quota: RecordQuota::default(),
    })
}

/// The statuses of the rules that a client wants.
fn only(given: &Given<'_>) -> Result<Option<Vec<Status>>, RequestError> {
    let status = |name: String| known("only", &name, &Status::ALL.map(|status| (status.name(), status)));
    given.find("only").map(|_| given.texts("only")?.into_iter().map(status).collect()).transpose()
}

/// The members of results that a client wants.
fn fields(given: &Given<'_>) -> Result<Option<Vec<&'static str>>, RequestError> {
    let field = |name: String| known("fields", &name, &Selection::FIELDS.map(|field| (field, field)));
    given.find("fields").map(|_| given.texts("fields")?.into_iter().map(field).collect()).transpose()
}

/// One of the values that a parameter may have.
fn known<T: Copy>(parameter: &str, name: &str, values: &[(&'static str, T)]) -> Result<T, RequestError> {
    let found = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names = || values.iter().map(|(name, _)| *name);
        let advice = advice(name, names());
        wrong_value(format!("`{parameter}` may have {}, and not `{}`{advice}", listed(names()), Excerpt::of(name)))
    })
}

/// The fields that name a record in the results: `id` if a request need not say.
fn id_fields(given: &Given<'_>) -> Result<IdFields, RequestError> {
    const NAME: &str = "id_fields";
    if given.find(NAME).is_none() {
        return Ok(IdFields::OfAll(vec!["id".to_owned()]));
    }
    let empty = || wrong_value(format!("`{NAME}` must hold at least one text"));
    match given.names(NAME)? {
        Names::List(fields) if !fields.is_empty() => Ok(IdFields::OfAll(fields)),
        Names::ByKey(fields) if !fields.is_empty() && fields.iter().all(|(_, fields)| !fields.is_empty()) => {
            Ok(IdFields::By(fields))
        }
        Names::List(_) | Names::ByKey(_) => Err(empty()),
    }
}

/// The entity types that records may have. In an object they are the keys, or the values if the keys are URLs of schemas.
fn entity_types(given: &Given<'_>) -> Result<Vec<String>, RequestError> {
    const NAME: &str = "entity_types";
    if given.find(NAME).is_none() {
        return Ok(Vec::new());
    }
    match given.names(NAME)? {
        Names::List(types) => Ok(types),
        // If no type were left, records of all types would be accepted.
        Names::ByKey(types) if types.iter().any(|(key, types)| key.contains("://") && types.is_empty()) => {
            Err(wrong_value(format!("`{NAME}` must have at least one type for each URL")))
        }
        Names::ByKey(types) => {
            let types = types.into_iter().flat_map(|(key, types)| if key.contains("://") { types } else { vec![key] });
            Ok(types.collect())
        }
    }
}

type ReadAssociated = fn(&[u8]) -> Result<Associated, AssociatedError>;

fn related(value: Value<'_>, read: ReadAssociated) -> Result<Arc<Associated>, RequestError> {
    let read = read(value.bytes());
    read.map(Arc::new).map_err(|error| wrong_value(format!("`associated`: {}", chain(&error))))
}

fn time(given: &Given<'_>) -> Result<Timestamp, RequestError> {
    let text = given.text("now")?;
    text.parse().map_err(|_| {
        wrong_value(format!("`now` must be a time as in `2026-01-31T12:00:00Z`, not `{}`", Excerpt::of(&text)))
    })
}

fn record_or_schema(value: &[u8]) -> Result<Box<str>, RequestError> {
    match value.first() {
        Some(b'{' | b'"') => std::str::from_utf8(value)
            .map(Into::into)
            .map_err(|error| wrong_value(format!("`entity_data` is not UTF-8 from byte {} on", error.valid_up_to()))),
        _ => Err(wrong("entity_data", "an object, or the URL of a schema as a text", value)),
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
