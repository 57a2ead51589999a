//! One schema, compiled.

use std::fmt;

use super::check::{Checker, TooCostly};
use super::cost::{self, Levels};
use super::document::Document;
use super::limits::{BASE_STEPS, STEPS_PER_BYTE};
use super::mistake::{Mistake, Mistakes};
use super::pattern::PatternCache;
use super::problem::Problem;
use super::program::Program;
use super::reader::{self, Read};
use super::resources::Resources;
use super::verdict::SchemaVerdict;
use super::warning::{Formats, SchemaWarning};
use crate::excerpt::Excerpt;
use crate::json::{Branch, TreeScratch};

/// One schema.
pub(super) struct Schema {
    pub(super) id: String,
    pub(super) file: Excerpt,
    /// The records that it is for.
    pub(super) records: Records,
    program: Program,
}

/// The records that a schema is for.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The entity type that its `$id` names.
    pub(super) named: Option<Box<str>>,
    /// Whether the release knows that type otherwise too: what a URL calls an entity type may be anything.
    pub(super) is_known: bool,
    /// Whether the release has rules, a field map or an alias for the schema.
    pub(super) is_listed: bool,
}

impl Records {
    /// Whether records of that entity type may name the schema.
    pub(super) fn have(&self, entity_type: &str) -> bool {
        self.named.as_deref() == Some(entity_type) || !self.is_known && self.is_listed
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Schema").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Schema {
    /// Compiles the schema of a file, with all that it refers to.
    pub(super) fn compile(
        (index, document): (usize, &Document),
        documents: &[Document],
        resources: &Resources<'_>,
        formats: &[Formats],
        patterns: &mut PatternCache,
    ) -> Result<(Self, Vec<SchemaWarning>), Problem> {
        let Read { program, mut graph, mut warnings } =
            reader::read((index, document), resources, formats, documents, patterns)?;
        let levels = cost::measure(&mut graph)?;
        warnings.extend(costly(&levels, &document.file));
        Ok((
            Self { id: document.id.clone(), file: document.file.clone(), records: Records::default(), program },
            warnings,
        ))
    }

    /// Checks a record that has been read.
    pub(super) fn check(&self, record: &str, scratch: &TreeScratch, most: usize) -> SchemaVerdict {
        let tree = scratch.tree(record);
        let Some(root) = tree.root() else { return SchemaVerdict::too_costly() };
        let mut checker = Checker::new(&self.program, budget(record.len()));
        match checker.is_valid(root) {
            Ok(true) => SchemaVerdict::Pass,
            Ok(false) => SchemaVerdict::Fail(mistakes(checker, root, most)),
            Err(TooCostly) => SchemaVerdict::too_costly(),
        }
    }
}

/// What is wrong with a record that does not follow the schema, as far as the steps that are left tell.
#[cold]
fn mistakes(mut checker: Checker<'_>, root: Branch<'_>, most: usize) -> Mistakes {
    let (mut mistakes, outcome) = checker.explain(root, most.max(1));
    if mistakes.list.is_empty() {
        mistakes.list.push(Mistake::unknown());
    } else if outcome.is_err() {
        mistakes.list.push(Mistake::further());
    }
    mistakes
}

/// The steps that are done for a record of so many bytes.
fn budget(bytes: usize) -> u64 {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    BASE_STEPS.saturating_add(bytes.saturating_mul(STEPS_PER_BYTE))
}

/// A warning, if records can need more steps than are done for them.
fn costly(levels: &Levels, file: &Excerpt) -> Option<SchemaWarning> {
    let steps = cost::steps_per_byte(levels);
    (steps > STEPS_PER_BYTE).then(|| SchemaWarning::Costly { file: file.clone(), steps })
}
