//! The result of one record.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::Status;
use serde::Serialize;

use super::evidence::Evidence;
use super::milliseconds;
use crate::error_kind::EngineErrorKind;
use crate::footprint::Footprint;
use crate::json::Position;
use crate::schema::Mistake;

/// The results of the rules for one record, or why it could not be judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordResult {
    /// The values of the id fields, joined with `-`; `unknown` if all are absent.
    pub entity_id: String,
    /// The entity type; none if the record could not be judged.
    pub entity_type: Option<Arc<str>>,
    /// `ERROR` if the record could not be judged; else absent.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_status")]
    pub status: Option<Status>,
    /// Why the record could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RecordError>,
    /// The time of the run, if a rule of the list reads it, because it is needed to repeat the verdicts. RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Arc<str>>,
    /// True if the rules are unsigned; else absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
    /// The signed release that judged; none if it is unsigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Arc<Evidence>>,
    /// One result for each rule at the top of the list.
    pub results: Vec<RuleResult>,
}

/// Why a record could not be judged: an error of the caller, never of a rule. Only [`EngineErrorKind::Internal`] is a bug of the host.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RecordError {
    /// The reason, for programs; `code` in JSON.
    #[serde(rename = "code")]
    pub kind: EngineErrorKind,
    /// The reason in words.
    pub message: String,
    /// The line of the input with the error, from 1.
    pub line: u64,
    /// The byte of the input with the error, from 0.
    pub offset: u64,
}

/// The outcome of a record, all rules together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RecordOutcome {
    /// It could not be judged.
    Unreadable,
    /// A rule said FAIL or ERROR.
    Failed,
    /// A rule said WARN, and none FAIL or ERROR.
    Warned,
    /// A rule said PASS, and none WARN, FAIL or ERROR.
    Passed,
    /// No rule ran: all said NORUN, or there was none.
    NotRun,
}

/// The result of one rule for one record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleResult {
    /// The rule.
    pub rule_id: Arc<str>,
    /// What it checks, in its author's words; empty if nothing provides the rule.
    pub description: Arc<str>,
    /// The status that it gives.
    #[serde(serialize_with = "status")]
    pub status: Status,
    /// The reasons, joined with `"; "`; empty if there is none.
    pub message: String,
    /// The code of the first reason that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Values that the rule has computed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// The fields that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldResult>,
    /// What is wrong with a record that does not follow its schema, each with its place; only of the rule `json_schema`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
    /// True if the outcome depends on the machine and the moment: do not store or replay it as a verdict. The rule ran out of time, was
    /// suspended, or lacked a related entity that was unavailable just then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub indeterminate: bool,
    /// Whether a related entity that the rule reads could not be had, whatever its status. Not part of the JSON: `code` says it of
    /// rules that did not run.
    #[serde(skip)]
    pub unavailable: bool,
    /// The terms whose answers the rule read although they were older than they should be, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<Arc<str>>,
    /// The SHA-256 of the component that has the rule, in lower-case hexadecimal; none for rules of the host, and where nothing
    /// provides the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Arc<str>>,
    /// The time of the call, in milliseconds, divided by the records in it; 0 if there was no call with the record; none if the
    /// request asks for no timings. In JSON it is rounded to nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milliseconds::optional")]
    pub execution_time_ms: Option<f64>,
    /// The results of the rules that wait for this one.
    pub children: Vec<Self>,
}

/// A field that a result is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FieldResult {
    /// The logical name; `term.name` for a field of a related entity.
    pub name: String,
    /// Its path, as an RFC 6901 pointer into the record or the related entity; none if the field map does not say.
    pub pointer: Option<String>,
    /// The record's own token, quotes included, at most 256 bytes; none if it is absent.
    pub value: Option<String>,
}

impl RecordResult {
    /// The result of a record that could not be judged.
    pub(crate) fn unreadable(
        entity_id: String,
        error: RecordError,
        unsigned: bool,
        release: Option<Arc<Evidence>>,
    ) -> Self {
        Self {
            entity_id,
            entity_type: None,
            status: Some(Status::Error),
            error: Some(error),
            now: None,
            unsigned,
            release,
            results: Vec::new(),
        }
    }
}

impl Footprint for RecordResult {
    fn footprint(&self) -> usize {
        let error = self.error.as_ref().map_or(0, |error| error.message.capacity());
        self.entity_id.capacity() + error + self.results.footprint()
    }
}

impl Footprint for RuleResult {
    fn footprint(&self) -> usize {
        let pair = size_of::<(String, String)>();
        let params: usize = self.params.iter().map(|(key, value)| pair + key.capacity() + value.capacity()).sum();
        let code = self.code.footprint();
        let mistakes: usize = self.mistakes.iter().map(Mistake::size).sum();
        self.message.capacity() + code + params + mistakes + self.fields.footprint() + self.children.footprint()
    }
}

impl Footprint for FieldResult {
    fn footprint(&self) -> usize {
        self.name.capacity() + self.pointer.footprint() + self.value.footprint()
    }
}

impl RecordError {
    /// A bug that keeps the record from being judged.
    pub(crate) fn bug(what: &str, at: Position) -> Self {
        Self::new(EngineErrorKind::Internal, format!("a bug: {what}"), at)
    }

    /// An error at a position in the input.
    pub(crate) fn new(kind: EngineErrorKind, message: String, at: Position) -> Self {
        Self { kind, message, line: at.line, offset: at.offset }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn status<S: serde::Serializer>(status: &Status, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(status.name())
}

#[expect(clippy::ref_option, reason = "serde hands over references")]
fn optional_status<S: serde::Serializer>(status: &Option<Status>, out: S) -> Result<S::Ok, S::Error> {
    status.map(Status::name).serialize(out)
}
