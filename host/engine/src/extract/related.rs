//! The related entities of a record: how each is read, and what is found.

use super::column::ColumnId;
use super::reader::{Reader, Tokens};
use crate::json::{JsonError, Scratch, scan};
use crate::rounding::Rounding;

/// Reads the entities of one term for a [`Plan`](super::Plan), through their own field map.
#[derive(Debug)]
pub struct RelatedPlan {
    pub(super) reader: Reader,
    pub(super) term: usize,
    /// The index of the term's first column.
    pub(super) first_column: usize,
    /// The JSON pointer of each of the term's columns.
    pub(super) pointers: Vec<Option<String>>,
}

/// The entity of a term for one record.
#[derive(Clone, Copy, Debug)]
pub enum Related<'a> {
    /// None: all its fields are absent. The caller decides whether rules that need it can run.
    Absent,
    /// An entity.
    Entity(&'a RelatedPlan, Tokens<'a>),
    /// The text of a list of entities, which may be empty. It can only be read as `json`, whatever the name of the input. For inputs
    /// of any other kind it is a value of the wrong kind.
    List(&'a str),
}

impl RelatedPlan {
    /// Reads the text of a term: an object is an entity, an array is a list, `null` is none.
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
    pub fn pointer(&self, column: ColumnId) -> Option<&str> {
        let index = column.index().checked_sub(self.first_column)?;
        self.pointers.get(index)?.as_deref()
    }

    /// How a column's values are rounded; none if they are not, or if the column is not one of this term's.
    #[must_use]
    pub fn rounding(&self, column: ColumnId) -> Option<Rounding> {
        let index = column.index().checked_sub(self.first_column)?;
        self.reader.fields.get(index)?.rounding
    }
}
