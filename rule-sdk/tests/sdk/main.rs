//! What authors of rules use, as they use it.

mod batches;
mod findings;
mod json;
mod migrated;
mod ui;
