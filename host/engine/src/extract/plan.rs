//! The plan by which records are read.

use std::collections::HashMap;
use std::ops::Range;

use jurat_model::{Input, Kind};
use thiserror::Error;

use super::column::{ColumnId, ColumnSource};
use super::reader::{Reader, Tokens};
use super::related::RelatedPlan;
use crate::field_map::{FieldMap, KindMismatch, Path};
use crate::json::{JsonError, Paths, Scratch};
use crate::rounding::Rounding;

/// Reads the records of one schema for a set of inputs.
///
/// # Limits
/// Made for one field map. A record whose schema leads to another field map needs another plan; all plans accept and refuse
/// the same texts, so a record may be scanned with any of them to learn its schema (see `captures` of [`Plan::new`]).
#[derive(Debug)]
pub struct Plan {
    pub(super) record: Reader,
    pub(super) columns: Vec<PlannedColumn>,
    /// One for each term that inputs name, in the order of their columns.
    pub(super) terms: Vec<Term>,
    inputs: HashMap<Name, ColumnId>,
    /// What the columns take without a row.
    pub(super) empty_size: u64,
    /// What the values of a row take besides their texts.
    pub(super) fixed_row_size: u64,
}

/// An input cannot be read with the field map.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("input `{input}`")]
pub struct PlanError {
    /// The input, as messages name it.
    pub input: String,
    /// Why.
    #[source]
    pub mismatch: KindMismatch,
}

#[derive(Debug)]
pub(super) struct PlannedColumn {
    pub(super) kind: Kind,
    pub(super) source: ColumnSource,
    pointer: Option<String>,
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) name: String,
    pub(super) columns: Range<usize>,
    /// The inputs that the columns stand for.
    pub(super) inputs: Vec<(String, Kind)>,
}

/// What makes two inputs the same but for being required.
type Name = (Option<String>, String, Kind);

