//! What is asked: a method with its parameters, owned, so that the line can go.

use std::sync::Arc;

use jiff::Timestamp;
use jurat::settings::Secret;
use jurat::{Associated, AssociatedError, Digest, Excerpt, advice, chain};
use serde_json::value::RawValue;

use super::failure::{Failure, Kind};
use super::message::Parameters;
use super::params::{Given, Method, wrong};

/// What is asked.
#[derive(Debug)]
pub(crate) struct Call {
    /// Whose rules are to be used; none = those of the only tenant.
    pub(crate) tenant: Option<String>,
    /// The method and its parameters.
    pub(crate) asked: Asked,
}

/// The methods and their parameters.
#[derive(Debug)]
pub(crate) enum Asked {
    /// `authenticate`
    Authenticate {
        /// What the client shows.
        token: Secret,
    },
    /// `validate`
    Validate {
        /// The record, as text.
        record: Box<str>,
        /// What it is.
        entity_type: String,
        /// How it is judged.
        judging: Judging,
    },
    /// `batch_validate`
    Batch {
        /// The array of records, as text.
        records: Arc<[u8]>,
        /// What names a record.
        id_fields: Vec<String>,
        /// How they are judged.
        judging: Judging,
    },
    /// `batch_file_validate`
    File {
        /// Where the records are.
        uri: String,
        /// What they may be.
        entity_types: Vec<String>,
        /// What names a record.
        id_fields: Vec<String>,
        /// How they are judged.
        judging: Judging,
    },
    /// `discover_rules`
    Rules {
        /// The entity type.
        entity_type: String,
        /// A record, or the schema of one, as JSON text.
        record_or_schema: Box<str>,
        /// The ruleset.
        ruleset: String,
    },
    /// `discover_rulesets`
    Rulesets,
    /// `reload_logic`
    Reload,
    /// `pin`
    Pin {
        /// The manifest of the release that is to serve.
        manifest: Digest,
        /// Why.
        reason: Option<String>,
    },
    /// `rollback`
    Rollback {
        /// Why.
        reason: Option<String>,
    },
    /// `unpin`
    Unpin,
    /// `get_cache_age`
    CacheAge,
    /// `health`
    Health,
    /// `status`
    Status,
    /// `version`
    Version,
}

/// How records are judged.
#[derive(Debug)]
pub(crate) struct Judging {
    /// The ruleset that judges.
    pub(crate) ruleset: String,
    /// Related entities that come along.
    pub(crate) associated: Option<Arc<Associated>>,
    /// The time of the run; none = the present.
    pub(crate) now: Option<Timestamp>,
}

/// The methods.
pub(crate) const METHODS: [Method; 14] = [
    Method {
        name: "validate",
        required: &["entity_type", "entity_data", "ruleset_name"],
        optional: &["tenant", "associated", "now"],
    },
    Method {
        name: "batch_validate",
        required: &["entities", "id_fields", "ruleset_name"],
        optional: &["tenant", "associated", "now"],
    },
    Method {
        name: "batch_file_validate",
        required: &["file_uri", "entity_types", "id_fields", "ruleset_name"],
        optional: &["tenant", "associated", "now"],
    },
    Method { name: "discover_rules", required: &["entity_type", "entity_data", "ruleset_name"], optional: &["tenant"] },
    Method { name: "discover_rulesets", required: &[], optional: &["tenant"] },
    Method { name: "reload_logic", required: &[], optional: &["tenant"] },
    Method { name: "pin", required: &["manifest"], optional: &["tenant", "reason"] },
    Method { name: "rollback", required: &[], optional: &["tenant", "reason"] },
    Method { name: "unpin", required: &[], optional: &["tenant"] },
    Method { name: "get_cache_age", required: &[], optional: &["tenant"] },
    Method { name: "health", required: &[], optional: &[] },
    Method { name: "status", required: &[], optional: &["tenant"] },
    Method { name: "version", required: &[], optional: &[] },
    Method { name: "authenticate", required: &["token"], optional: &[] },
];

impl Call {
    /// Reads the parameters of a method.
    pub(crate) fn read(method: &str, parameters: Parameters<'_>) -> Result<Self, Failure> {
        let names = METHODS.iter().map(|method| method.name);
        let Some(known) = METHODS.iter().find(|known| known.name == method) else {
            let message = format!("method `{}` not found{}", Excerpt::of(method), advice(method, names));
            return Err(Failure::new(Kind::UnknownMethod, message));
        };
        let given = known.given(parameters)?;
        let tenant = given.find("tenant").map(|_| given.text("tenant")).transpose()?;
        Ok(Self { tenant, asked: Asked::read(known.name, &given)? })
    }

