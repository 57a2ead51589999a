//! How often subschemas can meet one value of a record, and what that costs: counted before any record is seen.
//!
//! A subschema is applied to a value together with all that it applies in place, directly or not: they form its *group*. The
//! members of a group apply further subschemas to the values inside. Going down level by level, the costs of all members are
//! added up for each member name and each item position, and the most expensive name or position counts for its level.

mod again;
mod group;
mod levels;
mod value;

pub(super) use levels::{Levels, measure, steps_per_byte};

#[cfg(test)]
mod tests;
