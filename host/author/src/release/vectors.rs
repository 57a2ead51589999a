//! The test vectors of a release that is being made: they name existing rules, and they hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use jurat_engine::Release;
use jurat_model::{Excerpt, KeyPath, advice, chain};
use jurat_trust::FileKind;
use jurat_trust::publish::DraftFile;
use jurat_yaml::{Problem, Problems};

use super::check::Checks;
use super::source::ReleaseSource;
use crate::vectors::{self, Report, Vector, VectorLimits};

/// The most rules that a warning names.
const SHOWN: usize = 10;

/// Reads vectors, and checks that the rules and rulesets in them exist. It does not run them.
pub(super) fn read(checks: &Checks<'_>, files: &[DraftFile], problems: &mut Vec<Problem>) -> Vec<Vector> {
    let known: BTreeSet<_> = checks.known().collect();
    let mut vectors = Vec::new();
    for file in files.iter().filter(|file| file.kind == FileKind::Vectors) {
        let name = checks.source.path_of(&file.path);
        let written = match vectors::written(&name, &file.bytes) {
            Ok(written) => written,
            Err(found) => {
                problems.extend(found.iter().cloned());
                continue;
            }
        };
        for (index, vector) in written.iter().enumerate() {
            let path = KeyPath::default().index(index);
            let mut refuse = |key, message| problems.push(Problem { key, ..Problem::of_file(name.clone(), message) });
            if !checks.config.rulesets.contains_key(&vector.ruleset) {
                let advice = advice(&vector.ruleset, checks.config.rulesets.keys().map(String::as_str));
                refuse(path.key("ruleset"), format!("there is no ruleset `{}`{advice}", Excerpt::of(&vector.ruleset)));
            }
            for rule in vector.expect.keys().filter(|rule| !known.contains(rule.as_str())) {
                let advice = advice(rule, known.iter().copied());
                let message = format!("no component has a rule `{}`{advice}", Excerpt::of(rule));
                refuse(path.key("expect").key(rule), message);
            }
        }
        vectors.extend(vectors::read(&name, written, problems));
    }
    vectors
}

/// Runs vectors, and warns about rules that no vector covers.
///
/// # Errors
/// When one does not hold, or they are more than a host would run.
pub(super) fn run(
    source: &ReleaseSource,
    release: &Arc<Release>,
    vectors: &[Vector],
    warnings: &mut Vec<Problem>,
) -> Result<Report, Problems> {
    let report = vectors::run(release, vectors, &VectorLimits::AUTHORS)
        .map_err(|error| Problem::of_file(source.file(), chain(&error)))?;
    if !report.holds() {
        // An input that a rule never sees is a likely cause.
        let mut problems = std::mem::take(warnings);
        problems.extend(report.failures.iter().map(Problem::from));
        if report.more > 0 {
            let message = format!("its test vectors fail in {} more ways", report.more);
            problems.push(Problem::of_file(source.file(), message));
        }
        Problems::none(problems)?;
    }
    let lists = release.router().rulesets().lists();
    let listed: BTreeSet<_> = lists.iter().flat_map(|list| &list.nodes).map(|node| &*node.rule_id).collect();
    let expected: BTreeSet<_> = vectors.iter().flat_map(|vector| vector.expect().keys().map(String::as_str)).collect();
    let missing: Vec<_> = listed.difference(&expected).collect();
    if !missing.is_empty() {
        let mut names: Vec<_> = missing.iter().take(SHOWN).map(|rule| format!("`{}`", Excerpt::of(rule))).collect();
        names.extend((missing.len() > SHOWN).then(|| format!("{} more", missing.len() - SHOWN)));
        let message = format!("no test vector shows what is expected of {}", names.join(", "));
        warnings.push(Problem::of_file(source.file(), message));
    }
    Ok(report)
}
