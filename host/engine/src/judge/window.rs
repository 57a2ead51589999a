//! Records of one text that follow each other.

use bytes::Bytes;

use super::error::Bug;
use crate::json::{JsonError, Position};

/// Records of one text that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// A part of the text, or all of it.
    pub(super) text: Bytes,
    /// The position of that part.
    pub(super) base: u64,
    /// The index of the text among those of the request.
    pub(super) source: usize,
    pub(super) slots: Vec<Slot>,
}

/// A part of the text that should hold one record.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Its position in the whole text.
    pub(super) at: Position,
    pub(super) length: Result<usize, JsonError>,
    /// The item that the record came in, if the text holds items.
    pub(super) item: Option<Box<Item>>,
}

/// An item of a text: a record, and what its sender knows it by.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// How many items are before it in the text.
    pub(super) index: u64,
    /// The value of `correlation_id`, as JSON; none if the item has none.
    pub(super) correlation_id: Option<Box<str>>,
}

/// Why a slot is without a record.
#[derive(Debug)]
pub(super) enum NoRecord {
    /// The text is broken there.
    Broken(JsonError),
    Bug(Bug),
}

impl Window {
    /// The text of the record in a slot.
    pub(super) fn record(&self, slot: &Slot) -> Result<&[u8], NoRecord> {
        let length = *slot.length.as_ref().map_err(|error| NoRecord::Broken(error.clone()))?;
        let start = slot.at.offset.checked_sub(self.base).and_then(|start| usize::try_from(start).ok());
        let record = start.and_then(|start| self.text.get(start..start.checked_add(length)?));
        record.ok_or_else(|| NoRecord::Bug(Bug::new("a record lies outside of its window")))
    }

    /// The text of the record with the given index in the window; none if it has fewer.
    pub(super) fn text(&self, index: u32) -> Option<&[u8]> {
        self.slots.get(index as usize).and_then(|slot| self.record(slot).ok())
    }

    /// Cuts off everything behind the first `records` records.
    pub(super) fn split_off(&mut self, records: usize) -> Option<Self> {
        let rest = self.slots.split_off(records.min(self.slots.len()));
        (!rest.is_empty()).then(|| Self { text: self.text.clone(), base: self.base, source: self.source, slots: rest })
    }
}
