//! The errors of a publisher, by what can be done about them.

mod edit;
mod plan;
mod read;
mod signing;

pub use edit::EditError;
pub use plan::PlanError;
pub use read::ReadError;
pub use signing::SigningError;
