//! The result of a rule, in words.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jurat_model::{Finding, Input, Kind, Status, Suspension};

use super::labels::RuleLabel;
use super::message::{close, fill, push};
use super::row::Row;
use super::shown::unquoted;
use super::wrong_kind::wrong_kind;
use crate::excerpt::shortened;
use crate::extract::{Blocked, ColumnId};
use crate::judge::call::{NodeOutcome, Reason};
use crate::judge::context::Context;
use crate::judge::read::Unreadable;
use crate::release::{Runner, Step};
use crate::results::{FieldResult, RuleResult};
use crate::ruleset::Node;
use crate::schema::Mistakes;

/// Shown instead of an absent value.
const ABSENT: &str = "(absent)";

/// The result of a rule.
pub(super) fn judged(
    row: &Row<'_>,
    (node, label): (&Node, &RuleLabel),
    index: usize,
    outcome: &NodeOutcome,
) -> RuleResult {
    let status = outcome.status(row.row);
    let mut result = empty(row.context, label, status);
    result.execution_time_ms = row.context.options.timings.then_some(outcome.time);
    let mut reasons = outcome.reasons(row.row).peekable();
    if reasons.peek().is_some() {
        let case = Case::new(row, node, index);
        reasons.for_each(|reason| case.explain(&mut result, reason));
    }
    if row.may_be_stale() {
        result.degraded = Case::new(row, node, index).degraded(outcome);
    }
    result.indeterminate = is_indeterminate(row, node, index, outcome);
    result.unavailable = row.has_failures() && lost(row, node, index, outcome);
    result
}

/// Whether the result of a rule may differ on another machine, or at another moment.
pub(in crate::judge) fn is_indeterminate(row: &Row<'_>, node: &Node, index: usize, outcome: &NodeOutcome) -> bool {
    outcome.reasons(row.row).any(Reason::is_indeterminate)
        || (row.may_lack() && Case::new(row, node, index).lacks(outcome, Unreadable::is_momentary))
}

/// Whether a related entity that a rule reads could not be had, although there may be one.
pub(super) fn lost(row: &Row<'_>, node: &Node, index: usize, outcome: &NodeOutcome) -> bool {
    Case::new(row, node, index).lacks(outcome, Unreadable::is_failure)
}

/// The result of a rule whose parent did not let it run.
pub(super) fn below(row: &Row<'_>, (node, label): (&Node, &RuleLabel), parent: &RuleResult) -> RuleResult {
    let status = if node.must_run { Status::Error } else { Status::Norun };
    let mut result = empty(row.context, label, status);
    if node.must_run {
        must_run(&mut result);
        // The parent may let it run at another moment.
        result.indeterminate = parent.indeterminate;
    }
    sentence(&mut result, &format!("not run: its parent `{}` is {}", parent.rule_id, parent.status));
    result.code.get_or_insert_with(|| "parent".to_owned());
    result
}

fn empty(context: &Context, label: &RuleLabel, status: Status) -> RuleResult {
    let RuleLabel { rule_id, description, component } = label;
    RuleResult {
        rule_id: Arc::clone(rule_id),
        description: Arc::clone(description),
        status,
        message: String::new(),
        code: None,
        params: BTreeMap::new(),
        fields: Vec::new(),
        mistakes: Vec::new(),
        indeterminate: false,
        unavailable: false,
        degraded: Vec::new(),
        component: component.clone(),
        execution_time_ms: context.options.timings.then_some(0.0),
        children: Vec::new(),
    }
}

/// One rule on one record.
struct Case<'c, 'a> {
    row: &'c Row<'a>,
    node: &'c Node,
    step: Option<&'a Step>,
    inputs: &'a [Input],
}

impl<'c, 'a> Case<'c, 'a> {
    fn new(row: &'c Row<'a>, node: &'c Node, index: usize) -> Self {
        let step = row.chunk.prepared.steps.get(index);
        let declaration = match step.map(|step| &step.runner) {
            Some(Runner::Component { component, rule }) => row.context.release.declaration(*component, *rule),
            _ => None,
        };
        Self { row, node, step, inputs: declaration.map(|declaration| &*declaration.inputs).unwrap_or_default() }
    }

