//! What authors of rules use, as they use it.

mod batches;
mod findings;
mod migrated;
mod ui;
