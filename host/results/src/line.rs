//! Lines for the result of one rule on one record.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use jurat::{Evidence, FieldResult, JudgedRecord, Milliseconds, Mistake, RecordResult, RuleResult, Status};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::accept::Accept;
use crate::lines::Lines;

/// The code of a record on which no rule ran.
const NOTHING_RAN: &str = "nothing_ran";

/// The record of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineRecord<'a> {
    /// Its result.
    pub(crate) result: &'a RecordResult,
    /// The id fields with their values, if the lines have them.
    pub(crate) ids: Option<&'a [(&'a str, Option<String>)]>,
    /// Its position, if the lines have it.
    pub(crate) place: Option<Place<'a>>,
}

/// The position of a record.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Place<'a> {
    /// Its input, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<&'a str>,
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// The byte at which it begins, from 0.
    pub(crate) offset: u64,
}

/// A record with the results of all rules, and its position.
#[derive(serde::Serialize)]
struct PlacedRecord<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    #[serde(flatten)]
    record: &'a JudgedRecord<'a>,
}

/// A line.
#[derive(serde::Serialize)]
struct Line<'a> {
    entity_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Ids<'a>>,
    entity_type: Option<&'a str>,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldResult],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mistakes: &'a [Mistake],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    indeterminate: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    degraded: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time_ms: Option<Milliseconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a Evidence>,
}

/// Id fields with their values; each field once, even if the user repeats it.
struct Ids<'a>(&'a [(&'a str, Option<String>)]);

impl Serialize for Ids<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        for (index, (field, value)) in self.0.iter().enumerate() {
            let mut before = self.0.iter().take(index);
            if before.all(|(other, _)| other != field) {
                map.serialize_entry(field, value)?;
            }
        }
        map.end()
    }
}

/// Adds a line with the results of all rules.
///
/// # Errors
/// When something cannot be written as JSON.
pub(crate) fn whole_record(lines: &mut Lines, record: &JudgedRecord<'_>, place: Option<Place<'_>>) -> io::Result<()> {
    match place {
        Some(place) => lines.add(&PlacedRecord { place, record }),
        None => lines.add(record),
    }
}

/// Adds a line for each rule. A record without rules gets a line that says why.
///
/// # Errors
/// When something cannot be written as JSON.
pub(crate) fn every_rule(lines: &mut Lines, record: LineRecord<'_>) -> io::Result<()> {
    match &record.result.results[..] {
        [] => without_rules(lines, record),
        results => rules(lines, record, results, None, &|_| true),
    }
}

/// Adds a line for each rule that keeps a record from being good. A record that is bad without one gets a line that says why.
///
/// # Errors
/// When something cannot be written as JSON.
pub(crate) fn failing_rules(lines: &mut Lines, record: LineRecord<'_>, accept: &Accept) -> io::Result<()> {
    let before = lines.lines;
    let is_failure = |result: &RuleResult| match result.status {
        Status::Fail | Status::Error => true,
        Status::Warn => !accept.warn,
        Status::Norun if !accept.norun => true,
        Status::Norun | Status::Pass => result.unavailable && !accept.unavailable,
    };
    rules(lines, record, &record.result.results, None, &is_failure)?;
    if lines.lines == before { without_rules(lines, record) } else { Ok(()) }
}

fn rules(
    lines: &mut Lines,
    record: LineRecord<'_>,
    results: &[RuleResult],
    parent: Option<&str>,
    is_wanted: &dyn Fn(&RuleResult) -> bool,
) -> io::Result<()> {
    for result in results {
        if is_wanted(result) {
            let line = Line {
                rule_id: Some(&result.rule_id),
                parent,
                description: &result.description,
                code: result.code.as_deref(),
                params: Some(&result.params).filter(|params| !params.is_empty()),
                fields: &result.fields,
                mistakes: &result.mistakes,
                indeterminate: result.indeterminate,
                degraded: &result.degraded,
                component: result.component.as_deref(),
                execution_time_ms: result.execution_time_ms.map(Milliseconds),
                ..record.line(result.status, &result.message)
            };
            lines.add(&line)?;
        }
        rules(lines, record, &result.children, Some(&result.rule_id), is_wanted)?;
    }
    Ok(())
}

fn without_rules(lines: &mut Lines, record: LineRecord<'_>) -> io::Result<()> {
    let line = match &record.result.error {
        Some(error) => Line {
            code: Some(error.kind.code()),
            place: record.place.map(|place| Place { line: error.line, offset: error.offset, ..place }),
            ..record.line(Status::Error, &error.message)
        },
        None => {
            let none_listed = record.result.results.is_empty();
            let message = if none_listed { "no rules are listed for it" } else { "no rule ran on it" };
            Line { code: Some(NOTHING_RAN), ..record.line(Status::Norun, message) }
        }
    };
    lines.add(&line)
}

impl<'a> LineRecord<'a> {
    /// A line without a rule.
    fn line(self, status: Status, message: &'a str) -> Line<'a> {
        let Self { result, ids, place } = self;
        Line {
            entity_id: &result.entity_id,
            ids: ids.map(Ids),
            entity_type: result.entity_type.as_deref(),
            place,
            rule_id: None,
            parent: None,
            description: "",
            status: status.name(),
            code: None,
            message,
            params: None,
            fields: &[],
            mistakes: &[],
            indeterminate: false,
            degraded: &[],
            component: None,
            execution_time_ms: None,
            now: result.now.as_deref(),
            unsigned: result.unsigned,
            release: result.release.as_deref(),
        }
    }
}
