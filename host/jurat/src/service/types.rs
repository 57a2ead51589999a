//! Types of the engine in the signatures of calls, by families that share an example.

/// A [`Request`] has [`ChunkLimits`]; its records come from a [`RecordSource`], all of them or a [`Sample`]. What is rendered of them has
/// a [`Footprint`], which counts.
///
/// ```no_run
/// # fn f(service: &jurat::Service, text: std::sync::Arc<[u8]>) -> Result<(), Box<dyn std::error::Error>> {
/// use jurat::{ChunkLimits, Footprint, RecordSource, Request, Sample};
///
/// let chunk = ChunkLimits { rows: 256, ..ChunkLimits::default() };
/// let request: Request = service.request("quick")?.with_entity_type("loan").with_chunk(chunk);
///
/// // About one record of a hundred, among the first million.
/// let sample = Sample::new(0.01).ok_or("a share is above 0 and at most 1")?;
/// let records = RecordSource::text(text).limit(1_000_000).sample(sample);
///
/// struct Unreadable(Vec<u64>);
/// impl Footprint for Unreadable {
///     fn footprint(&self) -> usize {
///         self.0.footprint()
///     }
/// }
/// let unreadable = |window: &jurat::JudgedWindow<'_>| {
///     Unreadable(window.records().filter_map(|record| record.error()).map(|error| error.line).collect())
/// };
/// let mut lines = Vec::new();
/// service.judge_windows(&request, records, unreadable, &mut |unreadable| Ok(lines.extend(unreadable.0)))?;
/// # Ok(())
/// # }
/// ```
pub use jurat_engine::{Footprint, RecordSource, Request, Sample, extract::ChunkLimits};

/// A [`RecordResult`] has a [`RuleResult`] for each rule, and that a [`FieldResult`] for each field that it is about.
///
/// ```
/// use jurat::{FieldResult, RecordResult, RuleResult, Status};
///
/// /// The fields because of which a record fails.
/// fn wrong_fields(result: &RecordResult) -> Vec<&FieldResult> {
///     let fails = |rule: &&RuleResult| rule.status == Status::Fail;
///     result.results.iter().filter(fails).flat_map(|rule| &rule.fields).collect()
/// }
/// ```
pub use jurat_engine::results::{FieldResult, RecordResult, RuleResult};

/// The result of the rule `json_schema` has a [`Mistake`] for each thing that is wrong with the record.
///
/// ```
/// use jurat::{Mistake, RuleResult};
///
/// /// The places of a record that are missing or wrong.
/// fn places(result: &RuleResult) -> Vec<&str> {
///     result.mistakes.iter().map(|mistake: &Mistake| mistake.pointer.as_str()).collect()
/// }
/// ```
pub use jurat_engine::schema::Mistake;

/// Execution times are written as [`Milliseconds`].
///
/// ```
/// use jurat::Milliseconds;
///
/// assert_eq!(serde_json::to_string(&Milliseconds(1.0 / 3.0))?, "0.333333");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub use jurat_engine::results::Milliseconds;

/// A [`RecordError`] says why a record could not be judged; its [`EngineErrorKind`] is for programs.
///
/// ```
/// use jurat::{EngineErrorKind, RecordError};
///
/// /// Whether the sender must repeat all records behind this one, too.
/// fn ends_the_input(error: &RecordError) -> bool {
///     error.kind == EngineErrorKind::RecordsLost
/// }
/// assert_eq!(EngineErrorKind::RecordsLost.code(), "records_lost");
/// ```
pub use jurat_engine::{EngineErrorKind, results::RecordError};

/// A [`Summary`] has the counts of a request, and a [`RuleSummary`] for each rule.
///
/// ```
/// use jurat::{RuleSummary, Status, Summary};
///
/// /// The rule that fails most records.
/// fn strictest(summary: &Summary) -> Option<&str> {
///     let failed = |rule: &RuleSummary| rule.count(Status::Fail);
///     summary.rules.iter().max_by_key(|(_, rule)| failed(rule)).map(|(name, _)| &**name)
/// }
/// assert_eq!(strictest(&Summary::default()), None);
/// ```
pub use jurat_engine::results::{RuleSummary, Summary};

