//! From outcomes to results, in the order of the input.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use jurat_model::{Fault, Finding, Input, Isolation, Status};

use super::Context;
use super::chunk::{Judged, NodeOutcome, Why};
use super::message::{fill, push};
use super::window::{Fate, RecordOutcome, WindowOutcome};
use crate::extract::{Blocked, ColumnId, Source, TokenView};
use crate::json::Span;
use crate::prepared::Runner;
use crate::results::{FieldResult, RecordResult, RuleResult, Summary};
use crate::ruleset::Node;

/// Findings of one rule on one record that results show; further ones are counted.
const MAX_FINDINGS: usize = 100;
/// What stands for a value that is not there.
const ABSENT: &str = "(absent)";

/// Turns windows into results, one after the other.
pub(super) struct Renderer {
    context: Arc<Context>,
    now: Arc<str>,
    summary: Summary,
    /// For each rule, the records so far on which it did wrong.
    guilty: Vec<u32>,
}

impl Renderer {
    pub(super) fn new(context: Arc<Context>) -> Self {
        let now = jiff::Timestamp::from_microsecond(context.request.run.now).unwrap_or_default();
        let guilty = vec![0; context.release.providers.len()];
        Self { now: Arc::from(now.to_string()), summary: Summary::default(), guilty, context }
    }

