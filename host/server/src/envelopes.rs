//! Results as the later generation of validation-lib has them: an object for each record, with a status of its own.

use std::iter;

use jurat::{Evidence, JudgedRecord, JudgedWindow, RecordError, RecordResult, RuleResult, Status};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::selection::{Selected, Selection};

/// What is said of one record.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope<'a, R, E> {
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Box<RawValue>>,
    /// The worst status of its rules.
    status: &'static str,
    /// None where the client does not want it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruleset: Option<&'a str>,
    results: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RecordError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a E>,
}

/// How the items are numbered that have no `correlation_id`, from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Numbering {
    /// By item: `item-1`.
    Items,
    /// By line of the file: `line-1`.
    Lines,
}

impl Numbering {
    /// The numbering of a file: one with an item on each line is known by its name.
    pub(crate) fn of_file(uri: &str) -> Self {
        let path = uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let is_lines = [".jsonl", ".ndjson"].iter().any(|ending| path.trim_end_matches(".gz").ends_with(ending));
        if is_lines { Self::Lines } else { Self::Items }
    }
}

/// The envelope of the only record of a call, of which that is left what the client wants. `status` is that of all rules.
pub(crate) fn of_result<'a>(
    ruleset: &'a str,
    status: Status,
    (result, selection): (&'a RecordResult, &'a Selection),
) -> Envelope<'a, Selected<'a, [RuleResult]>, Evidence> {
    Envelope {
        correlation_id: None,
        status: status.name(),
        entity_type: selection.has("entity_type").then_some(result.entity_type.as_deref()),
        ruleset: selection.has("ruleset").then_some(ruleset),
        results: Selected(result.results.as_slice(), selection),
        error_message: result
            .error
            .as_ref()
            .map(|error| error.message.as_str())
            .filter(|_| selection.has("error_message")),
        error: result.error.as_ref(),
        now: result.now.as_deref().filter(|_| selection.has("now")),
        unsigned: result.unsigned,
        release: result.release.as_deref().filter(|_| selection.has("release")),
    }
}

/// The same for a record that came in an item.
pub(crate) fn of_selected<'a>(
    window: &'a JudgedWindow<'a>,
    record: &JudgedRecord<'a>,
    numbering: Numbering,
    result: (&'a RecordResult, &'a Selection),
) -> impl Serialize + 'a {
    let correlation_id = correlation_id(record, numbering);
    Envelope { correlation_id, ..of_result(window.ruleset(), status(record), result) }
}

/// The envelope of a record that came in an item.
pub(crate) fn of_record<'a>(
    window: &'a JudgedWindow<'a>,
    record: &JudgedRecord<'a>,
    numbering: Numbering,
) -> impl Serialize + 'a {
    let error = record.error();
    Envelope {
        correlation_id: correlation_id(record, numbering),
        status: status(record).name(),
        entity_type: Some(record.entity_type()),
        ruleset: Some(window.ruleset()),
        results: record.results(),
        error_message: error.map(|error| error.message.as_str()),
        error,
        now: record.now(),
        unsigned: record.is_unsigned(),
        release: window.evidence(),
    }
}

fn correlation_id(record: &JudgedRecord<'_>, numbering: Numbering) -> Option<Box<RawValue>> {
    let item = record.item()?;
    if let Some(id) = item.correlation_id {
        return RawValue::from_string(id.to_owned()).ok();
    }
    let id = match numbering {
        Numbering::Items => format!("item-{}", item.index + 1),
        Numbering::Lines => format!("line-{}", record.at().line),
    };
    to_raw_value(&id).ok()
}

/// The status of a record that came in an item.
fn status(record: &JudgedRecord<'_>) -> Status {
    match record.error() {
        Some(_) => Status::Error,
        None => worst_of(record.rules().map(|rule| rule.status())),
    }
}

/// The status of a record: the worst one of its rules and of those below them, and `NORUN` if it has none.
pub(crate) fn worst(rules: &[RuleResult]) -> Status {
    worst_of(rules.iter().flat_map(statuses))
}

/// The statuses of a rule and of those below it. How deep rules are nested, the ruleset bounds.
fn statuses(rule: &RuleResult) -> Box<dyn Iterator<Item = Status> + '_> {
    Box::new(iter::once(rule.status).chain(rule.children.iter().flat_map(statuses)))
}

fn worst_of(statuses: impl Iterator<Item = Status>) -> Status {
    let rank = |status: &Status| match status {
        Status::Pass => 0,
        Status::Norun => 1,
        Status::Warn => 2,
        Status::Fail => 3,
        Status::Error => 4,
    };
    statuses.max_by_key(rank).unwrap_or(Status::Norun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_status_counts() {
        use Status::{Error, Fail, Norun, Pass, Warn};
        for (statuses, expected) in [
            (&[][..], Norun),
            (&[Pass, Pass], Pass),
            (&[Pass, Norun], Norun),
            (&[Warn, Norun, Pass], Warn),
            (&[Fail, Warn, Norun], Fail),
            (&[Pass, Error, Fail], Error),
        ] {
            assert_eq!(worst_of(statuses.iter().copied()), expected, "{statuses:?}");
        }
    }

    #[test]
    fn a_file_with_an_item_on_each_line_is_known_by_its_name() {
        for (uri, lines) in [
            ("file:///data/loans.jsonl", true),
            ("loans.NDJSON", true),
            ("https://data.example.com/loans.jsonl.gz?version=2", true),
            ("loans.json", false),
            ("jsonl", false),
        ] {
            assert_eq!(Numbering::of_file(uri) == Numbering::Lines, lines, "{uri}");
        }
    }
}
