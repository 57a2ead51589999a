//! The related entities of a record, each read through a field map of its own.

use std::sync::Arc;

use jurat_model::Bytes;

use super::context::Context;
use super::group::mismatch;
use super::identity;
use super::supply::Answers;
use crate::extract::{Related, RelatedPlan};
use crate::json::Scratch;
use crate::prepared::Prepared;
use crate::routing::RouteError;
use crate::supplier::{Supplied, TERM_MALFORMED, TERM_MISSING};

/// What reading related entities needs, and what the next record can use again.
pub(super) struct Buffers {
    max_record: Bytes,
    /// For looking at an entity before its field map is known.
    first: Scratch,
    /// One for each term.
    terms: Vec<Scratch>,
}

/// What is known of one record, its window and its request: all that says what stands behind a term.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) context: &'a Context,
    pub(super) answers: &'a Answers,
    /// The record's place in the window.
    pub(super) record: u32,
    pub(super) id: Option<&'a str>,
}

/// What stands behind each of the plan's terms for one record: its text and how it is read, or why nothing can be read.
pub(super) struct Found<'a>(pub(super) Vec<Result<(Arc<RelatedPlan>, &'a str), Unreadable>>);

/// Why nothing can be read behind a term.
#[derive(Clone, Debug)]
pub(super) enum Unreadable {
    /// It did not come with the request, and nobody was asked.
    NotGiven,
    /// Whoever was asked says that there is none.
    Missing,
    /// Whoever was asked does not have it.
    Unavailable { code: &'static str, reason: Arc<str>, is_momentary: bool },
    /// What came with the request makes no sense.
    MalformedInput(String),
    /// What whoever was asked says makes no sense.
    MalformedAnswer(String),
}

impl Buffers {
    pub(super) fn new(max_record: Bytes) -> Self {
        Self { max_record, first: Scratch::new(max_record), terms: Vec::new() }
    }
}

/// Finds what stands behind the terms that rules name.
pub(super) fn find<'a>(known: Known<'a>, prepared: &Prepared, buffers: &mut Buffers) -> Found<'a> {
    let terms = prepared.plan.terms().enumerate();
    Found(terms.map(|term| resolve(known, prepared, term, &mut buffers.first)).collect())
}

impl<'a> Known<'a> {
    /// The text behind a term, given by its place in the plan and its name. What came with the request goes first.
    pub(super) fn text(&self, (place, term): (usize, &str)) -> Result<&'a str, Unreadable> {
        match self.given(term) {
            Some("null") => return Err(Unreadable::NotGiven),
            Some(text) => return Ok(text),
            None => {}
        }
        match self.answers.get(self.record, place) {
            None => Err(Unreadable::NotGiven),
            Some(Supplied::Unavailable { code, reason, is_momentary }) => {
                Err(Unreadable::Unavailable { code, reason: Arc::clone(reason), is_momentary: *is_momentary })
            }
            Some(Supplied::Entity { text, .. }) => match text.trim_matches([' ', '\t', '\n', '\r']) {
                "null" => Err(Unreadable::Missing),
                text => Ok(text),
            },
        }
    }

    /// What came with the request for a term.
    fn given(&self, term: &str) -> Option<&'a str> {
        self.context.request.associated.as_deref()?.get(self.id, term)
    }
}

impl Unreadable {
    /// The code of the rules that cannot do without.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotGiven | Self::MalformedInput(_) => "input_absent",
            Self::MalformedAnswer(_) => TERM_MALFORMED,
            Self::Missing => TERM_MISSING,
            Self::Unavailable { code, .. } => code,
        }
    }

    /// Whether it may be otherwise at another moment.
    pub(super) fn is_momentary(&self) -> bool {
        match self {
            Self::Unavailable { is_momentary, .. } => *is_momentary,
            Self::NotGiven | Self::Missing | Self::MalformedInput(_) | Self::MalformedAnswer(_) => false,
        }
    }

    /// The reason in words.
    pub(super) fn words(&self, term: &str) -> String {
        match self {
            Self::NotGiven => format!("no `{term}` was given for this record"),
            Self::Missing => format!("there is no `{term}` for this record"),
            Self::Unavailable { reason, .. } => format!("`{term}` is not available: {reason}"),
            Self::MalformedInput(reason) | Self::MalformedAnswer(reason) => reason.clone(),
        }
    }
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

/// How the text behind a term is read, if it makes sense.
fn read_with(
    context: &Context,
    prepared: &Prepared,
    (place, term): (usize, &str),
    text: &str,
    scratch: &mut Scratch,
) -> Result<Arc<RelatedPlan>, String> {
    let is_list = text.starts_with('[');
    // A list is read as a whole, without a field map.
    let map = if is_list { None } else { Some(field_map(context, term, text, scratch)?) };
    let plan = prepared.related(&context.release, (place, term), map);
    let plan = plan.map_err(|errors| format!("`{term}`: {}", mismatch(&errors)))?;
    let plan = plan.ok_or_else(|| format!("no rule reads `{term}`"))?;
    if is_list {
        plan.scan(text.as_bytes(), scratch).map_err(|error| format!("`{term}` is malformed: {error}"))?;
    }
    Ok(plan)
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
