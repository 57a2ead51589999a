//! Judges records: from their text to one result for each.
//!
//! A [`Release`] holds everything that a verified release says: rulesets, field maps, schemas and the rules of its components.
//! [`judge`](judge()) takes a text with records and hands over their results in order.
//!
//! 1. [`json`] tells the records apart and reads each once; [`routing`] finds its rules and its field map;
//! 2. [`extract`] converts the fields that those rules declare and lays them into columns;
//! 3. every rule judges the rows that its parent and its inputs leave it, many at a time, on one of the [`Workers`];
//! 4. outcomes become [`results`], nested as the ruleset nests its rules.
//!
//! The engine does not know how rules are run: it sees [`jurat_model::Component`], which the sandbox implements. It is
//! synchronous and reads no file and no environment. The time of a run comes with the [`Request`]; a clock is only read to tell how
//! long a check took.
#![forbid(unsafe_code)]

mod associated;
pub mod convert;
mod excerpt;
pub mod extract;
pub mod field_map;
pub mod json;
mod judge;
mod prepared;
mod release;
pub mod results;
pub mod routing;
pub mod ruleset;
pub mod schema;
pub mod schema_url;
mod workers;

pub use associated::{Associated, AssociatedError};
pub use excerpt::{Excerpt, nearest};
pub use judge::{JudgeError, Request, judge};
pub use release::{Release, ReleaseProblem};
pub use workers::Workers;
