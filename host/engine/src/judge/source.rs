//! The source of a request's records.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;

/// The source of a request's records: one text, or several.
///
/// # Limits
/// A text is read piece by piece, and freed as soon as its records are judged: memory does not depend on its length.
pub struct RecordSource<'a> {
    pub(super) texts: Texts<'a>,
    pub(super) limit: Option<u64>,
    pub(super) sample: Option<Sample>,
    pub(super) layout: Layout,
}

/// What the elements or lines of a text are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layout {
    /// Records.
    Records,
    /// Objects with a record as `data`.
    Items,
}

pub(super) enum Texts<'a> {
    /// One that is in memory; none once it has been opened.
    Whole(Option<Bytes>),
    Streams(&'a mut dyn Iterator<Item = io::Result<Box<dyn Read>>>),
}

/// A part of the records, spread over all of them. A record's number in the input decides, so that the same input always gives
/// the same sample.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sample {
    /// Records whose mixed number is at most this are in the sample.
    most: u64,
}

impl<'a> RecordSource<'a> {
    /// One text: an array of records, or one record after the other.
    #[must_use]
    pub fn text(text: Arc<[u8]>) -> Self {
        Self::bytes(Bytes::from_owner(text))
    }

    /// Like [`Self::text`], without a copy where the text is a part of something longer.
    #[must_use]
    pub fn bytes(text: Bytes) -> Self {
        Self { texts: Texts::Whole(Some(text)), limit: None, sample: None, layout: Layout::Records }
    }

    /// Several texts, one after the other, each in any of those forms. Each is opened when those before it have been read.
    ///
    /// A reader may fail with [`WouldBlock`](io::ErrorKind::WouldBlock) after it has waited for a moment. The results of the records
    /// that it has given are handed over then, and it is called again. One that does not wait before makes the call spin.
    pub fn texts(texts: &'a mut dyn Iterator<Item = io::Result<Box<dyn Read>>>) -> Self {
        Self { texts: Texts::Streams(texts), limit: None, sample: None, layout: Layout::Records }
    }

    /// Takes what would be a record for an item: an object with the record as `data`, and a `correlation_id` by which
    /// [`JudgedRecord::item`](super::JudgedRecord::item) knows it. An object without `data` is a record itself.
    ///
    /// Only `data` may be broken without costing the `correlation_id`. [`Request::with_max_record`](super::Request::with_max_record) bounds
    /// an item as a whole.
    #[must_use]
    pub fn of_items(self) -> Self {
        Self { layout: Layout::Items, ..self }
    }

    /// The first `records` records only. Nothing behind them is read.
    #[must_use]
    pub fn limit(self, records: u64) -> Self {
        Self { limit: Some(records), ..self }
    }

    /// A part of the records only.
    #[must_use]
    pub fn sample(self, sample: Sample) -> Self {
        Self { sample: Some(sample), ..self }
    }
}

impl Sample {
    /// About that share of all records; none unless it is above 0 and at most 1.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        let is_share = share > 0.0 && share <= 1.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates at the largest number"
        )]
        is_share.then_some(Self { most: (share * u64::MAX as f64) as u64 })
    }

    /// Whether the record with that number is in the sample.
    pub(super) fn has(self, number: u64) -> bool {
        // The last steps of splitmix64: numbers that are close become unrelated.
        let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) <= self.most
    }
}

impl fmt::Debug for RecordSource<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RecordSource")
            .field("limit", &self.limit)
            .field("sample", &self.sample)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}
