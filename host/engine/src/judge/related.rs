//! The related entities of a record, each read through a field map of its own.

use std::sync::Arc;

use jurat_model::Bytes;

use super::Context;
use super::group::mismatch;
use super::identity;
use crate::extract::{Related, RelatedPlan};
use crate::json::Scratch;
use crate::prepared::Prepared;
use crate::routing::RouteError;

/// What reading related entities needs, and what the next record can use again.
pub(super) struct Buffers {
    max_record: Bytes,
    /// For looking at an entity before its field map is known.
    first: Scratch,
    /// One for each term.
    terms: Vec<Scratch>,
}

/// What stands behind each of the plan's terms for one record: its text and how it is read, or why nothing can be read.
pub(super) struct Found<'a>(pub(super) Vec<Result<(Arc<RelatedPlan>, &'a str), String>>);

impl Buffers {
    pub(super) fn new(max_record: Bytes) -> Self {
        Self { max_record, first: Scratch::new(max_record), terms: Vec::new() }
    }
}

/// Finds what stands behind the terms that rules name, for the record with the given id.
pub(super) fn find<'a>(
    context: &'a Context,
    prepared: &Prepared,
    id: Option<&str>,
    buffers: &mut Buffers,
) -> Found<'a> {
    let terms = prepared.plan.terms().enumerate();
    Found(terms.map(|term| resolve(context, prepared, term, id, &mut buffers.first)).collect())
}

impl Found<'_> {
    /// Reads the entities.
    pub(super) fn read<'s>(&'s self, buffers: &'s mut Buffers) -> Vec<Related<'s>> {
        let Buffers { max_record, terms, .. } = buffers;
        terms.resize_with(self.0.len().max(terms.len()), || Scratch::new(*max_record));
        let read = self.0.iter().zip(terms).map(|(found, scratch)| match found {
            // Read once already, so there is nothing left that could be wrong.
            Ok((plan, text)) => plan.scan(text.as_bytes(), scratch).unwrap_or(Related::Absent),
            Err(_) => Related::Absent,
        });
        read.collect()
    }
}

fn resolve<'a>(
    context: &'a Context,
    prepared: &Prepared,
    (place, term): (usize, &str),
    id: Option<&str>,
    scratch: &mut Scratch,
) -> Result<(Arc<RelatedPlan>, &'a str), String> {
    let given = id.and_then(|id| context.request.associated.as_deref()?.get(id, term));
    let text = given.filter(|text| *text != "null").ok_or_else(|| format!("no `{term}` was given for this record"))?;
    let is_list = text.starts_with('[');
    // A list is read as a whole, without a field map.
    let map = if is_list { None } else { Some(field_map(context, term, text, scratch)?) };
    let plan = prepared.related(&context.release, (place, term), map);
    let plan = plan.map_err(|errors| format!("`{term}`: {}", mismatch(&errors)))?;
    let plan = plan.ok_or_else(|| format!("no rule reads `{term}`"))?;
    if is_list {
        plan.scan(text.as_bytes(), scratch).map_err(|error| format!("`{term}` is malformed: {error}"))?;
    }
    Ok((plan, text))
}

/// The field map of the entity behind a term, by what the entity says of itself.
fn field_map(context: &Context, term: &str, text: &str, scratch: &mut Scratch) -> Result<usize, String> {
    let scanned = context.first_look.scan(text.as_bytes(), scratch);
    let tokens = scanned.map_err(|error| format!("`{term}` is malformed: {error}"))?;
    let schema = identity::schema(&tokens).map_err(|_| format!("the `$schema` of `{term}` must be a text"))?;
    let own = identity::entity_type(&tokens);
    let known = own.as_ref().ok().and_then(Option::as_deref);
    let map = context.release.router.field_map_of(schema.as_deref(), known);
    map.map_err(|error| match error {
        RouteError::NoEntityType if own.is_err() => format!("the `entity_type` of `{term}` must be a text"),
        RouteError::NoEntityType => format!("`{term}` has neither a `$schema` nor an `entity_type`"),
        error => format!("`{term}`: {error}"),
    })
}
