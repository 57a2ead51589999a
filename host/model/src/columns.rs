//! Records as columns: what crosses into a rule.
//!
//! A [`Batch`] borrows what it can. Cutting a range of rows out of one copies only bitmaps and text offsets, never values;
//! picking single rows copies those rows. A row without a value holds zero or an empty text.

mod builder;
mod column;

pub use builder::{ColumnBuilder, TextTooLong};
pub use column::{Batch, Column, Decimals, Texts, Values};

#[cfg(test)]
mod tests;
