//! What one rule says of one record, on a line of its own.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use jurat::{Evidence, FieldResult, RecordResult, RuleResult, Status};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::outlet::Piece;
use crate::output;

/// The code of a record on which no rule ran.
const NOTHING_RAN: &str = "nothing_ran";

/// The record that lines are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    /// Its result.
    pub(super) record: &'a RecordResult,
    /// The id fields with their values, if the lines have them.
    pub(super) ids: Option<&'a [(&'a str, Option<String>)]>,
    /// Its file, if there are several.
    pub(super) file: Option<&'a str>,
    /// The line of the file on which it begins, from 1.
    pub(super) line: u64,
    /// The byte of the file at which it begins, from 0.
    pub(super) offset: u64,
}

/// A line.
#[derive(serde::Serialize)]
struct Line<'a> {
    entity_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Ids<'a>>,
    entity_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: u64,
    offset: u64,
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    indeterminate: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    degraded: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a Evidence>,
}

/// Fields with their values; each field once, however often the user names it.
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

/// One line for each rule; a record that has none has a line that says why.
///
/// # Errors
/// When something cannot be written as JSON.
pub(super) fn every_rule(piece: &mut Piece, about: About<'_>) -> io::Result<()> {
    match &about.record.results[..] {
        [] => without_rules(piece, about),
        results => rules(piece, about, results, None, &|_| true),
    }
}

/// One line for each rule that says FAIL or ERROR; a record that fails without one has a line that says why.
///
/// # Errors
/// When something cannot be written as JSON.
pub(super) fn failing_rules(piece: &mut Piece, about: About<'_>) -> io::Result<()> {
    let before = piece.lines;
    let is_failure = |result: &RuleResult| matches!(result.status, Status::Fail | Status::Error);
    rules(piece, about, &about.record.results, None, &is_failure)?;
    if piece.lines == before { without_rules(piece, about) } else { Ok(()) }
}

fn rules(
    piece: &mut Piece,
    about: About<'_>,
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
                indeterminate: result.indeterminate,
                degraded: &result.degraded,
                component: result.component.as_deref(),
                execution_time_ms: result.execution_time_ms,
                ..about.says(result.status, &result.message)
            };
            write(piece, &line)?;
        }
        rules(piece, about, &result.children, Some(&result.rule_id), is_wanted)?;
    }
    Ok(())
}

fn without_rules(piece: &mut Piece, about: About<'_>) -> io::Result<()> {
    let line = match &about.record.error {
        Some(error) => Line {
            code: Some(error.kind.code()),
            line: error.line,
            offset: error.offset,
            ..about.says(Status::Error, &error.message)
        },
        None => {
            let none_listed = about.record.results.is_empty();
            let message = if none_listed { "no rules are listed for it" } else { "no rule ran on it" };
            Line { code: Some(NOTHING_RAN), ..about.says(Status::Norun, message) }
        }
    };
    write(piece, &line)
}

impl<'a> About<'a> {
    /// A line of no rule.
    fn says(self, status: Status, message: &'a str) -> Line<'a> {
        let Self { record, ids, file, line, offset } = self;
        Line {
            entity_id: &record.entity_id,
            ids: ids.map(Ids),
            entity_type: record.entity_type.as_deref(),
            file,
            line,
            offset,
            rule_id: None,
            parent: None,
            description: "",
            status: status.name(),
            code: None,
            message,
            params: None,
            fields: &[],
            indeterminate: false,
            degraded: &[],
            component: None,
            execution_time_ms: None,
            now: record.now.as_deref(),
            unsigned: record.unsigned,
            release: record.release.as_deref(),
        }
    }
}

fn write(piece: &mut Piece, line: &Line<'_>) -> io::Result<()> {
    output::write_json(&mut piece.bytes, line)?;
    piece.bytes.push(b'\n');
    piece.lines += 1;
    Ok(())
}
