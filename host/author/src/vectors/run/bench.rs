//! Judges vectors: one thread, within a time limit.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jurat_engine::results::{FieldResult, RecordResult, RuleResult};
use jurat_engine::{Associated, JudgeError, Release, Request, TenantQueue, Workers, judge};
use jurat_model::{Blame, Bytes, Excerpt, Isolation, Suspension, chain};

use super::judged::{Judged, Kept, Row};
use super::order::Group;
use crate::vectors::report::{BriefVerdict, VectorsError};
use crate::vectors::vector::{Vector, VectorLimits};

/// The placeholder for a missing id.
const UNKNOWN: &str = "unknown";
/// From this length on an id may have been cut, so that nothing can be given for it.
const LONG_ID: usize = 256;

/// A run of the vectors of one release.
pub(in crate::vectors) struct Bench<'a> {
    release: &'a Arc<Release>,
    queue: TenantQueue,
    /// Ends when the bench does.
    _workers: Workers,
    limits: &'a VectorLimits,
    begun: Instant,
    /// Verdicts so far, on records alone.
    verdicts: usize,
}

/// A way to judge records together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// The most rows of a chunk.
    pub(super) rows: u32,
    /// The isolation of rows.
    pub(super) isolation: Isolation,
}

/// Why a request has no results.
enum Stop {
    /// It is the vector's fault.
    Refused(String),
    Failed(VectorsError),
}

pub(super) fn check_count(found: usize, limits: &VectorLimits) -> Result<(), VectorsError> {
    let limit = limits.vectors;
    if found > limit { Err(VectorsError::TooMany { found, limit }) } else { Ok(()) }
}

pub(super) fn check_length(found: usize, limits: &VectorLimits) -> Result<(), VectorsError> {
    let (found, limit) = (Bytes::new(found as u64), limits.bytes);
    if found > limit { Err(VectorsError::TooLong { found, limit }) } else { Ok(()) }
}