    /// Adds one reason to a result.
    fn explain(&self, result: &mut RuleResult, reason: &Reason) {
        if reason.is_without_a_call() {
            result.execution_time_ms = result.execution_time_ms.map(|_| 0.0);
        }
        let code = match reason {
            Reason::Finding(finding) => return self.finding(result, finding),
            Reason::More(more) => return close(&mut result.message, &format!("; and {more} more")),
            Reason::Suspended => {
                let Suspension { records, fuel } = self.row.context.options.run.suspension;
                let message = format!(
                    "not run: in this request, the rule has failed on {records} records, or used {fuel} units of fuel on \
                     those that it failed on"
                );
                sentence(result, &message);
                "suspended"
            }
            Reason::Parent => "parent",
            Reason::Fault(fault, _) => {
                // Those faults were found with nothing else in the call.
                let alone = if fault.can_be_halved() { " on this record alone" } else { "" };
                sentence(result, &format!("the rule {fault}{alone}"));
                fault.code()
            }
            Reason::Host => {
                sentence(result, "the host could not run the rule; its log says why");
                "host"
            }
            Reason::Blocked(Blocked::WrongKind(input)) => {
                if let (Some(declared), Some(column)) = (self.inputs.get(*input), self.column(*input)) {
                    sentence(result, &wrong_kind(self.row, declared, column));
                }
                result.fields.extend(self.field(*input));
                "input_kind"
            }
            Reason::Blocked(Blocked::Absent(input)) => {
                let unreadable = self.column(*input).and_then(|column| self.row.unreadable(column));
                if let Some(declared) = self.inputs.get(*input) {
                    match (unreadable, &declared.of) {
                        (Some(why), Some(term)) => sentence(result, &format!("not run: {}", why.words(term))),
                        _ => sentence(result, &format!("not run: `{declared}` is absent")),
                    }
                }
                result.fields.extend(self.field(*input));
                unreadable.map_or("input_absent", Unreadable::code)
            }
            Reason::Unknown => {
                let id = &self.node.rule_id;
                sentence(result, &format!("not run: no component of the release has a rule `{id}`"));
                "unknown_rule"
            }
            Reason::OtherEntity => {
                let declared = match self.step.map(|step| &step.runner) {
                    Some(Runner::OtherEntity { declared }) => declared.as_str(),
                    _ => "another",
                };
                sentence(result, &format!("not run: the rule judges records of the type `{declared}`"));
                "other_entity_type"
            }
            Reason::Mistakes(mistakes) => return self::mistakes(result, mistakes),
            Reason::NoSchema { pointer, reason } => {
                sentence(result, &placed(pointer, reason));
                result.fields.push(at(pointer, None));
                "no_schema"
            }
            Reason::Unchecked { reason, code } => {
                sentence(result, reason);
                code
            }
            Reason::MustRun => return must_run(result),
        };
        result.code.get_or_insert_with(|| code.to_owned());
    }

    fn finding(&self, result: &mut RuleResult, finding: &Finding) {
        sentence(result, "");
        let param = |name: &str| finding.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        fill(&mut result.message, &finding.message, |name| {
            let input = |name: &str| self.inputs.iter().position(|input| is_called(input, name));
            match name.strip_suffix(":json") {
                Some(name) => input(name).map(|input| Cow::Borrowed(self.token(input))),
                None => input(name).map(|input| self.shown(input)).or_else(|| param(name).map(Cow::Borrowed)),
            }
        });
        if result.code.is_none() {
            result.code.clone_from(&finding.code);
        }
        result.params.extend(finding.params.iter().cloned());
        for input in &finding.inputs {
            let field = self.field(*input as usize);
            result.fields.extend(field.filter(|field| !result.fields.contains(field)));
        }
    }

    /// The terms whose answers are older than they should be, and that the rule read or that kept it from running.
    fn degraded(&self, outcome: &NodeOutcome) -> Vec<Arc<str>> {
        let stale = self.read(outcome).filter(|(_, column)| self.row.is_stale(*column));
        let terms: BTreeSet<&str> = stale.filter_map(|(input, _)| input.of.as_deref()).collect();
        terms.into_iter().map(Arc::from).collect()
    }

