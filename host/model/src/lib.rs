//! The nouns of Jurat: what a rule declares, what it is given, what it may use, and what it answers.
//!
//! Everything here is plain data. Nothing reads a file, a clock or the environment, and nothing knows how a rule is run: the
//! same types describe a rule in a sandbox and one that is compiled into the program.
#![forbid(unsafe_code)]

mod blame;
mod call_context;
mod chain;
pub mod columns;
mod component;
mod declaration;
mod excerpt;
mod fault;
mod key_path;
mod limits;
mod pause;
pub mod reply;
mod secret;
mod verdict;

pub use blame::Blame;
pub use call_context::{CallContext, CorrelationId, CorrelationIdError, TraceContext, TraceContextError};
pub use chain::chain;
pub use component::{
    Component, EvaluateError, Evaluation, Guilt, GuiltyRow, HostFailure, Isolation, Run, Session, Suspension, Usage,
    Worker,
};
pub use declaration::{Declaration, Input, Kind, NOW};
pub use excerpt::{Excerpt, advice, nearest};
pub use fault::Fault;
pub use key_path::KeyPath;
pub use limits::{Bytes, FuelSchedule, Limits, ParseBytesError};
pub use pause::{Abandoned, Cancellation, NoPause, Pause, TooLarge};
pub use secret::Secret;
pub use verdict::{Finding, Status, Verdicts};