    /// The ruleset, if the method has one.
    pub(crate) fn ruleset(&self) -> Option<&str> {
        match &self.asked {
            Asked::Validate { judging, .. } | Asked::Batch { judging, .. } | Asked::File { judging, .. } => {
                Some(&judging.ruleset)
            }
            Asked::Rules { ruleset, .. } => Some(ruleset),
            _ => None,
        }
    }
}

impl Asked {
    /// Whether it decides which release serves.
    pub(crate) fn is_for_operators(&self) -> bool {
        matches!(self, Self::Pin { .. } | Self::Rollback { .. } | Self::Unpin)
    }

    fn read(method: &'static str, given: &Given<'_>) -> Result<Self, Failure> {
        Ok(match method {
            "validate" => Self::Validate {
                record: given.enclosed("entity_data", '{')?.get().into(),
                entity_type: given.text("entity_type")?,
                judging: Judging::read(given, Associated::of_every_record)?,
            },
            "batch_validate" => Self::Batch {
                records: given.enclosed("entities", '[')?.get().as_bytes().into(),
                id_fields: given.some_texts("id_fields")?,
                judging: Judging::read(given, Associated::parse)?,
            },
            "batch_file_validate" => Self::File {
                uri: given.text("file_uri")?,
                entity_types: given.texts("entity_types")?,
                id_fields: given.some_texts("id_fields")?,
                judging: Judging::read(given, Associated::parse)?,
            },
            "discover_rules" => Self::Rules {
                record_or_schema: record_or_schema(given.raw("entity_data")?)?,
                entity_type: given.text("entity_type")?,
                ruleset: given.text("ruleset_name")?,
            },
            "discover_rulesets" => Self::Rulesets,
            "reload_logic" => Self::Reload,
            "pin" => Self::Pin { manifest: manifest(given)?, reason: reason(given)? },
            "rollback" => Self::Rollback { reason: reason(given)? },
            "unpin" => Self::Unpin,
            "get_cache_age" => Self::CacheAge,
            "health" => Self::Health,
            "status" => Self::Status,
            "authenticate" => Self::Authenticate { token: Secret::new(given.text("token")?) },
            _ => Self::Version,
        })
    }
}

fn manifest(given: &Given<'_>) -> Result<Digest, Failure> {
    let text = given.text("manifest")?;
    text.parse().map_err(|error| Failure::new(Kind::WrongParameter, format!("`manifest`: {}", chain(&error))))
}

/// Why, in somebody's words: kept, shown and logged, so not of any length.
fn reason(given: &Given<'_>) -> Result<Option<String>, Failure> {
    const LONGEST: usize = 1_000;
    let reason = given.find("reason").map(|_| given.text("reason")).transpose()?;
    match reason {
        Some(text) if text.len() > LONGEST => {
            Err(Failure::new(Kind::WrongParameter, format!("`reason` must have at most {LONGEST} bytes")))
        }
        reason => Ok(reason),
    }
}

impl Judging {
    fn read(given: &Given<'_>, associated: fn(&[u8]) -> Result<Associated, AssociatedError>) -> Result<Self, Failure> {
        Ok(Self {
            ruleset: given.text("ruleset_name")?,
            associated: given.find("associated").map(|raw| related(raw, associated)).transpose()?,
            now: given.find("now").map(|_| time(given)).transpose()?,
        })
    }
}

fn related(raw: &RawValue, read: fn(&[u8]) -> Result<Associated, AssociatedError>) -> Result<Arc<Associated>, Failure> {
    let read = read(raw.get().as_bytes());
    read.map(Arc::new).map_err(|error| Failure::new(Kind::WrongParameter, format!("`associated`: {}", chain(&error))))
}

fn time(given: &Given<'_>) -> Result<Timestamp, Failure> {
    let text = given.text("now")?;
    text.parse().map_err(|_| {
        let message = format!("`now` must be a time as in `2026-01-31T12:00:00Z`, not `{}`", Excerpt::of(&text));
        Failure::new(Kind::WrongParameter, message)
    })
}

fn record_or_schema(raw: &RawValue) -> Result<Box<str>, Failure> {
    match raw.get().chars().next() {
        Some('{' | '"') => Ok(raw.get().into()),
        _ => Err(wrong("entity_data", "an object, or the URL of a schema as a text", raw)),
    }
}
