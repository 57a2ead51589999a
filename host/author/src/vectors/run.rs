//! Runs test vectors: each alone, then together with others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jurat_engine::Release;
use jurat_model::{Excerpt, Isolation, nearest};
use jurat_trust::{FileKind, VerifiedRelease};

mod bench;
mod judged;
mod order;

pub(super) use bench::Bench;
use bench::Way;
use judged::{Judged, Kept, Row};
use jurat_yaml::{Problem, Problems};
use order::{groups, shuffled};

use super::parse::parse;
use super::report::{FailureReason, Report, VectorFailure, VectorsError};
use super::vector::{Vector, VectorLimits};

/// The most records that are judged together.
const MOST_ROWS: usize = 256;
/// The most verdicts of one batch, unless two records have more.
const MOST_VERDICTS: usize = 256;
/// The ways to judge records together: the most rows of a chunk, and the isolation.
const WAYS: [Way; 4] = [
    Way { rows: 1_024, isolation: Isolation::Chunk },
    Way { rows: 7, isolation: Isolation::Chunk },
    Way { rows: 2, isolation: Isolation::Chunk },
    Way { rows: 1_024, isolation: Isolation::Record },
];

/// The test vectors of a release.
///
/// # Errors
/// When a file cannot be read as vectors, or there are more than the limits allow.
pub fn of(verified: &VerifiedRelease, limits: &VectorLimits) -> Result<Vec<Vector>, VectorsError> {
    let files = || verified.files(FileKind::Vectors);
    let found = files().map(|(_, bytes)| bytes.as_slice().len()).sum();
    bench::check_length(found, limits)?;
    let mut vectors = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (file, bytes) in files() {
        let name = format!("{}: {}", verified.manifest().name(), file.path);
        match parse(&name, bytes.as_slice()) {
            Ok(found) => vectors.extend(found),
            Err(found) => problems.extend(found.iter().cloned()),
        }
        bench::check_count(vectors.len(), limits)?;
    }
    Problems::none(problems)?;
    Ok(vectors)
}

/// Runs the test vectors of a release that is about to be used. A release without vectors holds.
///
/// # Errors
/// See [`run`], and when they cannot be read.
pub fn check_release(
    verified: &VerifiedRelease,
    release: &Arc<Release>,
    limits: &VectorLimits,
) -> Result<Report, VectorsError> {
    run(release, &of(verified, limits)?, limits)
}

/// Runs vectors on a thread of their own: each record alone, then together with others.
///
/// # Errors
/// When there are more than the limits allow, or they take longer. A vector that does not hold is not an error, but in the report.
pub fn run(release: &Arc<Release>, vectors: &[Vector], limits: &VectorLimits) -> Result<Report, VectorsError> {
    let mut bench = Bench::open(release, vectors, limits)?;
    let mut report = Report { run: vectors.len(), ..Report::default() };
    let rules = Rules::of(release);
    let mut alone = Vec::with_capacity(vectors.len());
    for vector in vectors {
        match bench.alone(vector)? {
            Ok(judged) => {
                rules.compare(vector, &judged, &mut report);
                alone.push((vector, judged));
            }
            Err(message) => report.add(VectorFailure::of(vector, None, FailureReason::NotJudged { message })),
        }
    }
    together(&bench, &rules, &alone, &mut report)?;
    report.elapsed = bench.elapsed();
    Ok(report)
}

