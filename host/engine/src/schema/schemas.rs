//! The schemas of a release.

use std::collections::{BTreeMap, HashMap};

use super::compiled::{Records, Schema};
use super::document::{Document, without_fragment};
use super::limits::{MAX_RECORD_DEPTH, MAX_SCHEMAS};
use super::pattern::PatternCache;
use super::problem::{Problem, SchemaError};
use super::resources::Resources;
use super::verdict::SchemaVerdict;
use super::warning::{Formats, SchemaWarning};
use crate::excerpt::{Excerpt, nearest};
use crate::json::{Branch, Shape, Tree, TreeError, TreeScratch};
use crate::schema_url::SchemaUrl;

/// The schemas of a release, ready to use. They never change, and any number of threads may use them at once.
#[derive(Debug)]
pub struct Schemas {
    all: Vec<Schema>,
    /// The index of each among all, by its `$id` and by its other URLs.
    by_url: HashMap<String, usize>,
    /// The schema of the highest version for each URL without its version, and major version, if it stands in for others.
    newest: HashMap<(String, u32), usize>,
    warnings: Vec<SchemaWarning>,
}

/// How the schemas of a release are used.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SchemaOptions {
    /// Other URLs under which records may name a schema, each with its `$id`.
    pub aliases: BTreeMap<String, String>,
    /// What becomes of `format`, by the `$id` of the schema.
    pub formats: BTreeMap<String, Formats>,
    /// Whether the highest version with the same major version, and the same URL otherwise, stands in for a schema that the release does
    /// not have.
    pub minor_fallback: bool,
}

/// The buffers of a check, which the next one uses again: nothing is allocated for a record that follows its schema, once the
/// buffers have grown to the size of the records.
#[derive(Debug, Default)]
pub struct SchemaScratch {
    tree: TreeScratch,
    /// The index of the schema of the last record. It is tried first.
    last: usize,
}

impl Schemas {
    /// Reads and compiles the schemas of a release, given as file names and contents.
    ///
    /// # Errors
    /// The first thing that is wrong with each file; two files with the same `$id`, and options about schemas that there are not, are
    /// wrong too.
    pub fn compile(files: &[(&str, &[u8])], options: &SchemaOptions) -> Result<Self, Vec<SchemaError>> {
        let mut errors = Vec::new();
        let documents = read(files, &mut errors);
        let trees: Vec<Tree<'_>> = documents.iter().map(Document::tree).collect();
        let (resources, problems) = Resources::find(&documents, &trees);
        let of = |index: usize| documents.get(index).map_or_else(|| Excerpt::of(""), |document| document.file.clone());
        errors.extend(problems.into_iter().map(|(index, problem)| SchemaError { file: of(index), problem }));
        let mut all = Vec::new();
        let mut warnings = Vec::new();
        let mut patterns = PatternCache::default();
        let stated = |document: &Document| {
            let found = options.formats.iter().find(|(id, _)| without_fragment(id) == document.id);
            found.map(|(_, formats)| *formats).unwrap_or_default()
        };
        let formats: Vec<Formats> = documents.iter().map(stated).collect();
        if errors.is_empty() {
            for (index, document) in documents.iter().enumerate() {
                match Schema::compile((index, document), &documents, &resources, &formats, &mut patterns) {
                    Ok((schema, found)) => {
                        all.push(schema);
                        warnings.extend(found);
                    }
                    Err(problem) => {
                        // Nothing further would be told.
                        let is_last = problem == Problem::TooManyPatternsInRelease;
                        errors.push(SchemaError { file: document.file.clone(), problem });
                        if is_last {
                            break;
                        }
                    }
                }
            }
        }
        let mut by_url: HashMap<String, usize> =
            documents.iter().enumerate().map(|(index, document)| (document.id.clone(), index)).collect();
        let newest = if options.minor_fallback { newest(&documents) } else { HashMap::new() };
        let known = || documents.iter().map(|document| document.id.as_str());
        let unknown = |key: &str, url: &str| SchemaError {
            file: Excerpt::of(&format!("business-config.yaml: {key}")),
            problem: Problem::UnknownId { id: Excerpt::of(url), nearest: nearest(url, known()).map(Excerpt::of) },
        };
        for (alias, id) in &options.aliases {
            let index = documents.iter().position(|document| document.id == without_fragment(id));
            match index {
                None => errors.push(unknown("schema_aliases", id)),
                Some(index) => match by_url.insert(without_fragment(alias).to_owned(), index) {
                    Some(other) if other != index => errors.push(SchemaError {
                        file: Excerpt::of("business-config.yaml: schema_aliases"),
                        problem: Problem::AliasIsId { alias: Excerpt::of(alias), file: of(other) },
                    }),
                    _ => {}
                },
            }
        }
        errors.extend(
            options
                .formats
                .keys()
                .filter(|id| !known().any(|known| known == without_fragment(id)))
                .map(|id| unknown("schema_formats", id)),
        );
        if errors.is_empty() { Ok(Self { all, by_url, newest, warnings }) } else { Err(errors) }
    }

    /// The same, with schemas that know which records they are for. The release knows some entity types, whatever URLs say, and has rules
    /// or field maps for some URLs.
    pub(crate) fn for_records(mut self, is_known: impl Fn(&str) -> bool, is_listed: impl Fn(&str) -> bool) -> Self {
        for schema in &mut self.all {
            let named = SchemaUrl::parse(&schema.id).entity_type;
            let (is_known, is_listed) = (named.is_some_and(&is_known), is_listed(&schema.id));
            schema.records = Records { named: named.map(Box::from), is_known, is_listed };
        }
        for (url, index) in &self.by_url {
            if let Some(schema) = self.all.get_mut(*index).filter(|schema| schema.id != *url) {
                schema.records.is_listed = true;
            }
        }
        self
    }

