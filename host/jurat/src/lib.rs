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
//! - [`Service::validate`] and the calls beside it are those of validation-lib; [`Service::judge`] takes any number of records:
//!   JSON in, one [`RecordResult`] for each record out, in order.
//! - [`AsyncService`] has the calls of validation-lib as futures, and [`AsyncService::run`] makes any other call. The calls of
//!   [`Service`] block the thread that makes them; the service waits for servers on threads of its own.
//! - Crates beside this one read files of records (`jurat-records`), write results as lines and tables (`jurat-results`), and make
//!   releases (`jurat-author`).
//!
//! # Limits
//! The environment is not read, except `SSL_CERT_FILE` and `SSL_CERT_DIR` for TLS; [`settings::Overrides`] takes what an application
//! wants from it. Relative paths of callers start at the working directory, unless the settings say otherwise.
#![forbid(unsafe_code)]

pub mod causes;
mod code_dir;
mod compiler;
mod data;
mod error;
mod host_state;
mod names;
pub mod observe;
mod proofs;
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
pub use jurat_identity as identity;
pub use jurat_limits as limits;
pub use jurat_retry as retry;
pub use names::{EntityType, RulesetName};
pub use release::{Identity, ReleaseStatus, Reload};
pub use service::types::{
    Associated, AssociatedError, CallTiming, ChunkLimits, ChunkTiming, DiscoveredRule, DiscoveredRuleset,
    EngineErrorKind, EntitySource, Evidence, EvidenceParts, FetchTiming, FieldResult, Footprint, ForeignFormat,
    JudgeError, JudgedInput, JudgedRecord, JudgedResults, JudgedRule, JudgedWindow, Milliseconds, Mistake, Position,
    RecordError, RecordItem, RecordOutcome, RecordResult, RecordSource, RelatedEntity, Request, RoleVersions,
    RouteError, RuleResult, RuleSummary, RuleUsage, RulesetStats, Sample, Summary, Supplied, Supplier, TERM_MALFORMED,
    TERM_MISSING, TERM_TOO_LARGE, Timing, UNANSWERED, UnavailableCause, Usage, Wanted, WindowObserver,
};
pub use service::{
    AsyncService, Clock, FailureStatus, Gauges, Health, HealthCheck, HealthReport, HealthVerdict, PinStatus, Service,
    ServiceBuilder, Status as ServiceStatus, TenantGauges, TenantStatus, TrustStatus,
};
pub use settings::Settings;
pub use trust::Digest;
pub use {jiff, url};

/// A [`CoordinationStatus`] has the [`BreakerState`] of the circuit breaker, and counts of requests and failures.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// use jurat::{BreakerState, CoordinationStatus};
///
/// for tenant in service.status().tenants {
///     if let Some(CoordinationStatus { breaker: BreakerState::Open, failures, .. }) = tenant.coordination {
///         println!("{}: requests have stopped, after these failures: {failures:?}", tenant.name);
///     }
/// }
/// # }
/// ```
pub use jurat_coordination::{BreakerState, CoordinationStatus};

/// A request to the coordination service that will be repeated: see [`observe::CoordinationRetry`].
///
/// ```
/// use jurat::Retry;
///
/// fn line(Retry { attempt, attempts, code, delay, .. }: &Retry) -> String {
///     format!("attempt {attempt} of {attempts} failed ({code}); the next one follows in {delay:?}")
/// }
/// ```
pub use jurat_coordination::Retry;

/// A [`ReserveMemory`] bounds the memory that [`Service::read_data`] takes; [`unlimited_memory`] does not.
///
/// ```no_run
/// # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// use jurat::{ReserveMemory, unlimited_memory};
///
/// // 64 MiB for all reads together; without it, each read is only bounded by `max_file`.
/// let left = AtomicU64::new(64 << 20);
/// let reserve = move |bytes| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok();
/// let shared: ReserveMemory = std::sync::Arc::new(reserve);
/// let files = [service.read_data("loans.json", &shared)?, service.read_data("rates.json", &unlimited_memory())?];
/// # Ok(())
/// # }
/// ```
pub use jurat_disk::{ReserveMemory, reserve_memory::unlimited as unlimited_memory};

/// `PASS`, `WARN`, `FAIL`, `NORUN` or `ERROR`.
///
/// ```
/// use jurat::Status;
///
/// let may_be_booked = |status| matches!(status, Status::Pass | Status::Warn);
/// assert!(may_be_booked(Status::Warn) && !may_be_booked(Status::Norun));
/// assert_eq!(Status::Norun.name(), "NORUN");
/// ```
pub use jurat_model::Status;

/// [`Blame`] says who can fix an error; [`chain`] writes it with its causes.
///
/// ```
/// use jurat::{Blame, CallError, chain};
///
/// fn answer(error: &CallError) -> String {
///     match error.blame() {
///         Blame::Caller => chain(error),
///         _ => "the rules cannot be used at present".to_owned(),
///     }
/// }
/// assert_eq!(answer(&CallError::Closed), "the rules cannot be used at present");
/// ```
pub use jurat_model::{Blame, chain};

