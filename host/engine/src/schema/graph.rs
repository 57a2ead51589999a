//! A schema as a graph: which subschema applies which others, to the same value or to the values inside it.

mod draft;
mod reader;
mod subschema;
mod value;

pub(super) use draft::Draft;
pub(super) use reader::read;
pub(super) use subschema::{Graph, Own, Subschema};
