//! The related entities of a record, as an observer sees them.

use super::row::Row;
use crate::supplier::EntitySource;

/// The entity of one term that rules of a record name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RelatedEntity<'a> {
    /// It was there.
    Available {
        /// The term.
        term: &'a str,
        /// The entity, or a list of entities, as JSON.
        text: &'a str,
        /// Its source.
        source: EntitySource,
        /// Whether it was older than it should be.
        is_stale: bool,
    },
    /// It was not.
    Unavailable {
        /// The term.
        term: &'a str,
        /// The code of the rules that require it.
        code: &'static str,
    },
}

/// The entities of all terms that rules of the record name.
pub(super) fn related<'a>(row: &Row<'a>) -> impl Iterator<Item = RelatedEntity<'a>> + use<'a> {
    let (known, chunk, number) = (row.known(), row.chunk, row.row);
    let terms = chunk.prepared.plan.terms().enumerate();
    terms.map(move |(index, term)| match (chunk.related.reason(number, index), known.text((index, term))) {
        (None, Ok(text)) => {
            let (source, is_stale) = known.source((index, term));
            RelatedEntity::Available { term, text, source, is_stale }
        }
        (Some(reason), _) => RelatedEntity::Unavailable { term, code: reason.code() },
        (None, Err(reason)) => RelatedEntity::Unavailable { term, code: reason.code() },
    })
}
