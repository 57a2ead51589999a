//! The related entities of a record, each read through a field map of its own.

use std::sync::Arc;

use super::Context;
use super::window::text_of;
use crate::extract::{Related, RelatedPlan};
use crate::json::Scratch;
use crate::prepared::{ENTITY_TYPE, Prepared, SCHEMA};

/// Why nothing can be read behind a term.
#[derive(Clone, Debug)]
pub(super) struct BadRelated {
    /// The term, by its place in the plan.
    pub(super) term: usize,
    pub(super) reason: String,
}

/// What stands behind the terms of one record, and how it is read.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// One for each term.
    entities: Vec<Option<(Arc<RelatedPlan>, &'a str)>>,
    pub(super) bad: Vec<BadRelated>,
}

/// Finds what stands behind the terms that rules name. What cannot be read counts as not there, with the reason.
pub(super) fn find<'a>(context: &'a Context, prepared: &Prepared, id: &str, scratch: &mut Scratch) -> Found<'a> {
    let mut found = Found::default();
    for (place, term) in prepared.plan.terms().enumerate() {
        let entity = match resolve(context, prepared, (place, term), id, scratch) {
            Ok(entity) => Some(entity),
            Err(reason) => {
                found.bad.push(BadRelated { term: place, reason });
                None
            }
        };
        found.entities.push(entity);
    }
    found
}

impl Found<'_> {
    /// How the entities that were found are read, with their terms.
    pub(super) fn plans(&self) -> impl Iterator<Item = (usize, &Arc<RelatedPlan>)> {
        let plans = self.entities.iter().enumerate();
        plans.filter_map(|(term, entity)| entity.as_ref().map(|(plan, _)| (term, plan)))
    }

    /// Reads the entities. There must be a buffer for each.
    pub(super) fn read<'s>(&'s self, scratches: &'s mut Vec<Scratch>, context: &Context) -> Vec<Related<'s>> {
        scratches.resize_with(self.entities.len().max(scratches.len()), || Scratch::new(context.request.max_record));
        let read = self.entities.iter().zip(scratches).map(|(entity, scratch)| match entity {
            // Read once already, so there is nothing left that could be wrong.
            Some((plan, text)) => plan.scan(text.as_bytes(), scratch).unwrap_or(Related::Absent),
            None => Related::Absent,
        });
        read.collect()
    }
}

fn resolve<'a>(
    context: &'a Context,
    prepared: &Prepared,
    (place, term): (usize, &str),
    id: &str,
    scratch: &mut Scratch,
) -> Result<(Arc<RelatedPlan>, &'a str), String> {
    let given = context.request.associated.as_deref().and_then(|associated| associated.get(id, term));
    let text = given.ok_or_else(|| format!("no `{term}` was given for this record"))?;
    let release = &context.release;
    let map = if text.trim_start().starts_with('[') {
        // A list is read as a whole, without a field map.
        None
    } else {
        let scanned = context.first_look.scan(text.as_bytes(), scratch);
        let tokens = scanned.map_err(|error| format!("`{term}` is malformed: {error}"))?;
        let schema = text_of(&tokens, SCHEMA).map_err(|reason| format!("the `$schema` of `{term}`: {reason}"))?;
        let own = text_of(&tokens, ENTITY_TYPE).map_err(|reason| format!("the `entity_type` of `{term}`: {reason}"))?;
        let map = release.router.field_map_of(schema.as_deref(), own.as_deref());
        Some(map.map_err(|error| format!("`{term}`: {error}"))?)
    };
    let plan = prepared.related(release, (place, term), map).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(|error| format!("{error}: {}", error.mismatch)).collect();
        format!("`{term}`: {}", errors.join("; "))
    })?;
    plan.map(|plan| (plan, text)).ok_or_else(|| format!("`{term}` has no field map"))
}
