//! Signed, sandboxed rules for business records: the crate that an application embeds.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use jurat::settings::Overrides;
//! use jurat::{EntityType, RulesetName, Service, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::read(Path::new("local-config.yaml"), &Overrides::none())?;
//! let service = Service::open(settings)?;
//!
//! let loan = r#"{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "LOAN-1"}"#;
//! for result in service.validate(EntityType::new("loan"), loan, RulesetName::new("quick"))?.results {
//!     println!("{}: {} {}", result.rule_id, result.status, result.message);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` has more: batches, related entities, threads, newer releases.
//!
//! # Core concepts
//! - [`Settings`] contain the location of the rules, the trust settings and the limits.
//! - [`Service::open`] gets the release, checks every byte of it against signatures, and makes its rules ready in the sandbox.
//!   Newer ones replace it while the service runs.
//! - [`Service::validate`] and the calls beside it are those of validation-lib; [`Service::judge`] is the one that they are made of:
//!   JSON in, one [`RecordResult`] for each record out, in order.
//! - [`AsyncService`] has the calls of validation-lib as futures, and [`AsyncService::run`] makes any other call. The calls of
//!   [`Service`] block the thread that makes them; the service waits for servers on threads of its own.
//! - `jurat-author` is the other side: it makes a release of its sources.
//!
//! # Limits
//! The environment is not read, except `SSL_CERT_FILE` and `SSL_CERT_DIR` for TLS; [`settings::Overrides`] takes what an application
//! wants from it. Relative paths of callers start at the working directory, unless the settings say otherwise.
#![forbid(unsafe_code)]

pub mod causes;
mod code_dir;
mod data;
mod error;
mod host_state;
mod names;
pub mod observe;
mod release;
mod service;
pub mod settings;
#[cfg(feature = "remote")]
mod source;
pub mod trust;
pub mod vectors;

pub use data::{DataError, DataErrorKind};
pub use error::{CallError, CallErrorKind, Held, OpenError};
pub use host_state::host_state;
pub use jurat_coordination::{BreakerState, CoordinationStatus, Retry};
pub use jurat_disk::ReserveMemory;
pub use jurat_disk::reserve_memory::unlimited as unlimited_memory;
pub use jurat_engine::extract::ChunkLimits;
pub use jurat_engine::json::Position;
pub use jurat_engine::results::{
    Evidence, EvidenceParts, FieldResult, RecordError, RecordOutcome, RecordResult, RoleVersions, RuleResult,
    RuleSummary, Summary,
};
pub use jurat_engine::routing::RouteError;
pub use jurat_engine::{
    Associated, AssociatedError, CallTiming, ChunkTiming, DiscoveredRule, DiscoveredRuleset, EngineErrorKind,
    EntitySource, FetchTiming, JudgeError, JudgedInput, JudgedRecord, JudgedRule, JudgedWindow, RecordSource,
    RelatedEntity, Request, RuleUsage, RulesetStats, Sample, Supplied, Supplier, TERM_MALFORMED, TERM_MISSING,
    TERM_TOO_LARGE, Timing, UNANSWERED, Wanted, WindowObserver,
};
pub use jurat_model::{
    Blame, Bytes, CallContext, CorrelationId, CorrelationIdError, Excerpt, Input, Isolation, KeyPath,
    Kind as InputKind, Limits, ParseBytesError, Run, Status, TraceContext, TraceContextError, Usage, chain,
};
pub use jurat_repository::{EarlierRelease, HostState, HostStateError, PinnedBy, Reported, RepositoryError};
pub use jurat_sandbox::{Compiler, compile_from_stdin};
pub use jurat_yaml::{LineColumn, Problem, Problems};
pub use names::{EntityType, RulesetName};
pub use release::{Identity, ReleaseStatus, Reload};
pub use service::{
    AsyncService, Clock, FailureStatus, Gauges, Health, PinStatus, Service, ServiceBuilder, Status as ServiceStatus,
    TenantGauges, TenantStatus, TrustStatus,
};
pub use settings::Settings;
pub use trust::Digest;
pub use {jiff, url};
