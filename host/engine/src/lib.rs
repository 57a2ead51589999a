//! Judges records: from their text to one result for each.
//!
//! A [`Release`] holds the content of a verified release: rulesets, field maps, schemas and the rules of its components.
//! [`judge`](judge()) takes a text with records and hands over their results in order. [`judge_windows`] does so for any amount of
//! input, in constant memory. [`judge_one`] judges one record, and [`submit_one`] does so while the caller goes on.
//!
//! 1. [`json`] finds the records and reads each once. [`routing`] finds its rules and its field map.
//! 2. A [`Supplier`] fetches the related entities that those rules need and the request does not give.
//! 3. [`extract`] converts the fields that those rules declare and lays them into columns.
//! 4. Every rule judges the rows that its parent and its inputs leave it, many at a time, on one of the [`Workers`].
//! 5. Outcomes become [`results`], nested as the ruleset nests its rules.
//!
//! The engine does not know how rules are run: it sees [`jurat_model::Component`], which the sandbox implements. It is
//! synchronous and reads no file and no environment. A supplier may, before rules run. The [`Request`] gives the time of the run;
//! clocks only measure durations.
#![forbid(unsafe_code)]

mod associated;
pub mod convert;
mod discover;
mod error_kind;
mod excerpt;
pub mod extract;
pub mod field_map;
mod footprint;
pub mod json;
mod judge;
mod release;
pub mod results;
pub mod rounding;
pub mod routing;
pub mod ruleset;
pub mod schema;
pub mod schema_url;
mod supplier;
mod unique;
mod workers;

pub use associated::{Associated, AssociatedError};
pub use discover::{DiscoveredRule, DiscoveredRuleset, RulesetStats};
pub use error_kind::EngineErrorKind;
pub use excerpt::{Excerpt, nearest};
pub use footprint::Footprint;
pub use judge::{
    CallTiming, ChunkTiming, FetchTiming, JudgeError, JudgedInput, JudgedOne, JudgedRecord, JudgedResults, JudgedRule,
    JudgedWindow, RecordItem, RecordSource, RelatedEntity, Request, RuleUsage, Sample, Timing, WindowObserver, judge,
    judge_one, judge_windows, submit_one,
};
pub use release::{Release, ReleaseProblem, VouchedRelease};
pub use supplier::{
    EntitySource, Supplied, Supplier, TERM_MALFORMED, TERM_MISSING, TERM_TOO_LARGE, UNANSWERED, UnavailableCause,
    Wanted,
};
pub use unique::Unique;
pub use workers::{QueueLoad, TenantQueue, Workers};
