//! The nouns of Jurat: what a rule declares, what it is given, what it may use, and what it answers.
//!
//! Everything here is plain data. Nothing reads a file, a clock or the environment, and nothing knows how a rule is run: the
//! same types describe a rule in a sandbox and one that is compiled into the program.
#![forbid(unsafe_code)]

mod blame;
mod call_context;
pub mod columns;
mod component;
mod declaration;
mod fault;
mod limits;
pub mod reply;
mod verdict;

pub use blame::Blame;
pub use call_context::{CallContext, CorrelationId, CorrelationIdError, TraceContext, TraceContextError};
pub use component::{Component, Evaluation, HostFailure, Isolation, Run, Session, Usage, Worker};
pub use declaration::{Declaration, Input, Kind, NOW};
pub use fault::Fault;
pub use limits::{Bytes, Limits, ParseBytesError};
pub use verdict::{Finding, Status, Verdicts};