    /// Hands over the results of one window.
    pub(super) fn render(
        &mut self,
        window: &WindowOutcome,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> io::Result<()> {
        let context = Arc::clone(&self.context);
        for judged in &window.judged {
            for (node, outcome) in context.nodes(judged).iter().zip(&judged.nodes) {
                self.summary.rule(&node.rule_id).usage.add(&outcome.usage);
            }
        }
        for record in &window.records {
            let result = match &record.fate {
                Fate::Unreadable(error) => {
                    RecordResult::unreadable(record.id.clone(), error.clone(), context.release.is_unsigned())
                }
                Fate::Judged { chunk, row } => match window.judged.get(*chunk) {
                    Some(judged) => self.record(&View::new(&context, record, judged, *row)),
                    None => continue,
                },
            };
            self.summary.add(&result);
            sink(result)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Summary {
        self.summary
    }

    fn record(&mut self, view: &View<'_>) -> RecordResult {
        let release = &view.context.release;
        let nodes = view.context.nodes(view.judged);
        let mut finished: Vec<RuleResult> = Vec::with_capacity(nodes.len());
        for (place, (node, outcome)) in nodes.iter().zip(&view.judged.nodes).enumerate() {
            let is_host = |why: &Why| matches!(why, Why::Host);
            self.summary.host_failures += u64::from(outcome.reasons(view.row).any(is_host));
            let parent = node.parent.and_then(|parent| finished.get(parent));
            let result = match parent {
                // The parent may have been parked since: that is settled only here, in the order of the input.
                Some(parent) if !parent.status.lets_children_run() => view.below(node, parent),
                _ if self.is_parked(node, outcome, view.row) => view.parked(node),
                _ => view.result(node, place, outcome),
            };
            finished.push(result);
        }
        RecordResult {
            entity_id: view.record.id.clone(),
            entity_type: release.entity_types.get(view.judged.route.entity_type).cloned(),
            status: None,
            error: None,
            now: view.judged.prepared.reads_now.then(|| Arc::clone(&self.now)),
            unsigned: release.is_unsigned(),
            results: nest(nodes, finished),
        }
    }

    /// Whether a rule was parked before this record. Counts the record if it is one of the guilty ones.
    fn is_parked(&mut self, node: &Node, outcome: &NodeOutcome, row: u32) -> bool {
        let Some((rule, count)) = node.rule.and_then(|rule| Some((rule, self.guilty.get_mut(rule)?))) else {
            return false;
        };
        let mut reasons = outcome.reasons(row);
        let most = self.context.request.run.park_after.get();
        if *count >= most {
            // What never reached the rule keeps its own reason.
            return !reasons.any(|why| matches!(why, Why::Blocked(_) | Why::Parent));
        }
        if reasons.any(|why| matches!(why, Why::Fault(_))) {
            *count += 1;
            if *count == most {
                self.context.park(rule);
            }
        }
        false
    }
}

impl Context {
    fn nodes(&self, judged: &Judged) -> &[Node] {
        let lists = self.release.router.rulesets().lists();
        lists.get(judged.route.list).map(|list| &*list.nodes).unwrap_or_default()
    }
}

impl NodeOutcome {
    /// The reasons for the status of a row.
    fn reasons(&self, row: u32) -> impl Iterator<Item = &Why> {
        let first = self.reasons.partition_point(|(other, _)| *other < row);
        let behind = self.reasons.get(first..).unwrap_or_default();
        behind.iter().take_while(move |(other, _)| *other == row).map(|(_, why)| why)
    }
}

/// Puts results below those that they waited for.
fn nest(nodes: &[Node], results: Vec<RuleResult>) -> Vec<RuleResult> {
    let mut open: Vec<Option<RuleResult>> = results.into_iter().map(Some).collect();
    let mut top = Vec::new();
    // Children stand behind their parents, so from the back every result is complete when its turn comes.
    for (place, node) in nodes.iter().enumerate().rev() {
        let Some(mut result) = open.get_mut(place).and_then(Option::take) else { continue };
        result.children.reverse();
        match node.parent.and_then(|parent| open.get_mut(parent)?.as_mut()) {
            Some(parent) => parent.children.push(result),
            None => top.push(result),
        }
    }
    top.reverse();
    top
}

/// One record among its window's.
struct View<'a> {
    context: &'a Context,
    record: &'a RecordOutcome,
    judged: &'a Judged,
    row: u32,
    text: &'a str,
}

impl<'a> View<'a> {
    fn new(context: &'a Context, record: &'a RecordOutcome, judged: &'a Judged, row: u32) -> Self {
        let text = context.record(&record.place).ok().and_then(|text| str::from_utf8(text).ok()).unwrap_or_default();
        Self { context, record, judged, row, text }
    }

    fn empty(&self, node: &Node, status: Status) -> RuleResult {
        let description = node.rule.and_then(|rule| self.context.release.descriptions.get(rule));
        RuleResult {
            rule_id: Arc::clone(&node.rule_id),
            description: description.map_or_else(|| Arc::from(""), Arc::clone),
            status,
            message: String::new(),
            code: None,
            params: BTreeMap::new(),
            fields: Vec::new(),
            indeterminate: false,
            execution_time_ms: 0.0,
            children: Vec::new(),
        }
    }

    fn below(&self, node: &Node, parent: &RuleResult) -> RuleResult {
        let mut result = self.empty(node, Status::Norun);
        result.code = Some("parent".to_owned());
        result.message = format!("not run: its parent `{}` is {}", parent.rule_id, parent.status);
        result
    }

    fn parked(&self, node: &Node) -> RuleResult {
        let mut result = self.empty(node, Status::Error);
        result.code = Some("parked".to_owned());
        result.indeterminate = true;
        let most = self.context.request.run.park_after;
        result.message = format!("not run: the rule has failed on {most} records of this request");
        result
    }

    fn result(&self, node: &Node, place: usize, outcome: &NodeOutcome) -> RuleResult {
        let status = outcome.statuses.get(self.row as usize).copied().unwrap_or(Status::Error);
        let mut result = self.empty(node, status);
        result.execution_time_ms = outcome.time;
        let inputs = self.inputs(place);
        let mut more = 0u32;
        for (count, why) in outcome.reasons(self.row).enumerate() {
            if count < MAX_FINDINGS {
                self.explain(&mut result, node, place, inputs, why);
            } else {
                more += 1;
            }
        }
        if more > 0 {
            push(&mut result.message, &format!("; and {more} more"));
        }
        result
    }

    /// Adds one reason to a result.
    fn explain(&self, result: &mut RuleResult, node: &Node, place: usize, inputs: &[Input], why: &Why) {
        if !result.message.is_empty() {
            push(&mut result.message, "; ");
        }
        let code = match why {
            Why::Finding(finding) => {
                self.finding(result, place, inputs, finding);
                return;
            }
            Why::Fault(fault) => {
                result.indeterminate = fault.is_indeterminate();
                push(&mut result.message, &format!("the rule {fault}{}", self.alone(*fault)));
                fault.code()
            }
            Why::Parked => {
                *result = self.parked(node);
                return;
            }
            Why::Host => {
                result.indeterminate = true;
                push(&mut result.message, "the host could not run the rule; its log says why");
                "host"
            }
            Why::Parent => return,
            Why::Blocked(Blocked::WrongKind(input)) => {
                if let Some(input) = inputs.get(*input) {
                    let value = self.field(place, inputs, input);
                    let token = value.as_ref().and_then(|field| field.value.as_deref()).unwrap_or(ABSENT);
                    push(&mut result.message, &format!("`{input}` is {token}, which is no {}", input.kind));
                    result.fields.extend(value);
                }
                "input_kind"
            }
            Why::Blocked(Blocked::Absent(input)) => {
                if let Some(input) = inputs.get(*input) {
                    push(&mut result.message, &format!("not run: {}", self.absence(place, inputs, input)));
                    result.fields.extend(self.field(place, inputs, input));
                }
                "input_absent"
            }
            Why::Unknown => {
                push(
                    &mut result.message,
                    &format!("not run: no component of the release has a rule `{}`", node.rule_id),
                );
                "unknown_rule"
            }
            Why::OtherEntity => {
                let declared = match self.judged.prepared.steps.get(place).map(|step| &step.runner) {
                    Some(Runner::OtherEntity { declared }) => declared.as_str(),
                    _ => "another",
                };
                push(&mut result.message, &format!("not run: the rule judges records of the type `{declared}`"));
                "other_entity_type"
            }
            Why::Schema { pointer, reason, code } => {
                match pointer.as_deref() {
                    None | Some("") => push(&mut result.message, reason),
                    Some(pointer) => push(&mut result.message, &format!("{pointer}: {reason}")),
                }
                if let Some(pointer) = pointer {
                    result.fields.push(FieldResult {
                        name: String::new(),
                        pointer: Some(pointer.clone()),
                        value: None,
                    });
                }
                code
            }
        };
        result.code.get_or_insert_with(|| code.to_owned());
    }

    /// What makes a fault the record's own: it was found with nothing else in the call.
    fn alone(&self, fault: Fault) -> &'static str {
        match (fault.can_be_halved(), self.context.request.run.isolation) {
            (true, Isolation::Chunk | Isolation::Record) => " on this record alone",
            (false, _) => "",
        }
    }

    fn absence(&self, place: usize, inputs: &[Input], input: &Input) -> String {
        let term = self.column(place, inputs, input).and_then(|column| self.judged.prepared.plan.source(column));
        if let Some(Source::Related(term)) = term {
            let bad = self.judged.bad_related.iter().find(|(row, place, _)| *row == self.row && *place == term);
            if let Some((_, _, reason)) = bad {
                return reason.clone();
            }
        }
        format!("`{input}` is absent")
    }

    fn finding(&self, result: &mut RuleResult, place: usize, inputs: &[Input], finding: &Finding) {
        let param = |name: &str| finding.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let input = |name: &str| inputs.iter().find(|input| is_called(input, name));
        fill(&mut result.message, &finding.message, |name| {
            let input = input(name).map(|input| self.token(place, inputs, input).unwrap_or(ABSENT));
            input.or_else(|| param(name))
        });
        if result.code.is_none() {
            result.code.clone_from(&finding.code);
        }
        result.params.extend(finding.params.iter().cloned());
        for &index in &finding.inputs {
            let Some(input) = inputs.get(index as usize) else { continue };
            let field = self.field(place, inputs, input);
            result.fields.extend(field.filter(|field| !result.fields.contains(field)));
        }
    }

    fn inputs(&self, place: usize) -> &'a [Input] {
        match self.judged.prepared.steps.get(place).map(|step| &step.runner) {
            Some(Runner::Component { component, rule }) => {
                let declaration = self.context.release.declaration(*component, *rule);
                declaration.map(|declaration| &*declaration.inputs).unwrap_or_default()
            }
            _ => &[],
        }
    }

