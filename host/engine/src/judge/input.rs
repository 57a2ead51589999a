//! The texts of a request, cut into windows of records.

use std::fmt;
use std::io::{self, Read};
use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::JudgeError;
use super::window::{Place, Window};
use crate::json::{Entry, Splitter, Step};

/// A window ends behind the record with which the part of the text that it covers exceeds this many bytes.
const WINDOW_BYTES: usize = 4 << 20;
/// How much is read at a time.
const PIECE: usize = 64 << 10;

/// Where the records of a request come from.
///
/// # Limits
/// A text is read piece by piece, and let go of as soon as its records are judged: memory does not depend on how long it is.
pub struct Input<'a> {
    texts: Texts<'a>,
    limit: Option<u64>,
    sample: Option<Sample>,
}

enum Texts<'a> {
    /// One that is all there; none if it has been opened.
    Whole(Option<Arc<[u8]>>),
    Streams(&'a mut dyn Iterator<Item = io::Result<Box<dyn Read>>>),
}

/// A part of the records, spread over all of them. Which ones is decided by their number in the input, so that the same input
/// always gives the same sample.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sample {
    /// Records whose number is mixed to at most this are in it.
    most: u64,
}

impl<'a> Input<'a> {
    /// One text: an array of records, one record, or one on each line.
    #[must_use]
    pub fn text(text: Arc<[u8]>) -> Self {
        Self { texts: Texts::Whole(Some(text)), limit: None, sample: None }
    }

    /// Several texts, one after the other, each in any of those forms. Each is opened when those before it have been read.
    pub fn texts(texts: &'a mut dyn Iterator<Item = io::Result<Box<dyn Read>>>) -> Self {
        Self { texts: Texts::Streams(texts), limit: None, sample: None }
    }

    /// At most so many records; nothing behind them is read.
    #[must_use]
    pub fn limit(self, records: u64) -> Self {
        Self { limit: Some(records), ..self }
    }

    /// Only a part of the records.
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
            reason = "a cast that ends at the largest number"
        )]
        is_share.then_some(Self { most: (share * u64::MAX as f64) as u64 })
    }

    /// Whether the record with that number is in it.
    fn has(self, number: u64) -> bool {
        // The last steps of splitmix64: neighbours become strangers.
        let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) <= self.most
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Input").field("limit", &self.limit).field("sample", &self.sample).finish_non_exhaustive()
    }
}

/// Cuts the texts into windows.
pub(super) struct Intake<'a> {
    input: Input<'a>,
    max_record: jurat_model::Bytes,
    /// The text that is being read.
    open: Option<Open>,
    /// How many texts were opened.
    opened: usize,
    /// How many records were met, taken or not.
    met: u64,
    /// Why nothing further can be read, until it has been told.
    failure: Option<JudgeError>,
}

/// A text that is being read.
struct Open {
    /// Which of the texts, from 0.
    source: usize,
    splitter: Splitter,
    read: Reading,
    /// How much of what was read is done with.
    consumed: usize,
}

/// What of a text is in memory.
enum Reading {
    /// All of it, and where the window begins.
    Whole(Bytes, usize),
    /// What was read and is not let go of, as the first so many bytes of a buffer; where it begins in the text; and where the rest
    /// comes from, none at the end.
    Stream { buffer: Vec<u8>, filled: usize, base: u64, rest: Option<Box<dyn Read>> },
}

impl<'a> Intake<'a> {
    pub(super) fn new(input: Input<'a>, max_record: jurat_model::Bytes) -> Self {
        Self { input, max_record, open: None, opened: 0, met: 0, failure: None }
    }

    /// The next records, as many as fit a chunk, or fewer if they are long; none at the end. All of them are of one text. Where
    /// windows end changes no result.
    ///
    /// # Errors
    /// When a text cannot be read, behind the windows with everything before that.
    pub(super) fn next(&mut self, rows: u32) -> Result<Option<Window>, JudgeError> {
        let mut places = Vec::new();
        while self.failure.is_none() && self.input.limit != Some(0) && places.len() < rows.max(1) as usize {
            let Some(mut open) = self.open() else { break };
            let is_full = !places.is_empty() && open.covered() > WINDOW_BYTES;
            if is_full {
                self.open = Some(open);
                break;
            }
            match open.step() {
                (Some(place), _) => {
                    if self.takes() {
                        places.push(place);
                    }
                    self.open = Some(open);
                }
                (None, true) if places.is_empty() => {}
                (None, true) => return Ok(Some(open.cut(places))),
                (None, false) => {
                    if places.is_empty() {
                        open.let_go();
                    }
                    match open.fill() {
                        Ok(()) => self.open = Some(open),
                        Err(error) => {
                            self.failure = Some(open.failure(error));
                            if !places.is_empty() {
                                return Ok(Some(open.cut(places)));
                            }
                        }
                    }
                }
            }
        }
        if let Some(failure) = self.failure.take_if(|_| places.is_empty()) {
            // Nothing is read behind it.
            self.input.limit = Some(0);
            return Err(failure);
        }
        match &mut self.open {
            Some(open) if !places.is_empty() => Ok(Some(open.cut(places))),
            _ => Ok(None),
        }
    }

