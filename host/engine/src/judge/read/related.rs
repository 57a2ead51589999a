//! Finds the related entities of a record, and reads each through its own field map.

use std::sync::Arc;

use jurat_model::Bytes;

use super::rows::Unreadable;
use crate::extract::{PlanError, Related, RelatedPlan};
use crate::json::Scratch;
use crate::judge::context::Context;
use crate::judge::fetch::Answers;
use crate::judge::identity;
use crate::release::Prepared;
use crate::routing::RouteError;
use crate::supplier::{EntitySource, Supplied};

/// The buffers for reading related entities, which the next record uses again.
pub(super) struct Buffers {
    max_record: Bytes,
    /// To read what an entity says of itself, before its field map is known.
    first: Scratch,
    /// One for each term.
    terms: Vec<Scratch>,
}

/// A record with everything that may give its related entities.
#[derive(Clone, Copy)]
pub(in crate::judge) struct Known<'a> {
    pub(in crate::judge) context: &'a Context,
    pub(in crate::judge) answers: &'a Answers,
    /// The record's index in the window.
    pub(in crate::judge) record: u32,
    pub(in crate::judge) id: Option<&'a str>,
}

/// The related entities of one record, one for each of the plan's terms: its text and how it is read, or why there is nothing
/// to read.
pub(super) struct Found<'a>(pub(super) Vec<Result<(Arc<RelatedPlan>, &'a str), Unreadable>>);

impl Buffers {
    pub(super) fn new(max_record: Bytes) -> Self {
        Self { max_record, first: Scratch::new(max_record), terms: Vec::new() }
    }
}

/// Finds the entities of the terms that rules name.
pub(super) fn find<'a>(known: Known<'a>, prepared: &Prepared, buffers: &mut Buffers) -> Found<'a> {
    let terms = prepared.plan.terms().enumerate();
    Found(terms.map(|term| resolve(known, prepared, term, &mut buffers.first)).collect())
}

impl<'a> Known<'a> {
    /// The text of a term's entity, by the term's index in the plan and its name. The request takes precedence over the supplier.
    pub(in crate::judge) fn text(&self, (index, term): (usize, &str)) -> Result<&'a str, Unreadable> {
        match self.given(term) {
            Some("null") => return Err(Unreadable::NotGiven),
            Some(text) => return Ok(text),
            None => {}
        }
        match self.answers.get(self.record, index) {
            None => Err(Unreadable::NotGiven),
            Some(Supplied::Unavailable { code, reason, cause }) => {
                Err(Unreadable::Unavailable { code, reason: Arc::clone(reason), cause: *cause })
            }
            Some(Supplied::Entity { text, .. }) => match text.trim_matches([' ', '\t', '\n', '\r']) {
                "null" => Err(Unreadable::Missing),
                text => Ok(text),
            },
        }
    }

    /// The source of a term's text, and whether it is older than it should be.
    pub(in crate::judge) fn source(&self, (index, term): (usize, &str)) -> (EntitySource, bool) {
        match (self.given(term), self.answers.get(self.record, index)) {
            (None, Some(Supplied::Entity { is_cached: true, is_stale, .. })) => (EntitySource::Cache, *is_stale),
            (None, Some(Supplied::Entity { is_stale, .. })) => (EntitySource::Service, *is_stale),
            _ => (EntitySource::Request, false),
        }
    }

    /// The text that the request gives for a term.
    fn given(&self, term: &str) -> Option<&'a str> {
        self.context.options.associated.as_deref()?.get(self.id, term)
    }
}

impl Found<'_> {
    /// Reads the entities.
    pub(super) fn read<'s>(&'s self, buffers: &'s mut Buffers) -> Vec<Related<'s>> {
        let Buffers { max_record, terms, .. } = buffers;
        terms.resize_with(self.0.len().max(terms.len()), || Scratch::new(*max_record));
        let read = self.0.iter().zip(terms).map(|(found, scratch)| match found {
            Ok((plan, text)) => {
                let read = plan.scan(text.as_bytes(), scratch);
                debug_assert!(read.is_ok(), "finding the entity has read it once");
                read.unwrap_or(Related::Absent)
            }
            Err(_) => Related::Absent,
        });
        read.collect()
    }
}

/// Several reasons why inputs do not fit a field map, in bounded words.
pub(super) fn mismatch(errors: &[PlanError]) -> String {
    const SHOWN: usize = 3;
    let mut words: Vec<_> = errors.iter().take(SHOWN).map(|error| format!("{error}: {}", error.mismatch)).collect();
    if errors.len() > SHOWN {
        words.push(format!("and {} more", errors.len() - SHOWN));
    }
    words.join("; ")
}

fn resolve<'a>(
    known: Known<'a>,
    prepared: &Prepared,
    term: (usize, &str),
    scratch: &mut Scratch,
) -> Result<(Arc<RelatedPlan>, &'a str), Unreadable> {
    let text = known.text(term)?;
    let malformed = match known.given(term.1) {
        Some(_) => Unreadable::MalformedInput,
        None => Unreadable::MalformedAnswer,
    };
    let plan = read_with(known.context, prepared, term, text, scratch).map_err(malformed)?;
    Ok((plan, text))
}

/// How the text of a term's entity is read, if it can be read.
fn read_with(
    context: &Context,
    prepared: &Prepared,
    (index, term): (usize, &str),
    text: &str,
    scratch: &mut Scratch,
) -> Result<Arc<RelatedPlan>, String> {
    let is_list = text.starts_with('[');
    // A list is read as a whole, without a field map.
    let map = if is_list { None } else { Some(field_map(context, term, text, scratch)?) };
    let plan = prepared.related(&context.release, (index, term), map);
    let plan = plan.map_err(|errors| format!("`{term}`: {}", mismatch(&errors)))?;
    let plan = plan.ok_or_else(|| format!("no rule reads `{term}`"))?;
    if is_list {
        plan.scan(text.as_bytes(), scratch).map_err(|error| format!("`{term}` is malformed: {error}"))?;
    }
    Ok(plan)
}

/// The field map of a term's entity, by what the entity says of itself.
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
