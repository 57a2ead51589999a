//! What two releases say on the same vectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_engine::Release;

use super::report::{Said, VectorsError};
use super::run::Bench;
use super::vector::{Vector, VectorLimits};

/// What the rules of a release say on vectors, whatever those expect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdicts(BTreeMap<Case, Said>);

/// One rule on one vector.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Case {
    file: Arc<str>,
    vector: Arc<str>,
    rule: Arc<str>,
}

/// A rule that another release says otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The file of the vector.
    pub file: String,
    /// The vector's name.
    pub vector: String,
    /// The rule.
    pub rule: String,
    /// What the old release says.
    pub old: Said,
    /// What the new one says; none if it says nothing: it does not list the rule for this record, or cannot judge the record.
    pub new: Option<Said>,
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
            verdicts.insert(Case { file: Arc::clone(&vector.file), vector: Arc::clone(&name), rule }, kept.said);
        }
    }
    Ok(Verdicts(verdicts))
}

/// The verdicts that are not the same, by status and code, in a newer release. What only the newer one says is no difference.
#[must_use]
pub fn differences(old: &Verdicts, new: &Verdicts) -> Vec<Difference> {
    let different = |(case, said): (&Case, &Said)| {
        let other = new.0.get(case);
        let is_same = other.is_some_and(|other| other.agrees_with(said));
        (!is_same).then(|| Difference {
            file: case.file.to_string(),
            vector: case.vector.to_string(),
            rule: case.rule.to_string(),
            old: said.clone(),
            new: other.cloned(),
        })
    };
    old.0.iter().filter_map(different).collect()
}

impl Verdicts {
    /// What a rule says on a vector; none if nothing.
    #[must_use]
    pub fn get(&self, vector: &Vector, rule: &str) -> Option<&Said> {
        let (file, vector, rule) = (Arc::clone(&vector.file), Arc::from(vector.name.as_str()), Arc::from(rule));
        self.0.get(&Case { file, vector, rule })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