    /// The text that is being read, or the next one; none if there is none, or it cannot be opened.
    fn open(&mut self) -> Option<Open> {
        if let Some(open) = self.open.take() {
            return Some(open);
        }
        let read = match &mut self.input.texts {
            Texts::Whole(text) => Reading::Whole(Bytes::from_owner(text.take()?), 0),
            Texts::Streams(texts) => match texts.next()? {
                Ok(text) => Reading::Stream { buffer: Vec::new(), filled: 0, base: 0, rest: Some(text) },
                Err(error) => {
                    self.failure = Some(JudgeError::Input { source_index: self.opened, offset: 0, error });
                    return None;
                }
            },
        };
        let source = self.opened;
        self.opened += 1;
        Some(Open { source, splitter: Splitter::new(self.max_record), read, consumed: 0 })
    }

    /// Whether the record that was met now is judged.
    fn takes(&mut self) -> bool {
        let number = self.met;
        self.met += 1;
        let is_taken = self.input.sample.is_none_or(|sample| sample.has(number));
        if let (Some(limit), true) = (&mut self.input.limit, is_taken) {
            *limit = limit.saturating_sub(1);
        }
        is_taken
    }
}

impl Open {
    /// Looks for the next record in what was read; without one, says whether there will be no more.
    fn step(&mut self) -> (Option<Place>, bool) {
        let (bytes, is_end) = match &self.read {
            Reading::Whole(bytes, _) => (&**bytes, true),
            Reading::Stream { buffer, filled, rest, .. } => (buffer.get(..*filled).unwrap_or_default(), rest.is_none()),
        };
        match self.splitter.step(bytes.get(self.consumed..).unwrap_or_default(), is_end) {
            Step::Entry { entry, consumed } => {
                let place = place(&entry);
                self.consumed += consumed;
                (Some(place), false)
            }
            // With the end in sight nothing asks for more without having consumed some of it.
            Step::More { consumed } => {
                self.consumed += consumed;
                (None, is_end && consumed == 0)
            }
            Step::Done => (None, true),
        }
    }

    /// Reads on.
    fn fill(&mut self) -> io::Result<()> {
        let Reading::Stream { buffer, filled, rest, .. } = &mut self.read else { return Ok(()) };
        let Some(reader) = rest else { return Ok(()) };
        let end = *filled + PIECE;
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        let read = loop {
            match reader.read(buffer.get_mut(*filled..end).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?.min(PIECE),
            }
        };
        *filled += read;
        if read == 0 {
            *rest = None;
        }
        Ok(())
    }

    /// How much of the text the window covers so far.
    fn covered(&self) -> usize {
        match &self.read {
            Reading::Whole(_, from) => self.consumed.saturating_sub(*from),
            Reading::Stream { .. } => self.consumed,
        }
    }

    /// Lets go of what is done with, while no record of the window lies in it.
    fn let_go(&mut self) {
        match &mut self.read {
            Reading::Whole(_, from) => *from = self.consumed,
            Reading::Stream { buffer, filled, base, .. } => {
                let done = self.consumed.min(*filled);
                buffer.copy_within(done..*filled, 0);
                *filled -= done;
                *base += done as u64;
                self.consumed = 0;
            }
        }
    }

    /// A window of records that lie in what is done with.
    fn cut(&mut self, places: Vec<Place>) -> Window {
        let source = self.source;
        match &mut self.read {
            Reading::Whole(bytes, from) => {
                *from = self.consumed;
                Window { text: bytes.clone(), base: 0, source, places }
            }
            Reading::Stream { buffer, filled, base, .. } => {
                let done = self.consumed.min(*filled);
                // The next window will be about as long.
                let mut next = Vec::with_capacity(buffer.len());
                next.extend_from_slice(buffer.get(done..*filled).unwrap_or_default());
                *filled = next.len();
                let mut text = mem::replace(buffer, next);
                text.truncate(done);
                let window = Window { text: text.into(), base: *base, source, places };
                *base += done as u64;
                self.consumed = 0;
                window
            }
        }
    }

    fn failure(&self, error: io::Error) -> JudgeError {
        let offset = match &self.read {
            Reading::Whole(bytes, _) => bytes.len() as u64,
            Reading::Stream { filled, base, .. } => base + *filled as u64,
        };
        JudgeError::Input { source_index: self.source, offset, error }
    }
}

fn place(entry: &Entry<'_>) -> Place {
    Place { at: entry.at, length: entry.text.as_ref().map(|text| text.len()).map_err(Clone::clone) }
}