/// A [`CallContext`] has the caller of a call, its [`CorrelationId`] and its [`TraceContext`]; parsing these can fail with a
/// [`CorrelationIdError`] or a [`TraceContextError`].
///
/// ```
/// use jurat::{CallContext, CorrelationId, CorrelationIdError, TraceContext, TraceContextError};
///
/// // A client may have sent anything.
/// let id: Result<CorrelationId, CorrelationIdError> = "order 4711".parse();
/// let trace: Result<TraceContext, TraceContextError> =
///     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse();
/// let id = id.unwrap_or_else(|_| CorrelationId::numbered(std::process::id(), 1));
/// let context = CallContext::new().with_principal("ann").with_correlation(id).with_trace(trace?);
/// assert!(context.trace().is_some_and(|trace| trace.is_sampled()));
/// # Ok::<(), TraceContextError>(())
/// ```
pub use jurat_model::{CallContext, CorrelationId, CorrelationIdError, TraceContext, TraceContextError};

/// A [`Cancellation`] ends calls early, from any thread.
///
/// ```no_run
/// # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
/// use jurat::{CallErrorKind, Cancellation, EntityType, RulesetName};
///
/// let cancellation = Cancellation::new();
/// let cancelled = service.with_cancellation(cancellation.clone());
/// // From wherever it is known that nobody needs the result:
/// cancellation.cancel();
/// let outcome = cancelled.validate(EntityType::new("loan"), "{}", RulesetName::new("quick"));
/// assert_eq!(outcome.map_err(|error| error.kind()), Err(CallErrorKind::Cancelled));
/// # Ok(())
/// # }
/// ```
pub use jurat_model::Cancellation;

/// The [`Limits`] of a rule have sizes in [`Bytes`]; parsing these can fail with a [`ParseBytesError`].
///
/// ```
/// use jurat::{Bytes, Limits, ParseBytesError, Settings};
///
/// let memory: Result<Bytes, ParseBytesError> = "8 MiB".parse();
/// let mut settings = Settings::new("rules");
/// for tenant in settings.tenants.values_mut() {
///     tenant.limits = Limits { memory: memory.clone()?, ..Limits::DEFAULT };
///     assert_eq!(tenant.limits.memory, Bytes::mebi(8));
/// }
/// # Ok::<(), ParseBytesError>(())
/// ```
pub use jurat_model::{Bytes, Limits, ParseBytesError};

/// The number of the price list of fuel, in evidence and in errors about limits that were measured by another one.
///
/// ```
/// use jurat::{Evidence, FuelSchedule};
///
/// /// Whether the rules would have had the same fuel on this host.
/// fn had_the_same_fuel(evidence: &Evidence) -> bool {
///     evidence.fuel_schedule() == FuelSchedule::CURRENT
/// }
/// assert!(FuelSchedule::FIRST < FuelSchedule::CURRENT);
/// ```
pub use jurat_model::FuelSchedule;

/// A [`Suspension`] limits the guilty records of a rule in a request. Jurat counts them as [`Guilt`], and beyond the limit it does not
/// run the rule on the rest.
///
/// ```
/// use jurat::{Guilt, Settings, Suspension};
///
/// let mut settings = Settings::new("rules");
/// for tenant in settings.tenants.values_mut() {
///     tenant.suspension = Suspension { records: 10.try_into()?, ..Suspension::DEFAULT };
///     assert!(tenant.suspension.is_due(&Guilt { records: 10, fuel: 0 }));
/// }
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
pub use jurat_model::{Guilt, Suspension};

/// A [`Run`] is what all rules and records of a request share; its [`Isolation`] says how much records share.
///
/// ```
/// use jurat::{Isolation, Request, Run, jiff::Timestamp};
///
/// let new_year: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// let request = Request::new("quick", new_year).with_isolation(Isolation::Record);
/// let Run { now, isolation, .. } = *request.run();
/// assert_eq!(Timestamp::from_microsecond(now)?, new_year);
/// assert_eq!(isolation, Isolation::Record);
/// # Ok::<(), jurat::jiff::Error>(())
/// ```
pub use jurat_model::{Isolation, Run};

/// An [`Input`] is a field that a rule reads, as a value of an [`InputKind`].
///
/// ```
/// use jurat::{Input, InputKind};
///
/// /// Whether the value of a field may be in a log: texts may name a person.
/// fn may_be_logged(input: &Input) -> bool {
///     !matches!(input.kind, InputKind::Text | InputKind::Json)
/// }
/// # let input = Input { name: "principal".to_owned(), of: None, kind: InputKind::Decimal, required: true };
/// # assert!(may_be_logged(&input));
/// ```
pub use jurat_model::{Input, Kind as InputKind};

