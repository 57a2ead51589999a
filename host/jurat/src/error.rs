//! Why a service is not opened, and why a call gives no results: typed causes, and who can fix each.

mod call;
mod held;
mod kind;
mod open;

pub use call::CallError;
pub use held::Held;
pub use kind::CallErrorKind;
pub use open::{CoordinationConfigError, HttpSetupError, OpenError};