    fn column(&self, place: usize, inputs: &[Input], input: &Input) -> Option<ColumnId> {
        let index = inputs.iter().position(|other| std::ptr::eq(other, input))?;
        self.judged.prepared.steps.get(place)?.columns.get(index).copied()
    }

    /// The text that a column's spans point into, and where its values lie in it.
    fn source(&self, column: ColumnId) -> Option<(&'a str, Option<String>)> {
        let plan = &self.judged.prepared.plan;
        match plan.source(column)? {
            Source::Record => Some((self.text, plan.pointer(column).map(str::to_owned))),
            Source::Now => None,
            Source::Related(place) => {
                let term = plan.terms().nth(place)?;
                let associated = self.context.request.associated.as_deref()?;
                let text = associated.get(&self.record.id, term)?;
                let entities = &self.judged.entities;
                let found = entities.binary_search_by_key(&(self.row, place), |(row, term, _)| (*row, *term)).ok()?;
                let (_, _, related) = entities.get(found)?;
                Some((text, related.pointer(plan, column).map(str::to_owned)))
            }
        }
    }

    fn token(&self, place: usize, inputs: &[Input], input: &Input) -> Option<&'a str> {
        let column = self.column(place, inputs, input)?;
        let (text, _) = self.source(column)?;
        let span: Span = self.judged.chunk.span(self.row, column);
        TokenView::new("", None, text, span).value
    }

    fn field(&self, place: usize, inputs: &[Input], input: &Input) -> Option<FieldResult> {
        let column = self.column(place, inputs, input)?;
        let (text, pointer) = self.source(column)?;
        let span = self.judged.chunk.span(self.row, column);
        let value = TokenView::new("", None, text, span).value.map(str::to_owned);
        Some(FieldResult { name: input.to_string(), pointer, value })
    }
}

/// Whether a placeholder names an input: `principal`, or `parent.limit` for a field of a related entity.
fn is_called(input: &Input, name: &str) -> bool {
    match &input.of {
        None => input.name == name,
        Some(term) => name.split_once('.').is_some_and(|(of, field)| of == term && field == input.name),
    }
}
