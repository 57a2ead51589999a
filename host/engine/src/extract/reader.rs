//! The fields that are read of one text, and the tokens that a scan of it finds.

use jurat_model::Kind;

use crate::field_map::Field;
use crate::json::{JsonError, Paths, Scratch, Span, scan};
use crate::rounding::Rounding;

/// The tokens that a scan finds in one text, for one plan.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    pub(super) reader: &'a Reader,
    pub(super) text: &'a str,
    pub(super) spans: &'a [Span],
}

/// The fields that are read of one text.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) paths: Paths,
    pub(super) fields: Vec<ReadField>,
    /// The slots of the fields that become texts, one for each field.
    pub(super) text_slots: Vec<u32>,
    /// The slots of the captured paths.
    pub(super) captures: Vec<u32>,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadField {
    /// None = the field map does not have it: it is absent in every record.
    pub(super) slot: Option<u32>,
    pub(super) kind: Kind,
    pub(super) rounding: Option<Rounding>,
}

impl ReadField {
    /// A whole text, which no field map describes.
    pub(super) fn whole(kind: Kind) -> Self {
        Self { slot: None, kind, rounding: None }
    }

    /// How inputs of a kind round a field. Texts and JSON are read as they are written.
    fn rounding(field: Option<&Field>, kind: Kind) -> Option<Rounding> {
        field.filter(|_| kind == Kind::Decimal)?.rounding
    }
}

impl<'a> Tokens<'a> {
    /// The record, valid UTF-8 and valid JSON.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The token at a captured path, by its index in the `captures` that the plan was made with; none if it is absent.
    #[must_use]
    pub fn capture(&self, index: usize) -> Option<&'a str> {
        self.spans.get(*self.reader.captures.get(index)? as usize)?.of(self.text)
    }
}

impl Reader {
    pub(super) fn scan<'a>(&'a self, text: &'a [u8], scratch: &'a mut Scratch) -> Result<Tokens<'a>, JsonError> {
        let scanned = scan(text, &self.paths, scratch)?;
        if !scanned.text.trim_ascii_start().starts_with('{') {
            return Err(JsonError::not_object(scanned.text));
        }
        Ok(Tokens { reader: self, text: scanned.text, spans: scanned.spans })
    }

    /// The index of a field of the given kind among the fields; none if it is not among them yet. Inputs that the field map does
    /// not have share the absent column of their kind.
    pub(super) fn position(&mut self, field: Option<&Field>, kind: Kind) -> Option<usize> {
        let slot = field.map(|field| self.paths.add(field.path.steps()));
        let rounding = ReadField::rounding(field, kind);
        // The conversion need not be compared: it is what the kind demands.
        self.fields.iter().position(|other| other.slot == slot && other.kind == kind && other.rounding == rounding)
    }

    pub(super) fn add(&mut self, field: Option<&Field>, kind: Kind) {
        let slot = field.map(|field| self.paths.add(field.path.steps()));
        self.fields.push(ReadField { slot, kind, rounding: ReadField::rounding(field, kind) });
        if matches!(kind, Kind::Text | Kind::Json) {
            self.text_slots.extend(slot);
        }
    }
}
