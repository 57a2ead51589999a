//! Foreign text in messages: the names come from `jurat_model`.

pub use jurat_model::{Excerpt, nearest};