/// [`Evidence`] has the [`EvidenceParts`] of the signed release that decided, with the [`RoleVersions`] that vouched for it.
///
/// An application gets it with results, and makes its own only in tests:
///
/// ```
/// use jurat::{Evidence, EvidenceParts, RoleVersions};
///
/// let [name, version, repository] = ["loan-rules", "1.4.0", "acme-prod"].map(str::to_owned);
/// let roles = RoleVersions { root: 1, timestamp: 412, snapshot: 40, targets: 7, delegated: None };
/// let manifest = "0".repeat(64);
/// let fuel_schedule = jurat::FuelSchedule::CURRENT;
/// let evidence =
///     Evidence::new(EvidenceParts { name, version, manifest, repository, roles, fuel_schedule, stale: false });
///
/// assert_eq!(serde_json::to_value(&evidence)?["roles"]["timestamp"], 412);
/// assert!(!evidence.is_stale());
/// # Ok::<(), serde_json::Error>(())
/// ```
pub use jurat_engine::results::{Evidence, EvidenceParts, RoleVersions};

/// A [`JudgeError`] or a [`RouteError`] says why a call as a whole gave no results. A [`ForeignFormat`] is what a text is that is not
/// JSON.
///
/// ```
/// use jurat::{CallError, ForeignFormat, JudgeError, RouteError};
///
/// fn advice(error: &CallError) -> String {
///     match error {
///         CallError::Route(RouteError::UnknownRuleset { nearest: Some(name), .. }) => format!("use `{name}`?"),
///         CallError::Judge(JudgeError::Read { offset, .. }) => format!("send it again from byte {offset}"),
///         CallError::Judge(JudgeError::NotJson { format: ForeignFormat::Csv, .. }) => "send JSON".to_owned(),
///         other => other.to_string(),
///     }
/// }
/// assert_eq!(advice(&CallError::Closed), "the service is closed");
/// ```
pub use jurat_engine::{JudgeError, json::ForeignFormat, routing::RouteError};

/// [`Associated`] are related entities that come with a request; an [`AssociatedError`] says why they cannot be read.
///
/// ```
/// use jurat::{Associated, AssociatedError, Request, jiff::Timestamp};
///
/// let text = br#"{"LOAN-1": {"parent": {"entity_type": "facility", "limit": 90000}}}"#;
/// let related: Result<Associated, AssociatedError> = Associated::parse(text);
/// let request = Request::new("related", Timestamp::now()).with_associated(related?);
/// assert!(request.associated().is_some_and(|given| given.get(Some("LOAN-1"), "parent").is_some()));
/// # Ok::<(), AssociatedError>(())
/// ```
pub use jurat_engine::{Associated, AssociatedError};

/// A [`Supplier`] fetches related entities while a request is judged: it is asked for [`Wanted`], and answers with [`Supplied`].
///
/// ```
/// use jurat::{Request, Supplied, Supplier, Wanted};
///
/// #[derive(Debug)]
/// struct OneFacility;
///
/// impl Supplier for OneFacility {
///     fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
///         let text = r#"{"entity_type": "facility", "limit": 90000}"#.into();
///         let facility = Supplied::Entity { text, is_cached: false, is_stale: false };
///         wanted.iter().map(|record| vec![facility.clone(); record.terms.len()]).collect()
///     }
/// }
/// # Request::new("related", jurat::jiff::Timestamp::now()).with_supplier(std::sync::Arc::new(OneFacility));
/// ```
pub use jurat_engine::{Supplied, Supplier, UnavailableCause, Wanted};

pub use jurat_engine::{TERM_MALFORMED, TERM_MISSING, TERM_TOO_LARGE, UNANSWERED};

/// A [`WindowObserver`] of a [`Request`] gets each [`JudgedWindow`]; each record in it has a [`RecordOutcome`].
///
/// ```
/// use jurat::{JudgedWindow, RecordOutcome, WindowObserver};
///
/// struct Failures;
///
/// impl WindowObserver for Failures {
///     fn window(&self, window: &JudgedWindow<'_>) {
///         let failed = window.records().filter(|record| record.outcome() == RecordOutcome::Failed);
///         failed.for_each(|record| println!("{} fails: {}", record.at(), record.entity_id()));
///     }
/// }
/// ```
pub use jurat_engine::{JudgedWindow, WindowObserver, results::RecordOutcome};

/// A source of [items](RecordSource::of_items) gives each [`JudgedRecord`] a [`RecordItem`]; its [`JudgedResults`] are a part of its JSON.
///
/// ```no_run
/// # fn f(service: &jurat::Service, text: std::sync::Arc<[u8]>) -> Result<(), Box<dyn std::error::Error>> {
/// use jurat::{JudgedResults, RecordItem, RecordSource};
///
/// let request = service.request("quick")?;
/// let lines = |window: &jurat::JudgedWindow<'_>| {
///     let line = |record: jurat::JudgedRecord<'_>| {
///         let results: JudgedResults<'_> = record.results();
///         let id = record.item().and_then(|RecordItem { correlation_id, .. }| correlation_id);
///         format!("{} {}", id.unwrap_or("null"), serde_json::to_string(&results).unwrap_or_default())
///     };
///     window.records().map(line).collect::<Vec<_>>()
/// };
/// let items = RecordSource::text(text).of_items();
/// service.judge_windows(&request, items, lines, &mut |lines| Ok(println!("{}", lines.join("\n"))))?;
/// # Ok(())
/// # }
/// ```
pub use jurat_engine::{JudgedResults, RecordItem};

