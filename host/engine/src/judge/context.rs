//! The context that the windows of one request share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jurat_model::{CallContext, Cancellation, TraceContext};

use super::error::{Bug, JudgeError, MAX_ID_FIELDS, MAX_ID_PATH};
use super::identity::{self, Id};
use super::options::Options;
use crate::excerpt::Excerpt;
use crate::extract::{Plan, PlanError, Tokens};
use crate::release::{PlanKey, Prepared, Release, VouchedRelease, first_look};
use crate::results::Evidence;
use crate::routing::{Route, Routes};
use crate::ruleset::{Node, RuleList, UnknownSchema};
use crate::schema::without_fragment;
use crate::schema_url::SchemaUrl;

/// The context that the windows of one request share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) release: Arc<Release>,
    /// The evidence of the release.
    pub(super) evidence: Option<Arc<Evidence>>,
    pub(super) options: Arc<Options>,
    /// The caller and the ids of the call.
    pub(super) call: CallContext,
    /// Whether single steps are timed: the call is observed, and its trace is sampled.
    pub(super) is_sampled: bool,
    /// Whether a record may only name a schema for records of its entity type.
    is_schema_bound: bool,
    /// Reads a record whose route is not known yet.
    pub(super) first_look: Arc<Plan>,
    /// The time of the run as results write it.
    pub(super) now: Arc<str>,
    /// The same as a JSON token, to be shown among other tokens.
    pub(super) now_token: String,
    /// For each rule, whether it is suspended: a hint that saves work. It is set in the order of the input.
    suspended: Box<[AtomicBool]>,
    /// How many records are judged together: fewer than may be, if their results took too much memory. Changes no result.
    records: AtomicUsize,
    /// Whether the caller no longer waits for results.
    is_abandoned: AtomicBool,
    /// Whether the call is cancelled.
    cancellation: Cancellation,
}

impl Context {
    /// Checks once what would otherwise be an error of every record.
    pub(super) fn new(
        release: VouchedRelease,
        options: &Arc<Options>,
        (call, cancellation): (&CallContext, &Cancellation),
        is_observed: bool,
    ) -> Result<Self, JudgeError> {
        let VouchedRelease { release, evidence } = release;
        if evidence.as_ref().is_some_and(|evidence| evidence.manifest() != release.manifest()) {
            return Err(JudgeError::Evidence);
        }
        let routes = release.router.routes(&options.ruleset, options.entity_type.as_deref())?;
        let is_schema_bound = routes.ruleset().unknown_schema == UnknownSchema::Error;
        routes.expecting(&options.expected)?;
        if options.id_fields.len() > MAX_ID_FIELDS {
            return Err(JudgeError::TooManyIdFields);
        }
        if let Some(field) = options.id_fields.iter().find(|field| field.len() > MAX_ID_PATH) {
            return Err(JudgeError::LongIdField { field: Excerpt::of(field).to_string() });
        }
        let mut options = Arc::clone(options);
        // Every window reads the list: each name once, however often the caller gives it.
        if options.expected.len() > 1 {
            let expected = &mut Arc::make_mut(&mut options).expected;
            expected.sort_unstable();
            expected.dedup();
        }
        let first_look = first_look(&options.id_fields);
        let first_look =
            first_look.map_err(|(field, problem)| JudgeError::IdField { field: field.to_string(), problem })?;
        let now = jiff::Timestamp::from_microsecond(options.run.now)
            .map_err(|_| Bug::new("the microseconds of a timestamp are not a timestamp"))?;
        Ok(Self {
            evidence,
            call: call.clone(),
            is_schema_bound,
            is_sampled: is_observed && call.trace().is_some_and(TraceContext::is_sampled),
            first_look,
            now: Arc::from(now.to_string()),
            now_token: format!("\"{now}\""),
            suspended: release.providers.iter().map(|_| AtomicBool::new(false)).collect(),
            records: AtomicUsize::new(options.chunk.rows.max(1) as usize),
            options,
            is_abandoned: AtomicBool::new(false),
            cancellation: cancellation.clone(),
            release,
        })
    }