/// In errors that repeat what a caller has written.
///
/// ```
/// use jurat::{CallError, Excerpt};
///
/// let error = CallError::UnknownTenant { name: Excerpt::of("acme") };
/// assert!(matches!(&error, CallError::UnknownTenant { name } if name.as_str() == "acme"));
/// assert!(Excerpt::of(&"x".repeat(10_000)).as_str().len() < 200);
/// ```
pub use jurat_model::Excerpt;

/// From a [`HostState`], an operator gets what a host [`Reported`] and each [`EarlierRelease`], or a [`HostStateError`].
///
/// ```no_run
/// # fn f(settings: &jurat::Settings) -> Result<(), jurat::HostStateError> {
/// use jurat::{EarlierRelease, HostState, HostStateError, Reported, jiff::Timestamp};
///
/// let state: HostState = jurat::host_state(settings, Some("acme"))?;
/// if let Some(Reported { pid, at, .. }) = state.reported()? {
///     println!("process {pid}, at {at}");
/// }
/// match state.rollback(Timestamp::now(), Some("wrong rates".to_owned())) {
///     Err(HostStateError::NothingEarlier) => println!("there is no earlier release"),
///     pinned => pinned.map(|EarlierRelease { name, version, .. }| println!("{name} {version} will serve"))?,
/// }
/// # Ok(())
/// # }
/// ```
pub use jurat_repository::{EarlierRelease, HostState, HostStateError, Reported};

/// For [`ServiceBuilder::with_purpose`].
///
/// ```no_run
/// # fn f(settings: jurat::Settings) -> Result<(), jurat::OpenError> {
/// use jurat::{Purpose, Service};
///
/// // A nightly job beside a server with the same `state_dir`.
/// let service = Service::builder(settings).with_purpose(Purpose::OneRun).open()?;
/// # Ok(())
/// # }
/// ```
pub use jurat_repository::Purpose;

/// For [`Service::pin`] and [`Service::rollback`], and in the events about them.
///
/// ```no_run
/// # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
/// use jurat::PinnedBy;
///
/// service.pin(&service.identity()?.manifest, PinnedBy::Library, Some("an audit is under way"))?;
/// # Ok(())
/// # }
/// ```
pub use jurat_repository::PinnedBy;

/// Inside [`OpenError::Trust`] and [`CallError::Pin`].
///
/// ```
/// use jurat::{OpenError, RepositoryError};
///
/// /// Whether the root of trust is missing, so that this host was never set up.
/// fn is_new_host(error: &OpenError) -> bool {
///     match error.reason() {
///         OpenError::Trust { cause, .. } => matches!(**cause, RepositoryError::NoRoot { .. }),
///         _ => false,
///     }
/// }
/// # assert!(!is_new_host(&OpenError::BrokenOff));
/// ```
pub use jurat_repository::RepositoryError;

/// A [`Compiler`] may be a child process, which bounds its own time and memory: it calls [`compile_from_stdin`].
///
/// ```no_run
/// # fn f(settings: jurat::Settings) -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
/// use jurat::{Service, compile_from_stdin, this_program};
///
/// // At the beginning of `main`.
/// if std::env::args().nth(1).as_deref() == Some("compile") {
///     return Ok(compile_from_stdin().into());
/// }
/// let compiler = this_program(vec!["compile".into()])?;
/// let service = Service::builder(settings).with_compiler(compiler).open()?;
/// # Ok(std::process::ExitCode::SUCCESS)
/// # }
/// ```
pub use jurat_sandbox::{Compiler, compile_from_stdin};

pub use compiler::this_program;

/// [`Problems`] of a file, such as the settings: each [`Problem`] has a position, a [`LineColumn`].
///
/// ```
/// use jurat::settings::{Overrides, Settings};
/// use jurat::{KeyPath, LineColumn, Problem, Problems};
///
/// let text = "business_config_uri: repository\ntrust: {release: loan.json}\nlimits:\n  fuel: lots\n";
/// let read: Result<_, Problems> = Settings::parse(text, "jurat.yaml", "".as_ref(), &Overrides::none());
/// for Problem { at, key, .. } in read.unwrap_err().iter() {
///     assert_eq!(*at, Some(LineColumn { line: 4, column: 9 }));
///     assert_eq!(*key, KeyPath::default().key("limits").key("fuel"));
/// }
/// ```
pub use jurat_yaml::{LineColumn, Problem, Problems};

/// In [`Problem`] and [`VectorFailure`](vectors::VectorFailure).
///
/// ```
/// use jurat::KeyPath;
///
/// let path: KeyPath = KeyPath::default().key("rulesets").key("quick").index(2);
/// assert_eq!(path.as_str(), "rulesets.quick[2]");
/// ```
pub use jurat_model::KeyPath;
