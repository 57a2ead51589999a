//! Signed, sandboxed rules for business records: the crate that an application embeds.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use jurat::{Compiler, Service, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = jiff::Timestamp::UNIX_EPOCH;
//! let settings = Settings::read(Path::new("local-config.yaml"))?;
//! let service = Service::open(&settings, Compiler::InProcess, now)?;
//!
//! let records = br#"[{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "LOAN-1"}]"#;
//! let summary = service.judge(&service.request("quick", now), records[..].into(), &mut |record| {
//!     println!("{}: {} results", record.entity_id, record.results.len());
//!     Ok(())
//! })?;
//! assert_eq!(summary.records, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Core concepts
//! - [`Settings`] say where the rules are, whom to trust and what rules may use.
//! - [`Service::open`] gets the release, checks every byte of it against signatures, and makes its rules ready in the sandbox.
//! - [`Service::judge`] judges records: JSON in, one [`RecordResult`] for each out, in order.
//! - [`author`] is the other side: it makes a release of its sources.
//!
//! Nothing here reads the environment or the clock; whoever embeds it brings the time along.
#![forbid(unsafe_code)]

pub mod author;
pub mod business_config;
pub mod files;
mod problem;
mod service;
pub mod settings;
pub mod yaml;

pub use jurat_engine::results::{FieldResult, RecordError, RecordResult, RuleResult, RuleSummary, Summary};
pub use jurat_engine::routing::RouteError;
pub use jurat_engine::{Associated, AssociatedError, Excerpt, JudgeError, Request};
pub use jurat_model::{Isolation, Status};
pub use jurat_sandbox::Compiler;
pub use problem::{Place, Problem, Problems, advice, chain};
pub use service::{Blame, Identity, OpenError, Service, read_public_key};
pub use settings::Settings;
