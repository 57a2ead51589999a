//! The verdicts of two releases on the same vectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_engine::Release;

use super::report::{BriefVerdict, VectorsError};
use super::run::Bench;
use super::vector::{Vector, VectorLimits};

/// The verdicts of a release on vectors, whatever those expect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdicts(BTreeMap<Case, BriefVerdict>);

/// One rule on one vector.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Case {
    file: Arc<str>,
    vector: Arc<str>,
    rule: Arc<str>,
}

/// A difference between the verdicts of two releases.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The file of the vector.
    pub file: String,
    /// The vector's name.
    pub vector: String,
    /// The rule.
    pub rule: String,
    /// The old verdict.
    pub old: BriefVerdict,
    /// The new verdict; none if the new release does not list the rule for this record, or cannot judge the record.
    pub new: Option<BriefVerdict>,
}

/// Judges the records of vectors, each alone, on a thread of their own. Records that cannot be judged have no verdicts.
///
/// # Errors
/// When there are more than the limits allow, or they take longer.
pub fn judge(release: &Arc<Release>, vectors: &[Vector], limits: &VectorLimits) -> Result<Verdicts, VectorsError> {
    let mut bench = Bench::open(release, vectors, limits)?;
    let mut verdicts = BTreeMap::new();
    for vector in vectors {
        let name: Arc<str> = Arc::from(vector.name.as_str());
        let Ok(judged) = bench.alone(vector)? else { continue };
        for (rule, kept) in judged.rules {
            verdicts.insert(Case { file: Arc::clone(&vector.file), vector: Arc::clone(&name), rule }, kept.verdict);
        }
    }
    Ok(Verdicts(verdicts))
}

/// The verdicts that are not the same, by status and code, in a newer release. A verdict of the newer one only is not a difference.
#[must_use]
pub fn differences(old: &Verdicts, new: &Verdicts) -> Vec<Difference> {
    let different = |(case, verdict): (&Case, &BriefVerdict)| {
        let other = new.0.get(case);
        let is_same = other.is_some_and(|other| other.agrees_with(verdict));
        (!is_same).then(|| Difference {
            file: case.file.to_string(),
            vector: case.vector.to_string(),
            rule: case.rule.to_string(),
            old: verdict.clone(),
            new: other.cloned(),
        })
    };
    old.0.iter().filter_map(different).collect()
}

impl Verdicts {
    /// The verdict of a rule on a vector, if there is one.
    #[must_use]
    pub fn get(&self, vector: &Vector, rule: &str) -> Option<&BriefVerdict> {
        let (file, vector, rule) = (Arc::clone(&vector.file), Arc::from(vector.name.as_str()), Arc::from(rule));
        self.0.get(&Case { file, vector, rule })
    }

    /// The number of verdicts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no verdicts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
