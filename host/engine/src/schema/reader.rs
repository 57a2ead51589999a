//! Reads a schema: once for what it checks, and for what that costs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::document::Document;
use super::draft::{ANNOTATIONS, CHECKING, Draft};
use super::format::Format;
use super::graph::{Graph, Subschema};
use super::limits::{MAX_PATTERN_SIZES, MAX_PATTERNS, MAX_SUBSCHEMAS, MAX_WARNINGS};
use super::pattern::{NoPattern, Pattern, PatternCache};
use super::problem::Problem;
use super::program::{Assertion, Check, Compiled, Index, Program};
use super::resources::{Resources, Target, below};
use super::steps::count;
use super::warning::{Formats, SchemaWarning as Warning};
use crate::excerpt::{Excerpt, nearest};
use crate::json::Branch;

mod assertion;
mod group;
mod keyword;
mod value;

/// The cost of a subschema without keywords.
const SUBSCHEMA: u64 = 8;
/// The cost of a keyword without a cost of its own.
const KEYWORD: u64 = 4;
/// The cost of finding one member.
const LOOKUP: u64 = 8;
/// The cost of a step of a search among sorted names or values.
const SEARCH: u64 = 4;
/// The cost of reading a number, beside its bytes.
const NUMBER: u64 = 24;
/// The cost of passing one member or item.
const CHILD: u64 = 12;

/// A schema that was read.
pub(super) struct Read<'d> {
    pub(super) program: Program,
    pub(super) graph: Graph<'d>,
    /// What its author should know, with the positions.
    pub(super) warnings: Vec<Warning>,
}

/// Reads the schema of a file, with all that it refers to.
pub(super) fn read<'d>(
    (index, document): (usize, &Document),
    resources: &Resources<'d>,
    formats: &[Formats],
    documents: &[Document],
    patterns: &mut PatternCache,
) -> Result<Read<'d>, Problem> {
    let Some(root) = resources.root(&document.id) else { return Err(Problem::NoId) };
    let mut reader = Reader {
        resources,
        documents,
        formats,
        program: Program::default(),
        subschemas: Vec::new(),
        indices: HashMap::new(),
        unread: Vec::new(),
        patterns,
        used: HashSet::new(),
        size: 0,
        warnings: Vec::new(),
        file: document.file.clone(),
        own_document: index,
    };
    reader.subschema(root, document.id.clone(), String::new())?;
    while let Some(unread) = reader.unread.pop() {
        reader.read(unread)?;
    }
    let graph = Graph { subschemas: reader.subschemas };
    Ok(Read { program: reader.program, graph, warnings: reader.warnings })
}

struct Reader<'r, 'd> {
    resources: &'r Resources<'d>,
    documents: &'r [Document],
    /// What becomes of `format`, for each of them.
    formats: &'r [Formats],
    program: Program,
    subschemas: Vec<Subschema<'d>>,
    /// The subschema at each place, so that one that several references name is read once.
    indices: HashMap<usize, Index>,
    unread: Vec<Unread<'d>>,
    patterns: &'r mut PatternCache,
    /// The patterns of this schema.
    used: HashSet<Box<str>>,
    /// Their size when compiled.
    size: usize,
    warnings: Vec<Warning>,
    /// The file that is read, and its index.
    file: Excerpt,
    own_document: usize,
}

/// A subschema that is still to be read.
struct Unread<'d> {
    index: Index,
    target: Target<'d>,
    base: String,
}

/// A subschema that is being read.
struct Open<'d> {
    document: usize,
    draft: Draft,
    base: String,
    value: Branch<'d>,
    edges: Subschema<'d>,
    checks: Vec<Check>,
}

