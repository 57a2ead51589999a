//! Related entities that are fetched while a request is judged.

use std::fmt;
use std::sync::Arc;

/// Gets the related entities that a request does not bring along.
///
/// It is asked about at most 64 records at a time, on the thread that called [`judge`](crate::judge()), before the window to which
/// they belong is handed to the workers. It may block; rules never do. It is asked for nothing where no rule reads a related entity.
///
/// Its answers are checked like everything that comes from outside: a text that is not JSON, or not an entity, is one more reason
/// why a term is not available, with the code [`TERM_MALFORMED`], and nothing else.
///
/// # Limits
/// A text longer than the request's longest record is dropped at once. What is left is kept until its window has been handed over.
/// A window ends where it has brought more than 32 MiB, or all of those under way have brought more than 64 MiB, and no further one
/// is begun before there is less. So a request holds at most 64 MiB and what one more call brings: 64 records x their terms x the
/// longest record, which is 64 MiB for each term with records of 1 MiB. A text that answers several terms of a window counts
/// once. How long an answer takes, and how much of it is read, is for the supplier to bound.
pub trait Supplier: fmt::Debug + Send + Sync {
    /// Supplies the entities of the terms of some records: one answer for each of `wanted`, in their order, and in each one [`Supplied`]
    /// for each of its terms, in their order.
    ///
    /// Answers missing at the end of a list are not available at the moment, with the code [`UNANSWERED`]; surplus answers are
    /// ignored.
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>>;
}

/// The code of a term that a [`Supplier`] says nothing of.
pub const UNANSWERED: &str = "unanswered";

/// The code of a term behind which, as a [`Supplier`] says, there is nothing: `null`.
pub const TERM_MISSING: &str = "term_missing";

/// The code of a term behind which there is something that a [`Supplier`] should not have said: no JSON, no entity, a key twice, a
/// type that the release does not know.
pub const TERM_MALFORMED: &str = "term_malformed";

/// The code of a term whose text is longer than the request's longest record.
pub const TERM_TOO_LARGE: &str = "term_too_large";

/// The needs of one record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted<'a> {
    /// The entity type by which the record is judged.
    pub entity_type: &'a str,
    /// The record's own text: one JSON object.
    pub record: &'a str,
    /// The terms that rules for this record name, each once, without those that came with the request; at least one.
    pub terms: Vec<&'a str>,
}

/// The source of a related entity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EntitySource {
    /// It was given with the request.
    Request,
    /// The supplier had it in a cache.
    Cache,
    /// The supplier fetched it.
    Service,
}

/// The answer to one term of one record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Supplied {
    /// There is an answer.
    Entity {
        /// An entity, a list of entities, or `null`, as JSON.
        text: Arc<str>,
        /// Whether it comes from a cache, and was not fetched for this call.
        is_cached: bool,
        /// Whether it is older than it should be. Results of rules that read it say so.
        is_stale: bool,
    },
    /// It could not be had: rules that require it are not run, for others it is absent.
    Unavailable {
        /// A stable name for the reason; the code of the results.
        code: &'static str,
        /// The reason in words, as in `not run: "parent" is not available: <reason>`.
        reason: Arc<str>,
        /// What kind of reason it is.
        cause: UnavailableCause,
    },
}

/// Why a supplier does not have an entity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnavailableCause {
    /// There is none: that is the answer. A record without it may be good.
    NoEntity,
    /// There may be one, and asking again does not help: the answer is a refusal, or cannot be read. The record counts as one for which
    /// an entity could not be had.
    Failure,
    /// The same, but there was no answer, and at another moment there may be one. Results that depend on it are indeterminate.
    Outage,
}
