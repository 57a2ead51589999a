//! What comes out: one result for each record, in the order of the input.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::{Limits, Status, Usage};
use serde::Serialize;

use crate::error_kind::EngineErrorKind;
use crate::json::Position;

mod evidence;

pub use evidence::{Evidence, EvidenceParts, RoleVersions};

/// What the rules say of one record, or why it could not be judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordResult {
    /// The values of the id fields, joined with `-`; `unknown` if none of them is there.
    pub entity_id: String,
    /// The entity type; none if the record could not be judged.
    pub entity_type: Option<Arc<str>>,
    /// `ERROR` on a record that could not be judged; else not there.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_status")]
    pub status: Option<Status>,
    /// Why the record could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RecordError>,
    /// The time of the run, if a rule of the list reads it: what is needed to repeat the verdicts. RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Arc<str>>,
    /// True if nobody has signed the rules; else not there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
    /// The signed release that decided, as the request says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Arc<Evidence>>,
    /// One result for each rule at the top of the list.
    pub results: Vec<RuleResult>,
}

/// Why a record could not be judged: the caller's mistake, never a rule's.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RecordError {
    /// The reason, for programs; `code` in JSON.
    #[serde(rename = "code")]
    pub kind: EngineErrorKind,
    /// The reason in words.
    pub message: String,
    /// The line of the input on which the trouble is, from 1.
    pub line: u64,
    /// The byte of the input at which the trouble is, from 0.
    pub offset: u64,
}

/// What one rule says of one record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleResult {
    /// The rule.
    pub rule_id: Arc<str>,
    /// What it checks, in its author's words; empty if nothing provides the rule.
    pub description: Arc<str>,
    /// What it says.
    #[serde(serialize_with = "status")]
    pub status: Status,
    /// The reasons, joined with `"; "`; empty if there is none.
    pub message: String,
    /// The code of the first reason that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the rule has worked out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// The fields that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldResult>,
    /// True if the outcome depends on the machine and the moment: it must not be stored or replayed as a verdict. The rule ran out
    /// of time, was suspended, or lacked a related entity that could not be had just then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub indeterminate: bool,
    /// The terms that the rule read from answers older than they should be, sorted; empty = none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<Arc<str>>,
    /// The SHA-256 of the component that has the rule, in lower-case hexadecimal; none for rules of the host, and where nothing
    /// provides the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Arc<str>>,
    /// The time of the call, in milliseconds, divided by the records in it; 0 if the record was not in one; none if nobody wants to
    /// know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_time_ms: Option<f64>,
    /// The results of the rules that wait for this one.
    pub children: Vec<Self>,
}

/// A field that a result is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FieldResult {
    /// The logical name; `term.name` for a field of a related entity.
    pub name: String,
    /// Where it lies, as an RFC 6901 pointer into the record or the related entity; none if the field map does not say.
    pub pointer: Option<String>,
    /// The record's own token, quotes included, at most 256 bytes; none if nothing stands there.
    pub value: Option<String>,
}

/// What happened to all records of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Records in the input.
    pub records: u64,
    /// Records that could not be judged.
    pub unreadable: u64,
    /// Records of which a rule said FAIL or ERROR.
    pub failed: u64,
    /// Records of which a rule said WARN, and none FAIL or ERROR.
    pub warned: u64,
    /// Records on which no rule ran: all said NORUN, or there was none.
    pub not_run: u64,
    /// Results that say nothing of the record, because the host itself failed.
    pub host_failures: u64,
    /// The signed release that decided, as the request says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Arc<Evidence>>,
    /// What each rule said how often.
    pub rules: BTreeMap<Arc<str>, RuleSummary>,
}

/// What one rule said of all records of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleSummary {
    /// How often it said PASS.
    pub pass: u64,
    /// How often it said WARN.
    pub warn: u64,
    /// How often it said FAIL.
    pub fail: u64,
    /// How often it said NORUN.
    pub norun: u64,
    /// How often it said ERROR.
    pub error: u64,
    /// How many of those would perhaps be otherwise on another machine.
    pub indeterminate: u64,
    /// What its calls used.
    #[serde(serialize_with = "usage")]
    pub usage: Usage,
    /// What each of them may use; none for rules of the host, and where nothing provides the rule.
    #[serde(serialize_with = "limits", skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
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

impl RecordError {
    /// An error at a place in the input.
    pub(crate) fn new(kind: EngineErrorKind, message: String, at: Position) -> Self {
        Self { kind, message, line: at.line, offset: at.offset }
    }
}

impl RuleSummary {
    /// How often the rule gave the status.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        match status {
            Status::Pass => self.pass,
            Status::Warn => self.warn,
            Status::Fail => self.fail,
            Status::Norun => self.norun,
            Status::Error => self.error,
        }
    }

    pub(crate) fn add(&mut self, status: Status) {
        *match status {
            Status::Pass => &mut self.pass,
            Status::Warn => &mut self.warn,
            Status::Fail => &mut self.fail,
            Status::Norun => &mut self.norun,
            Status::Error => &mut self.error,
        } += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.pass += other.pass;
        self.warn += other.warn;
        self.fail += other.fail;
        self.norun += other.norun;
        self.error += other.error;
        self.indeterminate += other.indeterminate;
        self.usage.add(&other.usage);
        self.limits = self.limits.or(other.limits);
    }
}

/// Whether a text can be written as it is wherever it goes: nobody who writes it wants to escape something in it.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn status<S: serde::Serializer>(status: &Status, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(status.name())
}

#[expect(clippy::ref_option, reason = "serde hands over references")]
fn optional_status<S: serde::Serializer>(status: &Option<Status>, out: S) -> Result<S::Ok, S::Error> {
    status.map(Status::name).serialize(out)
}

fn usage<S: serde::Serializer>(usage: &Usage, out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Written {
        calls: u64,
        fuel: u64,
        peak_fuel: u64,
        peak_memory_bytes: u64,
        peak_reply_bytes: u64,
        elapsed_ms: f64,
    }
    let Usage { calls, fuel, peak_fuel, peak_memory, peak_reply, elapsed } = *usage;
    Written {
        calls,
        fuel,
        peak_fuel,
        peak_memory_bytes: peak_memory,
        peak_reply_bytes: peak_reply,
        elapsed_ms: elapsed.as_secs_f64() * 1e3,
    }
    .serialize(out)
}

#[expect(clippy::ref_option, reason = "serde hands over references")]
fn limits<S: serde::Serializer>(limits: &Option<Limits>, out: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Written {
        fuel: u64,
        memory_bytes: u64,
        reply_bytes: u64,
    }
    let written = limits.map(|limits| Written {
        fuel: limits.fuel.get(),
        memory_bytes: limits.memory.get(),
        reply_bytes: limits.reply.get(),
    });
    written.serialize(out)
}
