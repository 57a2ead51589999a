//! A release that is ready to judge.

mod captures;
mod content;
mod load;
mod prepare;
mod prepared;
mod problem;
mod vouched;

pub(crate) use captures::{ENTITY_TYPE, FIRST_ID, SCHEMA, USUAL_ID_FIELDS, first_look};
pub use content::Release;
pub(crate) use prepared::{PlanKey, Prepared, Runner, Stage, Step};
pub use problem::ReleaseProblem;
pub use vouched::VouchedRelease;
