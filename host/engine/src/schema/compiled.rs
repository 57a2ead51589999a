//! One schema, compiled.

use std::fmt;

use jsonschema::Validator;
use serde_json::Value;

use super::cost::{self, Cost, Levels};
use super::graph::{self, Draft};
use super::limits::{MAX_BYTES, MAX_EXPLAINED, MAX_PATTERN_SIZE, MAX_WORK, RELEASE_PATTERN_SIZES, RELEASE_PATTERNS};
use super::pattern::{self, Patterns};
use super::problem::Problem;
use super::profile::Profile;
use super::reason;
use super::record::Record;
use super::unique;
use super::verdict::SchemaVerdict;
use crate::excerpt::Excerpt;
use crate::json::TreeScratch;

/// One schema.
pub(super) struct Schema {
    pub(super) id: String,
    pub(super) file: Excerpt,
    validator: Validator<Record>,
    costs: Levels,
    /// The highest of each kind of cost.
    dearest: Cost,
    /// Whether the library lists all that is wrong with every alternative before it says what is wrong first.
    has_alternatives: bool,
}

impl fmt::Debug for Schema {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Schema").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Schema {
    pub(super) fn compile(file: &Excerpt, bytes: &[u8], patterns: &mut Patterns) -> Result<Self, Problem> {
        if bytes.len() > MAX_BYTES {
            return Err(Problem::TooLarge);
        }
        let mut root: Value = serde_json::from_slice(bytes)
            .map_err(|error| Problem::Syntax { line: error.line(), column: error.column() })?;
        let members = root.as_object().ok_or(Problem::NoId)?;
        let id = members.get("$id").and_then(Value::as_str).map(without_fragment).filter(|id| !id.is_empty());
        let id = id.ok_or(Problem::NoId)?.to_owned();
        let draft = Draft::of(members)?;
        let graph = graph::read(&root, draft)?;
        let costs = cost::measure(&graph)?;
        let has_alternatives = graph.has_alternatives;
        patterns.count += graph.patterns.count;
        patterns.size += graph.patterns.size;
        if patterns.count > RELEASE_PATTERNS || patterns.size > RELEASE_PATTERN_SIZES {
            return Err(Problem::TooManyPatternsInRelease);
        }
        // Without them no text of the schema is taken for an address.
        if let Some(members) = root.as_object_mut() {
            members.remove("$id");
            members.remove("$schema");
        }
        let validator = jsonschema::options_for::<Record>()
            .with_draft(draft.library())
            .offline()
            .should_validate_formats(false)
            .without_content_encoding_support("base64")
            .without_content_media_type_support("application/json")
            .with_pattern_options(pattern::engine(MAX_PATTERN_SIZE))
            .with_keyword("uniqueItems", unique::keyword)
            .build(&root)
            .map_err(|error| Problem::off_draft(error.instance_path().as_str(), error.kind().keyword()))?;
        let dearest = costs.iter().copied().fold(Cost::default(), Cost::max);
        Ok(Self { id, file: file.clone(), validator, costs, dearest, has_alternatives })
    }

    /// Checks a record that has been read.
    pub(super) fn check(&self, record: &str, scratch: &mut TreeScratch) -> SchemaVerdict {
        let tree = scratch.tree(record);
        let Some(root) = tree.root() else { return reason::somewhere() };
        if Profile::work_at_most(scratch.len(), record.len(), &self.dearest) > MAX_WORK
            && Profile::of(root).is_none_or(|profile| profile.work(&self.costs) > MAX_WORK)
        {
            let reason = "the record is too large for what its schema costs for each value".to_owned();
            return SchemaVerdict::Norun { reason, code: "too_costly" };
        }
        if self.validator.is_valid(root) { SchemaVerdict::Pass } else { self.explain(record, scratch) }
    }

    /// The first error of a record that does not follow the schema, members in the order of their names.
    #[cold]
    fn explain(&self, record: &str, scratch: &mut TreeScratch) -> SchemaVerdict {
        scratch.sort(record);
        let tree = scratch.tree(record);
        let Some(root) = tree.root() else { return reason::somewhere() };
        // The library lists all that is wrong with every alternative.
        if self.has_alternatives
            && Profile::of(root).is_none_or(|profile| profile.evaluations(&self.costs) > MAX_EXPLAINED)
        {
            return reason::somewhere();
        }
        self.validator.validate(root).map_or_else(|error| reason::explain(&error), |()| SchemaVerdict::Pass)
    }
}

/// A URL without its empty fragment, `#`.
pub(super) fn without_fragment(url: &str) -> &str {
    url.strip_suffix('#').unwrap_or(url)
}
