//! What is read of a record, and how.

use std::collections::HashMap;
use std::ops::Range;

use jurat_model::{Input, Kind};
use thiserror::Error;

use crate::field_map::{Field, FieldMap, KindMismatch, Path};
use crate::json::{JsonError, Paths, Scratch, Span, scan};

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

/// Reads the entities behind one term for a [`Plan`], through a field map of theirs.
#[derive(Debug)]
pub struct RelatedPlan {
    pub(super) reader: Reader,
    pub(super) term: usize,
    /// The JSON pointer of each of the term's columns.
    pointers: Vec<Option<String>>,
}

/// The place of a column in the chunks of a plan.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ColumnId(pub(super) u32);

impl ColumnId {
    /// The place as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// The record.
    Record,
    /// The run: its time, the same in all rows.
    Now,
    /// The entity behind a term, by its place in [`Plan::terms`].
    Related(usize),
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

/// What a scan has found in one text, for one plan.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    pub(super) reader: &'a Reader,
    pub(super) text: &'a str,
    pub(super) spans: &'a [Span],
}

/// What stands behind a term for one record.
#[derive(Clone, Copy, Debug)]
pub enum Related<'a> {
    /// Nothing: all its fields are absent. Whether rules that need it can run is for the caller to say.
    Absent,
    /// An entity.
    Entity(&'a RelatedPlan, Tokens<'a>),
    /// A list of entities, or none of them: its text. It can only be read as `json`, whichever name the input has; for inputs of any
    /// other kind it is a value of the wrong kind.
    List(&'a str),
}

/// What is read of one text.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) paths: Paths,
    pub(super) fields: Vec<Reading>,
    /// The slots of the fields that become texts, once for each.
    pub(super) text_slots: Vec<u32>,
    /// The slots of the captured paths.
    captures: Vec<u32>,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// None: the field map does not have it, so it is absent in every record.
    pub(super) slot: Option<u32>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) struct PlannedColumn {
    pub(super) kind: Kind,
    pub(super) source: Source,
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
        let captures = captures.iter().map(|path| paths.add(path.segments())).collect();
        let mut record = Reader { paths, captures, ..Reader::default() };
        let mut columns = Vec::new();
        let mut ids = HashMap::new();
        for (name, kind) in sorted.record {
            let field = map.field(&name);
            let place = record.position(field, kind).unwrap_or_else(|| {
                record.add(field, kind);
                let pointer = field.map(|field| field.path.pointer());
                columns.push(PlannedColumn { kind, source: Source::Record, pointer });
                columns.len() - 1
            });
            ids.insert((None, name, kind), id(place));
        }
        if let Some(name) = sorted.now {
            ids.insert((None, name, Kind::Timestamp), id(columns.len()));
            columns.push(PlannedColumn { kind: Kind::Timestamp, source: Source::Now, pointer: None });
        }
        let mut terms = Vec::new();
        for (term, inputs) in sorted.related {
            let first = columns.len();
            for (name, kind) in &inputs {
                ids.insert((Some(term.clone()), name.clone(), *kind), id(columns.len()));
                columns.push(PlannedColumn { kind: *kind, source: Source::Related(terms.len()), pointer: None });
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
        let Some(place) = self.terms.iter().position(|other| other.name == term) else { return Ok(None) };
        let inputs = self.terms.get(place).map(|term| &*term.inputs).unwrap_or_default();
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
        if errors.is_empty() { Ok(Some(RelatedPlan { reader, term: place, pointers })) } else { Err(errors) }
    }

    /// Reads a record: checks all of it and finds the planned values.
    ///
    /// # Errors
    /// When the record is not one JSON object that is accepted; see [`scan`].
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

    /// Where the values of a column come from.
    #[must_use]
    pub fn source(&self, column: ColumnId) -> Option<Source> {
        self.columns.get(column.index()).map(|column| column.source)
    }

    /// The JSON pointer at which a column's values lie in the record; none if they do not come from it, or if the field map does
    /// not say where.
    #[must_use]
    pub fn pointer(&self, column: ColumnId) -> Option<&str> {
        self.columns.get(column.index())?.pointer.as_deref()
    }

    /// The terms that inputs name: what has to be fetched, and the order in which [`ChunkBuilder::add`](super::ChunkBuilder::add)
    /// takes it.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &str> {
        self.terms.iter().map(|term| &*term.name)
    }
}

impl RelatedPlan {
    /// Reads what stands behind the term: an object is an entity, an array is a list, `null` is nothing.
    ///
    /// # Errors
    /// When the text is not valid, or is another kind of value.
    pub fn scan<'a>(&'a self, text: &'a [u8], scratch: &'a mut Scratch) -> Result<Related<'a>, JsonError> {
        let scanned = scan(text, &self.reader.paths, scratch)?;
        let text = scanned.text.trim_ascii();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                Related::Entity(self, Tokens { reader: &self.reader, text: scanned.text, spans: scanned.spans })
            }
            Some(b'[') => Related::List(text),
            Some(b'n') => Related::Absent,
            _ => return Err(JsonError::not_object(scanned.text)),
        })
    }

    /// The JSON pointer at which a column's values lie in the entity; none if the column is not one of this term's, or if the
    /// field map does not say where.
    #[must_use]
    pub fn pointer(&self, plan: &Plan, column: ColumnId) -> Option<&str> {
        let place = column.index().checked_sub(plan.terms.get(self.term)?.columns.start)?;
        self.pointers.get(place)?.as_deref()
    }
}

impl<'a> Tokens<'a> {
    /// The record, valid UTF-8 and valid JSON.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The token at a captured path, by its place in the `captures` that the plan was made with; none if nothing is there.
    #[must_use]
    pub fn capture(&self, place: usize) -> Option<&'a str> {
        self.spans.get(*self.reader.captures.get(place)? as usize)?.of(self.text)
    }
}

impl Reader {
    fn scan<'a>(&'a self, text: &'a [u8], scratch: &'a mut Scratch) -> Result<Tokens<'a>, JsonError> {
        let scanned = scan(text, &self.paths, scratch)?;
        if !scanned.text.trim_ascii_start().starts_with('{') {
            return Err(JsonError::not_object(scanned.text));
        }
        Ok(Tokens { reader: self, text: scanned.text, spans: scanned.spans })
    }

    /// The place of a field of the given kind among the fields; none if it is not among them yet. Inputs that the field map
    /// does not have share the absent column of their kind.
    fn position(&mut self, field: Option<&Field>, kind: Kind) -> Option<usize> {
        let slot = field.map(|field| self.paths.add(field.path.segments()));
        // The conversion need not be compared: it is what the kind demands.
        self.fields.iter().position(|other| other.slot == slot && other.kind == kind)
    }

    fn add(&mut self, field: Option<&Field>, kind: Kind) {
        let slot = field.map(|field| self.paths.add(field.path.segments()));
        self.fields.push(Reading { slot, kind });
        if matches!(kind, Kind::Text | Kind::Json) {
            self.text_slots.extend(slot);
        }
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
                let place = self.related.iter().position(|(other, _)| other == term).unwrap_or_else(|| {
                    self.related.push((term.clone(), Vec::new()));
                    self.related.len() - 1
                });
                match self.related.get_mut(place) {
                    Some((_, group)) => group,
                    None => return,
                }
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

fn id(place: usize) -> ColumnId {
    // INVARIANT: inputs are counted in thousands; a plan of 2^32 columns cannot be built.
    ColumnId(u32::try_from(place).unwrap_or(u32::MAX))
}