impl<'d> Reader<'_, 'd> {
    /// The index of a subschema, which is read later.
    fn subschema(&mut self, target: Target<'d>, base: String, pointer: String) -> Result<Index, Problem> {
        let identity = target.value.identity();
        if let Some(index) = self.indices.get(&identity) {
            return Ok(*index);
        }
        if !target.value.is_object() && target.value.boolean().is_none() {
            return Err(Problem::shape(&pointer, "a schema, which is an object or a boolean"));
        }
        if self.subschemas.len() == MAX_SUBSCHEMAS {
            return Err(Problem::TooManySubschemas);
        }
        let index = self.subschemas.len();
        self.subschemas.push(Subschema { pointer, ..Subschema::default() });
        self.program.subschemas.push(Compiled::default());
        self.indices.insert(identity, index);
        self.unread.push(Unread { index, target, base });
        Ok(index)
    }

    fn read(&mut self, Unread { index, target, base }: Unread<'d>) -> Result<(), Problem> {
        let mut edges = self.subschemas.get_mut(index).map(std::mem::take).unwrap_or_default();
        edges.own.value = SUBSCHEMA;
        let draft = self.documents.get(target.document).map(|document| document.draft).unwrap_or_default();
        let base = self.resources.base(target.value).map_or(base, str::to_owned);
        let mut open = Open { document: target.document, draft, base, value: target.value, edges, checks: Vec::new() };
        if target.value.boolean() == Some(false) {
            open.checks.push(Check::Assert(Assertion::Never));
        } else if draft == Draft::Draft7 && target.value.member("$ref").is_some() {
            // In draft-07 nothing beside a reference counts.
            for (keyword, value) in target.value.children() {
                let at = below(&open.edges.pointer, keyword);
                if keyword == "$ref" {
                    self.keyword(&mut open, keyword, value, &at)?;
                } else if CHECKING.contains(&keyword) {
                    let (at, keyword) = (Excerpt::of(&at), Excerpt::of(keyword));
                    self.warn(&open, |file| Warning::BesideReference { file, at, keyword });
                }
            }
        } else {
            self.keywords(&mut open)?;
        }
        let Open { mut edges, checks, .. } = open;
        edges.own.value += KEYWORD * count(checks.len());
        if let Some(compiled) = self.program.subschemas.get_mut(index) {
            *compiled = Compiled { checks, own: edges.own };
        }
        if let Some(entry) = self.subschemas.get_mut(index) {
            *entry = edges;
        }
        Ok(())
    }

    fn keywords(&mut self, open: &mut Open<'d>) -> Result<(), Problem> {
        for (keyword, value) in open.value.children() {
            let at = below(&open.edges.pointer, keyword);
            if open.draft.knows(keyword) || keyword == "dependencies" {
                self.keyword(open, keyword, value, &at)?;
            } else {
                self.unknown(open, keyword, &at);
            }
        }
        self.alone(open);
        self.members(open)?;
        self.items(open)?;
        self.condition(open)?;
        self.unevaluated(open)
    }

    fn pattern(&mut self, text: &str, at: &str) -> Result<Arc<Pattern>, Problem> {
        if self.used.len() == MAX_PATTERNS && !self.used.contains(text) {
            return Err(Problem::TooManyPatterns);
        }
        let compiled = self.patterns.compile(text).map_err(|error| match error {
            NoPattern::Refused(refusal) => Problem::pattern(at, text, refusal),
            NoPattern::TooMany => Problem::TooManyPatternsInRelease,
        })?;
        if self.used.insert(Box::from(text)) {
            self.size += compiled.size;
        }
        if self.size > MAX_PATTERN_SIZES {
            return Err(Problem::TooManyPatterns);
        }
        Ok(compiled)
    }

    /// The format that is to be checked, if any.
    fn format(&mut self, open: &Open<'d>, name: &str, at: &str) -> Option<Format> {
        let format = Format::of(name);
        let formats = self.formats.get(open.document).copied().unwrap_or_default();
        match (formats, format) {
            (Formats::Ignored, _) => None,
            (Formats::Asserted, Some(format)) => Some(format),
            (Formats::Asserted, None) => {
                let nearest = Format::nearest(name);
                self.warn(open, |file| Warning::UnknownFormat {
                    file,
                    at: Excerpt::of(at),
                    format: Excerpt::of(name),
                    nearest,
                });
                None
            }
            (Formats::Unstated, _) => {
                self.warn(open, |file| Warning::UncheckedFormat {
                    file,
                    at: Excerpt::of(at),
                    format: Excerpt::of(name),
                });
                None
            }
        }
    }

    /// Warns of keywords that only say more of others.
    fn alone(&mut self, open: &Open<'d>) {
        let value = open.value;
        let has = |keyword: &str| value.member(keyword).is_some();
        let has_positions = value.member("items").is_some_and(Branch::is_array);
        for (keyword, needed, is_needed) in [
            ("then", "`if`", has("if")),
            ("else", "`if`", has("if")),
            ("if", "`then` or `else`", has("then") || has("else")),
            ("minContains", "`contains`", has("contains")),
            ("maxContains", "`contains`", has("contains")),
            ("additionalItems", "a list of `items`", has_positions),
        ] {
            if has(keyword) && !is_needed && open.draft.knows(keyword) {
                let at = Excerpt::of(&below(&open.edges.pointer, keyword));
                self.warn(open, |file| Warning::Alone { file, at, keyword, needed });
            }
        }
    }

    fn unknown(&mut self, open: &Open<'d>, keyword: &str, at: &str) {
        let (at, draft) = (Excerpt::of(at), open.draft);
        let is_known = [Draft::Draft7, Draft::Draft201909, Draft::Draft202012].iter().any(|draft| draft.knows(keyword));
        if is_known {
            let keyword = Excerpt::of(keyword);
            self.warn(open, |file| Warning::NoEffect { file, at, keyword, draft: draft.name() });
        } else if !keyword.starts_with("x-") {
            let known = CHECKING.iter().chain(&ANNOTATIONS).copied();
            let nearest = nearest(keyword, known.filter(|known| draft.knows(known)));
            let keyword = Excerpt::of(keyword);
            self.warn(open, |file| Warning::UnknownKeyword { file, at, keyword, nearest });
        }
    }

    /// Notes a warning about the file itself. Those about others come with these.
    fn warn(&mut self, open: &Open<'d>, warning: impl FnOnce(Excerpt) -> Warning) {
        if open.document == self.own_document && self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning(self.file.clone()));
        }
    }
}