    /// The id of a record. If its fields depend on what it is, those of its schema come before those of its entity type.
    pub(super) fn id(&self, tokens: &Tokens<'_>) -> Id {
        let by = &self.options.id_fields_by;
        if by.is_empty() {
            return Id::of(tokens, 0..self.options.id_fields.len());
        }
        let schema = identity::schema(tokens).ok().flatten();
        let own = identity::entity_type(tokens).ok().flatten();
        let of_schema = schema.as_deref().and_then(|url| SchemaUrl::parse(url).entity_type);
        let alone = if let [alone] = &*self.options.expected { Some(alone.as_str()) } else { None };
        let name = self.options.entity_type.as_deref().or(of_schema).or(own.as_deref()).or(alone);
        let of_url = schema.as_deref().and_then(|url| by.get(url).or_else(|| by.get(without_fragment(url))));
        let fields = of_url.or_else(|| by.get(name?));
        Id::of(tokens, fields.into_iter().flatten().copied())
    }

    /// The entity type for which there must be the schemas that records of a route name; none = they may name any.
    pub(super) fn schemas_of(&self, route: Route) -> Option<&str> {
        let entity_type = self.release.entity_types.get(route.entity_type)?;
        self.is_schema_bound.then_some(&**entity_type)
    }

    /// The routes of the request. [`Context::new`] has checked the names.
    pub(super) fn routes(&self) -> Result<Routes<'_>, Bug> {
        let Options { ruleset, entity_type, expected, .. } = &*self.options;
        let routes = self.release.router.routes(ruleset, entity_type.as_deref());
        routes
            .and_then(|routes| routes.expecting(expected))
            .map_err(|_| Bug::new("the request's names were known before and are not now"))
    }

    /// How records of a route are judged.
    pub(super) fn prepare(&self, route: Route) -> Result<Arc<Prepared>, Vec<PlanError>> {
        self.release.prepare(&PlanKey {
            list: route.list,
            entity_type: route.entity_type,
            field_map: route.field_map,
            id_fields: Arc::clone(&self.options.id_fields),
        })
    }

    pub(super) fn is_suspended(&self, rule: usize) -> bool {
        self.suspended.get(rule).is_some_and(|suspended| suspended.load(Ordering::Relaxed))
    }

    pub(super) fn suspend(&self, rule: usize) {
        if let Some(suspended) = self.suspended.get(rule) {
            suspended.store(true, Ordering::Relaxed);
        }
    }

    /// How many records should be judged together.
    pub(super) fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed)
    }

    /// How many bytes the results of records that are judged together may take.
    pub(super) fn results_limit(&self) -> usize {
        usize::try_from(self.options.chunk.results.get()).unwrap_or(usize::MAX)
    }

    /// Sets how many records should be judged together: at least one, and as many as a chunk may have at most.
    pub(super) fn set_records(&self, records: usize) {
        let most = self.options.chunk.rows.max(1) as usize;
        self.records.store(records.clamp(1, most), Ordering::Relaxed);
    }

    /// Tells the workers that the caller no longer waits for results.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether the caller no longer waits, or cancels the call. Once it is so it stays so.
    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed) || self.cancellation.is_cancelled()
    }

    /// Fails if the call is cancelled.
    pub(super) fn check_cancellation(&self) -> Result<(), JudgeError> {
        if self.cancellation.is_cancelled() { Err(JudgeError::Cancelled) } else { Ok(()) }
    }

    /// Why a worker has ended without a result: the call is cancelled, or there is a bug.
    pub(super) fn without_result(&self) -> JudgeError {
        if self.cancellation.is_cancelled() { JudgeError::Cancelled } else { JudgeError::Worker }
    }

    /// For each rule of the release, whether it is suspended; none = no rule is.
    pub(super) fn suspended(&self) -> Option<Vec<bool>> {
        let suspended: Vec<_> = self.suspended.iter().map(|suspended| suspended.load(Ordering::Relaxed)).collect();
        suspended.contains(&true).then_some(suspended)
    }

    pub(super) fn lists(&self) -> &[RuleList] {
        self.release.router.rulesets().lists()
    }

    /// The nodes of the list that a route leads to.
    pub(super) fn nodes(&self, route: Route) -> &[Node] {
        self.lists().get(route.list).map(|list| &*list.nodes).unwrap_or_default()
    }
}