/// A [`JudgedRecord`] has a [`Position`], and a [`JudgedRule`] for each rule with a [`JudgedInput`] for each input.
///
/// ```
/// use jurat::{JudgedInput, JudgedRecord, JudgedRule, Position};
///
/// fn log(record: &JudgedRecord<'_>) {
///     let Position { line, .. } = record.at();
///     record.rules().for_each(|rule: JudgedRule<'_>| {
///         for JudgedInput { input, token, .. } in rule.inputs() {
///             println!("line {line}: {} reads {input}: {}", rule.rule_id(), token.unwrap_or("absent"));
///         }
///     });
/// }
/// ```
pub use jurat_engine::{JudgedInput, JudgedRecord, JudgedRule, json::Position};

/// A [`RelatedEntity`] of a judged record has an [`EntitySource`]: the request, a cache or the service.
///
/// ```
/// use jurat::{EntitySource, JudgedRecord, RelatedEntity};
///
/// /// The terms whose entities come from a cache.
/// fn cached<'a>(record: &JudgedRecord<'a>) -> Vec<&'a str> {
///     let cached = |entity| match entity {
///         RelatedEntity::Available { term, source: EntitySource::Cache, .. } => Some(term),
///         _ => None,
///     };
///     record.related().filter_map(cached).collect()
/// }
/// ```
pub use jurat_engine::{EntitySource, RelatedEntity};

/// [`FetchTiming`], [`ChunkTiming`] and [`CallTiming`] have the [`Timing`] of the steps of a request, for the spans of a trace.
///
/// ```
/// use jurat::{CallContext, CallTiming, ChunkTiming, FetchTiming, Timing, WindowObserver};
///
/// struct Spans;
///
/// impl WindowObserver for Spans {
///     fn fetched(&self, _: &CallContext, fetch: &FetchTiming) { span("fetch", fetch.timing) }
///     fn chunk(&self, _: &CallContext, chunk: &ChunkTiming<'_>) { span(chunk.entity_type, chunk.timing) }
///     fn called(&self, _: &CallContext, call: &CallTiming<'_>) { span(call.rule_id, call.timing) }
/// }
///
/// fn span(name: &str, Timing { elapsed, .. }: Timing) { println!("{name}: {elapsed:?}") }
/// ```
pub use jurat_engine::{CallTiming, ChunkTiming, FetchTiming, Timing};

/// From [`JudgedWindow::usage`] and [`JudgedRule::usage`].
///
/// ```
/// use jurat::{Limits, RuleUsage, Usage};
///
/// /// Whether a rule has used more than half of the fuel that it may.
/// fn is_costly(rule: &RuleUsage<'_>) -> bool {
///     let Usage { peak_fuel, .. } = *rule.usage;
///     rule.limits.is_some_and(|Limits { fuel, .. }| peak_fuel > fuel.get() / 2)
/// }
/// ```
pub use jurat_engine::RuleUsage;

/// In [`RuleUsage`], [`RuleSummary`] and [`CallTiming`].
///
/// ```
/// use std::time::Duration;
///
/// use jurat::Usage;
///
/// /// How long a call takes on average.
/// fn average(Usage { calls, elapsed, .. }: Usage) -> Duration {
///     elapsed.div_f64(calls.max(1) as f64)
/// }
/// assert_eq!(average(Usage::default()), Duration::ZERO);
/// ```
pub use jurat_model::Usage;

/// A [`DiscoveredRuleset`] has [`RulesetStats`]; a [`DiscoveredRule`] is one that would judge a record.
///
/// ```no_run
/// # fn f(service: &jurat::Service, loan: &str) -> Result<(), jurat::CallError> {
/// use jurat::{DiscoveredRule, DiscoveredRuleset, EntityType, RulesetName, RulesetStats};
///
/// for DiscoveredRuleset { name, stats: RulesetStats { total_rules, .. }, .. } in service.discover_rulesets()? {
///     println!("{name}: {total_rules} rules");
/// }
/// for rule in service.discover_rules(EntityType::new("loan"), loan, RulesetName::new("quick"))? {
///     let DiscoveredRule { rule_id, field_dependencies, .. } = rule;
///     println!("{rule_id} reads {field_dependencies:?}");
/// }
/// # Ok(())
/// # }
/// ```
pub use jurat_engine::{DiscoveredRule, DiscoveredRuleset, RulesetStats};