impl Plan {
    /// A plan for the inputs of all rules in play, in which the same input may occur many times.
    ///
    /// `captures` are paths whose tokens are wanted besides, in every record: what the schema, the entity type and the id are
    /// read from. See [`Tokens::capture`].
    ///
    /// # Errors
    /// With every input whose kind does not fit its field.
    pub fn new<'a>(
        map: &FieldMap,
        inputs: impl IntoIterator<Item = &'a Input>,
        captures: &[Path],
    ) -> Result<Self, Vec<PlanError>> {
        let mut sorted = Sorted::default();
        let mut errors = Vec::new();
        for input in inputs {
            // Inputs of related entities are checked against the field map of those, when it is known.
            let checked = if input.of.is_some() { Ok(()) } else { check(map, input) };
            match checked {
                Ok(()) => sorted.add(input),
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }

        let mut paths = Paths::default();
        let captures = captures.iter().map(|path| paths.add(path.steps())).collect();
        let mut record = Reader { paths, captures, ..Reader::default() };
        let mut columns = Vec::new();
        let mut ids = HashMap::new();
        for (name, kind) in sorted.record {
            let field = map.field(&name);
            let column = record.position(field, kind).unwrap_or_else(|| {
                record.add(field, kind);
                let pointer = field.map(|field| field.path.pointer());
                columns.push(PlannedColumn { kind, source: ColumnSource::Record, pointer });
                columns.len() - 1
            });
            ids.insert((None, name, kind), id(column));
        }
        if let Some(name) = sorted.now {
            ids.insert((None, name, Kind::Timestamp), id(columns.len()));
            columns.push(PlannedColumn { kind: Kind::Timestamp, source: ColumnSource::Now, pointer: None });
        }
        let mut terms = Vec::new();
        for (term, inputs) in sorted.related {
            let first = columns.len();
            for (name, kind) in &inputs {
                ids.insert((Some(term.clone()), name.clone(), *kind), id(columns.len()));
                columns.push(PlannedColumn { kind: *kind, source: ColumnSource::Related(terms.len()), pointer: None });
            }
            terms.push(Term { name: term, columns: first..columns.len(), inputs });
        }
        let texts = columns.iter().filter(|column| matches!(column.kind, Kind::Text | Kind::Json)).count();
        let empty_size = texts as u64 * 4;
        let fixed_row_size = columns.iter().map(|column| width(column.kind)).sum();
        Ok(Self { record, columns, terms, inputs: ids, empty_size, fixed_row_size })
    }

    /// The plan for the entities behind `term` whose schema leads to `map`; none if no input names the term.
    ///
    /// # Errors
    /// With every input whose kind does not fit its field.
    pub fn related(&self, term: &str, map: &FieldMap) -> Result<Option<RelatedPlan>, Vec<PlanError>> {
        let found = self.terms.iter().enumerate().find(|(_, other)| other.name == term);
        let Some((index, Term { inputs, columns, .. })) = found else { return Ok(None) };
        let mut errors = Vec::new();
        let mut reader = Reader::default();
        let mut pointers = Vec::with_capacity(inputs.len());
        for (name, kind) in inputs {
            let input = Input { name: name.clone(), of: Some(term.to_owned()), kind: *kind, required: false };
            errors.extend(check(map, &input).err());
            let field = map.field(name);
            reader.add(field, *kind);
            pointers.push(field.map(|field| field.path.pointer()));
        }
        let plan = RelatedPlan { reader, term: index, first_column: columns.start, pointers };
        if errors.is_empty() { Ok(Some(plan)) } else { Err(errors) }
    }

    /// Reads a record: checks all of it and finds the planned values.
    ///
    /// # Errors
    /// When the record is not one JSON object that is accepted; see `json::scan`.
    pub fn scan<'a>(&'a self, record: &'a [u8], scratch: &'a mut Scratch) -> Result<Tokens<'a>, JsonError> {
        self.record.scan(record, scratch)
    }

    /// The column that an input is read from; none if the plan was made without the input.
    #[must_use]
    pub fn column(&self, input: &Input) -> Option<ColumnId> {
        self.inputs.get(&(input.of.clone(), input.name.clone(), input.kind)).copied()
    }

    /// The columns of a rule's inputs, in their order; none if the plan was made without one of them.
    #[must_use]
    pub fn columns_of(&self, inputs: &[Input]) -> Option<Vec<ColumnId>> {
        inputs.iter().map(|input| self.column(input)).collect()
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The source of a column's values.
    #[must_use]
    pub fn source(&self, column: ColumnId) -> Option<ColumnSource> {
        self.columns.get(column.index()).map(|column| column.source)
    }

    /// The JSON pointer at which a column's values lie in the record; none if they do not come from it, or if the field map does
    /// not say where.
    #[must_use]
    pub fn pointer(&self, column: ColumnId) -> Option<&str> {
        self.columns.get(column.index())?.pointer.as_deref()
    }

    /// How a column's values are rounded; none if they are not, or if they do not come from the record.
    #[must_use]
    pub fn rounding(&self, column: ColumnId) -> Option<Rounding> {
        self.record.fields.get(column.index())?.rounding
    }

    /// The terms that inputs name: what has to be fetched, and the order in which [`ChunkBuilder::add`](super::ChunkBuilder::add)
    /// takes it.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &str> {
        self.terms.iter().map(|term| &*term.name)
    }
}

/// The inputs, each once, by where they come from.
#[derive(Default)]
struct Sorted {
    record: Vec<(String, Kind)>,
    now: Option<String>,
    related: Vec<(String, Vec<(String, Kind)>)>,
}

impl Sorted {
    fn add(&mut self, input: &Input) {
        let group = match &input.of {
            None if input.is_now() => {
                self.now = Some(input.name.clone());
                return;
            }
            None => &mut self.record,
            Some(term) => {
                let index = self.related.iter().position(|(other, _)| other == term).unwrap_or_else(|| {
                    self.related.push((term.clone(), Vec::new()));
                    self.related.len() - 1
                });
                #[expect(clippy::indexing_slicing, reason = "the term was found or added")]
                &mut self.related[index].1
            }
        };
        if !group.iter().any(|(name, kind)| *name == input.name && *kind == input.kind) {
            group.push((input.name.clone(), input.kind));
        }
    }
}

fn check(map: &FieldMap, input: &Input) -> Result<(), PlanError> {
    map.check(input).map_err(|mismatch| PlanError { input: input.to_string(), mismatch })
}

/// What one value takes at most, with its bit of the bitmap rounded up, and the text of a text apart.
fn width(kind: Kind) -> u64 {
    1 + match kind {
        Kind::Boolean => 1,
        Kind::Date | Kind::Text | Kind::Json => 4,
        Kind::Integer | Kind::Number | Kind::Timestamp => 8,
        Kind::Decimal => 17,
    }
}

fn id(index: usize) -> ColumnId {
    // INVARIANT: inputs are counted in thousands; a plan of 2^32 columns cannot be built.
    ColumnId(u32::try_from(index).unwrap_or(u32::MAX))
}