    /// The URLs that records may name schemas by, in no order: the `$id`s and their aliases.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.by_url.keys().map(String::as_str)
    }

    /// Whether there is a schema with this `$id` or alias. An empty fragment, `#`, is ignored.
    #[must_use]
    pub fn contains(&self, url: &str) -> bool {
        self.by_url.contains_key(without_fragment(url))
    }

    /// What the authors of the schemas should know although they can be used.
    #[must_use]
    pub fn warnings(&self) -> &[SchemaWarning] {
        &self.warnings
    }

    /// Checks a record, a JSON text that has been found valid, against the schema that its `$schema` names. If it must be of an entity
    /// type, it is only checked against a schema for such records. Of what is wrong, the first `most` mistakes are told.
    ///
    /// # Limits
    /// The work is at most [`BASE_STEPS`](super::BASE_STEPS) and [`STEPS_PER_BYTE`](super::STEPS_PER_BYTE) for each byte of the
    /// record, with what it takes to tell what is wrong. Nothing interrupts a check that has begun.
    #[must_use]
    pub fn check(
        &self,
        record: &str,
        entity_type: Option<&str>,
        most: usize,
        scratch: &mut SchemaScratch,
    ) -> SchemaVerdict {
        match scratch.tree.read(record) {
            Ok(()) => {}
            Err(TreeError::Number) => {
                let reason = "the exponent of a number is too long to be computed with".to_owned();
                return SchemaVerdict::Unchecked { reason, code: "number_too_long" };
            }
            // The text is valid: nothing else can be wrong with it.
            Err(TreeError::Depth | TreeError::Syntax) => {
                let reason = format!("the record is nested deeper than {MAX_RECORD_DEPTH} levels");
                return SchemaVerdict::Unchecked { reason, code: "too_deep" };
            }
        }
        let tree = scratch.tree.tree(record);
        let url = match tree.root().and_then(|root| root.member("$schema")).map(Branch::shape) {
            Some(Shape::Text(url)) => without_fragment(url),
            Some(_) => return SchemaVerdict::NoSchema { pointer: "/$schema", reason: "is not text" },
            None => {
                return SchemaVerdict::NoSchema {
                    pointer: "",
                    reason: "has no member `$schema` that names its schema",
                };
            }
        };
        let last = self.all.get(scratch.last).filter(|schema| schema.id == url).map(|_| scratch.last);
        let found = last.or_else(|| self.by_url.get(url).copied()).or_else(|| self.stand_in(url));
        match found.and_then(|index| self.all.get(index).map(|schema| (index, schema))) {
            Some((index, schema)) => match entity_type.filter(|entity_type| !schema.records.have(entity_type)) {
                Some(entity_type) => SchemaVerdict::Unchecked {
                    reason: format!(
                        "schema `{}` is not one for records of the type `{}`",
                        Excerpt::of(url),
                        Excerpt::of(entity_type)
                    ),
                    code: "unknown_schema",
                },
                None => {
                    scratch.last = index;
                    schema.check(record, &scratch.tree, most)
                }
            },
            None => SchemaVerdict::Unchecked {
                reason: format!("the release has no schema `{}`", Excerpt::of(url)),
                code: "unknown_schema",
            },
        }
    }

    #[cold]
    fn stand_in(&self, url: &str) -> Option<usize> {
        if self.newest.is_empty() {
            return None;
        }
        self.newest.get(&(without_version(url)?, SchemaUrl::parse(url).version?.major)).copied()
    }
}

/// Reads the files.
fn read(files: &[(&str, &[u8])], errors: &mut Vec<SchemaError>) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    for (index, (file, bytes)) in files.iter().enumerate() {
        let file = Excerpt::of(file);
        if index == MAX_SCHEMAS {
            errors.push(SchemaError { file, problem: Problem::TooManySchemas });
            break;
        }
        let problem = match Document::read(&file, bytes) {
            Err(problem) => problem,
            Ok(document) => match documents.iter().find(|other| other.id == document.id) {
                Some(other) => Problem::DuplicateId { file: other.file.clone() },
                None => {
                    documents.push(document);
                    continue;
                }
            },
        };
        errors.push(SchemaError { file, problem });
    }
    documents
}

/// A URL without its version: versions of one schema have the same. None if it has no version.
fn without_version(url: &str) -> Option<String> {
    let is_version = |text: &str| text.starts_with(|digit: char| digit.is_ascii_digit());
    let mut starts = url.rmatch_indices(['/', '.']).map(|(at, _)| at + 1);
    let start =
        starts.find(|start| url.get(*start..).and_then(|text| text.strip_prefix('v')).is_some_and(is_version))?;
    let (before, version) = url.split_at_checked(start)?;
    let end = version.find(|letter: char| !matches!(letter, 'v' | '.' | '0'..='9')).unwrap_or(version.len());
    // A dot behind the version begins the ending of the file's name.
    let end = version.get(..end).map_or(end, |text| text.trim_end_matches('.').len());
    Some(format!("{before}*{}", version.get(end..).unwrap_or_default()))
}

/// The schema of the highest version for each URL without its version, and major version.
fn newest(documents: &[Document]) -> HashMap<(String, u32), usize> {
    let mut versions: Vec<_> = documents
        .iter()
        .enumerate()
        .filter_map(|(index, document)| {
            Some((SchemaUrl::parse(&document.id).version?, without_version(&document.id)?, index))
        })
        .collect();
    versions.sort_unstable();
    // Later entries replace earlier ones, so that the highest version is left.
    versions.into_iter().map(|(version, url, index)| ((url, version.major), index)).collect()
}