impl<'a> Bench<'a> {
    pub(in crate::vectors) fn open(
        release: &'a Arc<Release>,
        vectors: &[Vector],
        limits: &'a VectorLimits,
    ) -> Result<Self, VectorsError> {
        check_count(vectors.len(), limits)?;
        check_length(vectors.iter().map(Vector::bytes).sum(), limits)?;
        // One is enough: the serving release needs the others.
        let workers = Workers::start(NonZeroUsize::MIN).map_err(VectorsError::Thread)?;
        let queue = workers.queue(NonZeroUsize::MIN);
        Ok(Self { release, queue, _workers: workers, limits, begun: Instant::now(), verdicts: 0 })
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Judges the record of a vector as a call with one record would judge it.
    pub(in crate::vectors) fn alone(&mut self, vector: &Vector) -> Result<Row, VectorsError> {
        let associated = vector.associated.as_deref().map(|terms| Associated::of_every_record(terms.as_bytes()));
        let associated = match associated.transpose() {
            Ok(associated) => associated,
            Err(error) => return Ok(Err(chain(&error))),
        };
        let mut request = request(vector, Way { rows: 1, isolation: Isolation::Chunk });
        if let Some(associated) = associated {
            request = request.with_associated(associated);
        }
        let rows = match self.settled(&request, vector.record.as_bytes()) {
            Ok(rows) => rows,
            Err(Stop::Refused(message)) => return Ok(Err(message)),
            Err(Stop::Failed(error)) => return Err(error),
        };
        // A record that is one object is one record.
        let row = rows.into_iter().next().unwrap_or_else(|| Err("it holds no record".to_owned()));
        self.verdicts += row.as_ref().map_or(0, |judged| judged.rules.len());
        let limit = self.limits.verdicts;
        if self.verdicts > limit { Err(VectorsError::TooManyVerdicts { limit }) } else { Ok(row) }
    }

    /// Judges the records of a group of vectors. Returns one row for each.
    pub(super) fn together(
        &self,
        group: &Group<'_>,
        way: Way,
        members: &[&(&Vector, Judged)],
    ) -> Result<Vec<Row>, VectorsError> {
        let Some((first, _)) = members.first() else { return Ok(Vec::new()) };
        let mut request = request(first, way);
        if let Some(associated) = group.associated(members) {
            request = request.with_associated(associated);
        }
        let records: Vec<_> = members.iter().map(|(vector, _)| &*vector.record).collect();
        match self.settled(&request, format!("[{}]", records.join(",")).as_bytes()) {
            Ok(rows) => Ok(rows),
            Err(Stop::Refused(message)) => Ok(members.iter().map(|_| Err(message.clone())).collect()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Judges, and once more if the outcome depended on the machine instead of the records.
    fn settled(&self, request: &Request, text: &[u8]) -> Result<Vec<Row>, Stop> {
        let rows = self.judge(request, text)?;
        match rows.iter().flatten().any(Judged::is_indeterminate) {
            true => self.judge(request, text),
            false => Ok(rows),
        }
    }

    fn judge(&self, request: &Request, text: &[u8]) -> Result<Vec<Row>, Stop> {
        let limit = self.limits.time;
        let is_late = || self.begun.elapsed() > limit;
        let late = || Stop::Failed(VectorsError::TooSlow { limit });
        if is_late() {
            return Err(late());
        }
        let mut rows = Vec::new();
        let judged = judge(self.release, &self.queue, request, text.into(), &mut |result| {
            rows.push(row(result));
            // The records after this one are not judged then.
            if is_late() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
        });
        match judged {
            Ok(_) => Ok(rows),
            Err(JudgeError::Output(_)) => Err(late()),
            Err(error) if error.blame() == Blame::Caller => Err(Stop::Refused(chain(&error))),
            Err(error) => Err(Stop::Failed(VectorsError::Engine(error))),
        }
    }
}

fn request(vector: &Vector, way: Way) -> Request {
    let now = vector.now.unwrap_or_default();
    let request = Request::new(vector.ruleset.as_str(), now)
        .with_isolation(way.isolation)
        // There is always a next vector, whatever a rule did on those before.
        .with_suspension(Suspension::NEVER)
        .with_rows(way.rows);
    match &vector.entity_type {
        Some(entity_type) => request.with_entity_type(entity_type),
        None => request,
    }
}

fn row(result: RecordResult) -> Row {
    if let Some(error) = result.error {
        return Err(format!("{} (code `{}`)", Excerpt::of(&error.message), error.kind.code()));
    }
    let mut rules = BTreeMap::new();
    result.results.into_iter().for_each(|result| keep(result, &mut rules));
    let has_id = result.entity_id != UNKNOWN && result.entity_id.len() < LONG_ID;
    Ok(Judged { id: has_id.then_some(result.entity_id), rules })
}

/// Keeps a result and those below it. A hierarchy has few levels.
fn keep(result: RuleResult, rules: &mut BTreeMap<Arc<str>, Kept>) {
    let fingerprint = fingerprint(&result);
    result.children.into_iter().for_each(|child| keep(child, rules));
    let verdict = BriefVerdict {
        status: result.status,
        code: result.code.map(|code| Excerpt::of(&code).to_string()),
        message: Excerpt::of(&result.message).to_string(),
    };
    rules.insert(result.rule_id, Kept { verdict, fingerprint, is_indeterminate: result.indeterminate });
}

fn fingerprint(result: &RuleResult) -> u64 {
    let mut hasher = DefaultHasher::new();
    (result.status, &result.code, &result.message, &result.params).hash(&mut hasher);
    for FieldResult { name, pointer, value } in &result.fields {
        (name, pointer, value).hash(&mut hasher);
    }
    hasher.finish()
}

impl Judged {
    pub(super) fn is_indeterminate(&self) -> bool {
        self.rules.values().any(|kept| kept.is_indeterminate)
    }
}