    /// Whether the rule lacks a related entity for such a reason.
    fn lacks(&self, outcome: &NodeOutcome, is_such: fn(&Unreadable) -> bool) -> bool {
        self.read(outcome).any(|(_, column)| self.row.unreadable(column).is_some_and(is_such))
    }

    /// The inputs on which the outcome depends, with their columns: all, or the one that kept the rule from running.
    fn read(&self, outcome: &NodeOutcome) -> impl Iterator<Item = (&'a Input, ColumnId)> {
        let blocked = outcome.reasons(self.row.row).find_map(|reason| match reason {
            Reason::Finding(_)
            | Reason::More(_)
            | Reason::Fault(..)
            | Reason::Mistakes(_)
            | Reason::NoSchema { .. }
            | Reason::Unchecked { .. }
            | Reason::MustRun => None,
            Reason::Blocked(Blocked::Absent(input) | Blocked::WrongKind(input)) => Some(Some(*input)),
            Reason::Parent | Reason::Suspended | Reason::Host | Reason::Unknown | Reason::OtherEntity => Some(None),
        });
        let read =
            self.inputs.iter().enumerate().filter(move |(input, _)| blocked.is_none_or(|only| only == Some(*input)));
        read.filter_map(|(index, input)| Some((input, self.column(index)?)))
    }

    fn column(&self, input: usize) -> Option<ColumnId> {
        self.step?.columns.get(input).copied()
    }

    fn token(&self, input: usize) -> &str {
        self.column(input).and_then(|column| self.row.token(column)).unwrap_or(ABSENT)
    }

    /// The value of an input as messages show it: a text, a date or a timestamp without quotes, another value as it is written.
    fn shown(&self, input: usize) -> Cow<'_, str> {
        let kind = self.inputs.get(input).map(|declared| declared.kind);
        let token = self.column(input).and_then(|column| self.row.whole_token(column)).unwrap_or(ABSENT);
        match kind {
            Some(Kind::Text | Kind::Date | Kind::Timestamp) => unquoted(token),
            _ => Cow::Borrowed(shortened(token)),
        }
    }

    fn field(&self, input: usize) -> Option<FieldResult> {
        let name = self.inputs.get(input)?.to_string();
        let column = self.column(input)?;
        let pointer = self.row.pointer(column).map(str::to_owned);
        Some(FieldResult { name, pointer, value: self.row.token(column).map(str::to_owned) })
    }
}

/// Tells what is wrong with a record that does not follow its schema.
fn mistakes(result: &mut RuleResult, mistakes: &Mistakes) {
    for mistake in &mistakes.list {
        sentence(result, &placed(&mistake.pointer, &mistake.message));
        result.code.get_or_insert_with(|| mistake.keyword.to_owned());
        let field = at(&mistake.pointer, mistake.value.as_deref());
        if !result.fields.contains(&field) {
            result.fields.push(field);
        }
    }
    result.mistakes.extend_from_slice(&mistakes.list);
    if mistakes.more > 0 {
        close(&mut result.message, &format!("; and {} more", mistakes.more));
    }
}

/// Tells that a rule did not run although it must; the reason why follows.
fn must_run(result: &mut RuleResult) {
    sentence(result, "the rule must run on every record, and did not run on this one");
    result.code.get_or_insert_with(|| "must_run".to_owned());
}

fn placed(pointer: &str, reason: &str) -> String {
    if pointer.is_empty() { reason.to_owned() } else { format!("{pointer}: {reason}") }
}

/// A place in the record that no field map names.
fn at(pointer: &str, value: Option<&str>) -> FieldResult {
    FieldResult { name: String::new(), pointer: Some(pointer.to_owned()), value: value.map(str::to_owned) }
}

/// Adds a sentence to the message.
fn sentence(result: &mut RuleResult, text: &str) {
    if !result.message.is_empty() {
        push(&mut result.message, "; ");
    }
    push(&mut result.message, text);
}

/// Whether a placeholder names an input: `principal`, or `parent.limit` for a field of a related entity.
fn is_called(input: &Input, name: &str) -> bool {
    match &input.of {
        None => input.name == name,
        Some(term) => name.split_once('.').is_some_and(|(of, field)| of == term && field == input.name),
    }
}
