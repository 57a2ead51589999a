//! A record as a tree that lies flat: one list of values, in the order of the text.
//!
//! The schema check asks for members and items in its own order, which one pass over the text cannot answer. The tree is built
//! for that from text that [`scan`](super::scan) has accepted: numbers and text stay in the record, and
//! only what is escaped is written out, into one buffer. Nothing is allocated once the buffers of [`TreeScratch`] have grown to
//! the size of the records.
//!
//! A member is found by going through its object, and in an object of more than `FEW` members by halving a sorted index: no
//! object makes a look-up cost more than the logarithm of its size.

mod branch;
mod cursor;
mod entry;
mod read;

pub(crate) use branch::{Branch, Shape, Tree};
pub(crate) use entry::{Kind, TreeError, TreeScratch};

#[cfg(test)]
mod tests;