/// Judges records among others, and compares with their verdicts alone.
fn together(
    bench: &Bench<'_>,
    rules: &Rules<'_>,
    alone: &[(&Vector, Judged)],
    report: &mut Report,
) -> Result<(), VectorsError> {
    // Once for each rule and vector is enough.
    let mut told = BTreeSet::new();
    for group in groups(alone) {
        let most = rules.lists.get(group.ruleset()).copied().unwrap_or_default().max(1);
        let rows = (MOST_VERDICTS / most).clamp(2, MOST_ROWS);
        for (seed, way) in (0..).zip(WAYS) {
            for part in shuffled(&group.indices, seed).chunks(rows) {
                let members: Vec<_> = part.iter().filter_map(|index| alone.get(*index)).collect();
                for ((index, member), among) in part.iter().zip(&members).zip(bench.together(&group, way, &members)?) {
                    let (vector, alone) = member;
                    for (rule, reason) in changes(vector, alone, &among) {
                        if told.insert((*index, rule)) {
                            report.add(VectorFailure::of(vector, Some(rule), reason));
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Verdicts on a record among others that differ from those on it alone.
fn changes<'a>(vector: &Vector, alone: &'a Judged, among: &Row) -> Vec<(&'a str, FailureReason)> {
    let nothing = BTreeMap::new();
    let others = among.as_ref().map_or(&nothing, |judged| &judged.rules);
    let is_settled = !alone.is_indeterminate() && !among.as_ref().is_ok_and(Judged::is_indeterminate);
    let change = |(rule, kept): (&'a Arc<str>, &Kept)| {
        let reason = match others.get(rule) {
            Some(other) if other.is_indeterminate => {
                // A failure alone was reported already.
                let is_new = !alone.is_indeterminate() && vector.expect.contains_key(&**rule);
                is_new.then(|| FailureReason::Indeterminate { found: other.verdict.clone() })
            }
            Some(other) if !is_settled || other.fingerprint == kept.fingerprint => None,
            other => {
                let among = other.map(|other| other.verdict.clone());
                Some(FailureReason::Unsteady { alone: kept.verdict.clone(), among })
            }
        };
        reason.map(|reason| (&**rule, reason))
    };
    alone.rules.iter().filter_map(change).collect()
}

/// Facts about the rules of a release.
struct Rules<'a> {
    /// Rules that a ruleset lists and a component has.
    known: BTreeSet<&'a str>,
    /// Rules that read the time of the run.
    read_now: BTreeSet<&'a str>,
    /// The number of rules of the longest list of each ruleset.
    lists: BTreeMap<&'a str, usize>,
}

impl<'a> Rules<'a> {
    fn of(release: &'a Release) -> Self {
        let rulesets = release.router().rulesets();
        let nodes = rulesets.lists().iter().flat_map(|list| &list.nodes);
        let reads_now = release.rules().filter(|rule| rule.inputs.iter().any(jurat_model::Input::is_now));
        let mut lists = BTreeMap::new();
        for list in rulesets.lists() {
            let Some(ruleset) = rulesets.rulesets().get(list.ruleset) else { continue };
            let most: &mut usize = lists.entry(ruleset.name.as_str()).or_default();
            *most = list.nodes.len().max(*most);
        }
        Self {
            known: nodes.filter(|node| node.rule.is_some()).map(|node| &*node.rule_id).collect(),
            read_now: reads_now.map(|rule| rule.id.as_str()).collect(),
            lists,
        }
    }

    /// Compares the verdicts on a record alone with what its vector expects.
    fn compare(&self, vector: &Vector, judged: &Judged, report: &mut Report) {
        for (rule, expected) in &vector.expect {
            let kept = judged.rules.get(&**rule);
            let reason = if !self.known.contains(rule.as_str()) {
                FailureReason::UnknownRule { nearest: nearest(rule, self.known.iter().copied()).map(Excerpt::of) }
            } else if vector.now.is_none() && self.read_now.contains(rule.as_str()) {
                FailureReason::TimeNeeded
            } else {
                match kept {
                    None => FailureReason::NotListed,
                    Some(kept) if kept.is_indeterminate => FailureReason::Indeterminate { found: kept.verdict.clone() },
                    Some(kept) if kept.verdict.status == *expected => continue,
                    // Without a verdict of this rule, it is unknown whether the vector holds.
                    Some(kept) if judged.is_indeterminate() => {
                        FailureReason::Indeterminate { found: kept.verdict.clone() }
                    }
                    Some(kept) => FailureReason::Other { expected: *expected, found: kept.verdict.clone() },
                }
            };
            report.add(VectorFailure::of(vector, Some(rule), reason));
        }
    }
}
