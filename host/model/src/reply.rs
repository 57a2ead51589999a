//! The checks of a reply that every version of the contract demands. No reply is used before it has passed them.
//!
//! It is here, and not where rules are run, because it does not depend on how: every [`Component`](crate::Component) of foreign
//! code needs it, and it can be tested on any reply without a rule that gives it.

use std::collections::HashSet;

use thiserror::Error;

use crate::columns::Batch;
use crate::{Declaration, Finding, Input, Kind, Verdicts};

const RULES: usize = 1_024;
const INPUTS: usize = 256;
const NAME_BYTES: usize = 64;
const DESCRIPTION_BYTES: usize = 1_024;
const ANNOTATIONS: usize = 64;
const ANNOTATION_BYTES: usize = 1_024;
/// Of one finding, before placeholders are filled in.
const MESSAGE_BYTES: usize = 4_096;
const FINDING_INPUTS: usize = 256;
const PARAMS: usize = 64;
const PARAM_BYTES: usize = 1_024;

/// How a reply breaks the contract.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{0}")]
pub struct Malformed(&'static str);

/// Checks what a component says of itself.
///
/// # Errors
/// When the contract does not allow it.
pub fn check_declarations(rules: &[Declaration]) -> Result<(), Malformed> {
    demand((1..=RULES).contains(&rules.len()), "a component has between 1 and 1,024 rules")?;
    let mut ids = HashSet::new();
    for rule in rules {
        demand(is_name(&rule.id), "a rule id is 1 to 64 letters, digits, `_`, `-` or `.`")?;
        demand(ids.insert(&rule.id), "two rules have the same id")?;
        demand(is_name(&rule.entity_type), "an entity type is 1 to 64 letters, digits, `_`, `-` or `.`")?;
        demand(rule.description.len() <= DESCRIPTION_BYTES, "a description is at most 1,024 bytes long")?;
        let annotations = &rule.annotations;
        demand(annotations.len() <= ANNOTATIONS, "a rule has at most 64 annotations")?;
        let fits = |(key, value): &(String, String)| key.len() <= ANNOTATION_BYTES && value.len() <= ANNOTATION_BYTES;
        demand(annotations.iter().all(fits), "an annotation is at most 1,024 bytes long")?;
        inputs(&rule.inputs)?;
    }
    Ok(())
}

fn inputs(inputs: &[Input]) -> Result<(), Malformed> {
    demand(inputs.len() <= INPUTS, "a rule has at most 256 inputs")?;
    let mut names = HashSet::new();
    for input in inputs {
        demand(is_word(&input.name), "an input's name is 1 to 64 letters, digits or `_`")?;
        demand(input.of.as_deref().is_none_or(is_word), "a term is 1 to 64 letters, digits or `_`")?;
        demand(names.insert((&input.of, &input.name)), "two inputs of a rule have the same name")?;
        demand(!input.is_now() || (input.kind == Kind::Timestamp && input.required), "`now` is a required timestamp")?;
    }
    Ok(())
}

/// Checks an answer against the batch that was asked about.
///
/// # Errors
/// When the contract does not allow it, or it does not fit the batch.
pub fn check_verdicts(verdicts: &Verdicts, batch: &Batch<'_>) -> Result<(), Malformed> {
    demand(verdicts.statuses.len() == batch.rows as usize, "there must be one status for each row")?;
    let mut findings = verdicts.findings.iter().peekable();
    for (row, status) in (0u32..).zip(&verdicts.statuses) {
        let mut count = 0;
        while let Some(found) = findings.next_if(|finding| finding.row == row) {
            finding(found, batch)?;
            count += 1;
        }
        demand(count > 0 || !status.needs_finding(), "a `warn`, `fail` or `error` needs a finding")?;
    }
    demand(findings.peek().is_none(), "findings must name rows of the batch, in rising order")
}

fn finding(finding: &Finding, batch: &Batch<'_>) -> Result<(), Malformed> {
    demand(finding.message.len() <= MESSAGE_BYTES, "a message is at most 4,096 bytes long")?;
    demand(finding.code.as_deref().is_none_or(is_name), "a code is 1 to 64 letters, digits, `_`, `-` or `.`")?;
    demand(finding.inputs.len() <= FINDING_INPUTS, "a finding names at most 256 inputs")?;
    let is_input = |&input: &u32| (input as usize) < batch.columns.len();
    demand(finding.inputs.iter().all(is_input), "a finding must name inputs of its rule")?;
    demand(finding.params.len() <= PARAMS, "a finding has at most 64 params")?;
    let fits = |(key, value): &(String, String)| key.len() <= PARAM_BYTES && value.len() <= PARAM_BYTES;
    demand(finding.params.iter().all(fits), "a param is at most 1,024 bytes long")
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// A name that can stand in a placeholder: `{of.name}`.
fn is_word(name: &str) -> bool {
    is_name(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn demand(holds: bool, rule: &'static str) -> Result<(), Malformed> {
    if holds { Ok(()) } else { Err(Malformed(rule)) }
}
