//! The answer to one request while it is made: text that grows no further than its budgets allow.

use std::io;
use std::sync::Arc;

use jurat_model::Cancellation;
use serde::Serialize;

use crate::budget::{Allowance, Budget, Charge, Hold};
use crate::buffer::{Buffer, LONG};
use crate::error::{ErrorKind, RequestError};

/// Answers take memory in steps that grow with them, so that small writes stay cheap. This is the shortest step.
const STEP: usize = 4 << 10;
/// The longest step, of which only what is written takes memory of the machine.
const LONG_STEP: usize = LONG;

/// The limits that answers share.
#[derive(Clone, Debug)]
pub(crate) struct OutputLimits {
    /// The memory for the answers to one message.
    pub(crate) message: Arc<Budget>,
    /// The memory for the answers of the connection.
    pub(crate) replies: Arc<Allowance>,
    /// The size of the first budget, for error messages.
    pub(crate) limit: u64,
    /// Whether the client still reads the answers.
    pub(crate) cancellation: Cancellation,
}

/// The answer to one request.
///
/// Writing fails when the answer may not grow further; [`Output::failure`] says why.
#[derive(Debug)]
pub(crate) struct Output {
    /// The text, in parts that are never moved: while a part moved, it would take its memory twice, and leave a gap.
    parts: Vec<Buffer>,
    /// The length of the text.
    length: usize,
    /// The memory of all parts, used or not.
    capacity: usize,
    message: Charge,
    hold: Hold,
    replies: Arc<Allowance>,
    limit: u64,
    cancellation: Cancellation,
    failure: Option<RequestError>,
    /// The number of records that were judged, for the log.
    pub(crate) records: Option<u64>,
}

/// The memory that an answer takes. Dropping this gives it back.
#[derive(Debug)]
pub(crate) struct OutputMemory {
    _message: Charge,
    _hold: Hold,
}

impl Output {
    /// An empty answer.
    pub(crate) fn new(limits: &OutputLimits) -> Self {
        Self {
            parts: Vec::new(),
            length: 0,
            capacity: 0,
            message: limits.message.charge(),
            hold: limits.replies.hold(),
            replies: Arc::clone(&limits.replies),
            limit: limits.limit,
            cancellation: limits.cancellation.clone(),
            failure: None,
            records: None,
        }
    }

    /// An answer that is complete, such as an error. It exists even if no memory is left for answers: what it takes is
    /// [`Output::uncounted`].
    pub(crate) fn complete(limits: &OutputLimits, mut text: Vec<u8>) -> Self {
        text.shrink_to_fit();
        let mut output = Self::new(limits);
        (output.length, output.capacity) = (text.len(), text.len());
        output.parts.push(text.into());
        output
    }

    /// Writes a value as JSON.
    pub(crate) fn value(&mut self, value: &impl Serialize) -> Result<(), RequestError> {
        match serde_json::to_writer(&mut *self, value) {
            Ok(()) => Ok(()),
            Err(_) if self.has_failed() => Err(self.failure()),
            Err(error) => Err(RequestError::bug(error)),
        }
    }

    /// Writes text.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), RequestError> {
        self.json(text.as_bytes())
    }

    /// Writes JSON.
    pub(crate) fn json(&mut self, json: &[u8]) -> Result<(), RequestError> {
        self.put(json).map_err(|_| self.failure())
    }

    /// Why nothing more can be written.
    pub(crate) fn failure(&self) -> RequestError {
        self.failure.clone().unwrap_or_else(|| RequestError::bug("an answer that can grow is said to be full"))
    }

    /// Whether nothing more can be written.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Fails if nothing more can be written, or the client no longer reads: then the work on the request can stop.
    pub(crate) fn check(&mut self) -> Result<(), RequestError> {
        if self.failure.is_none() {
            self.failure = self.is_read().err();
        }
        if self.has_failed() { Err(self.failure()) } else { Ok(()) }
    }

    /// What cancels the request: its client no longer reads, or the server ends.
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The memory for the answers of the connection.
    pub(crate) fn memory(&self) -> Arc<Allowance> {
        Arc::clone(&self.replies)
    }

    /// The bytes that do not count as those of an answer.
    pub(crate) fn uncounted(&self) -> u64 {
        (self.length as u64).saturating_sub(self.hold.bytes())
    }

    /// Gives back the memory that the answer does not take.
    pub(crate) fn shrink(&mut self) {
        if let Some(last) = self.parts.last_mut() {
            last.shrink();
        }
        self.capacity = self.length;
        self.message.shrink_to(self.length as u64);
        self.hold.shrink_to(self.length as u64);
    }

    /// The length of the text.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The text, in its parts.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(Buffer::as_slice)
    }

    /// The text in its parts, and the memory that it takes.
    pub(crate) fn into_parts(self) -> (Vec<Buffer>, OutputMemory) {
        (self.parts, OutputMemory { _message: self.message, _hold: self.hold })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), io::Error> {
        let needed = (self.length + bytes.len()) as u64;
        let missing = needed.saturating_sub(self.message.bytes());
        // A failure is final: an answer with a gap in it would be wrong.
        if missing > 0 && self.failure.is_none() {
            self.failure = self.grow(missing).err();
        }
        if self.failure.is_some() {
            return Err(io::Error::other("the answer may not grow further"));
        }
        self.append(bytes);
        Ok(())
    }

    /// Adds text for which memory was taken.
    fn append(&mut self, bytes: &[u8]) {
        let taken = usize::try_from(self.message.bytes()).unwrap_or(usize::MAX);
        let mut rest = bytes;
        while !rest.is_empty() {
            let is_full = self.parts.last().is_none_or(|last| last.len() == last.capacity());
            if is_full {
                // Exactly what was taken is allocated.
                let part = taken.saturating_sub(self.capacity).clamp(1, LONG);
                self.parts.push(Buffer::with_capacity(part));
                self.capacity += part;
            }
            let Some(last) = self.parts.last_mut() else { return };
            rest = last.append(rest);
        }
        self.length += bytes.len();
    }

    fn is_read(&self) -> Result<(), RequestError> {
        let gone = || RequestError::new(ErrorKind::ClientGone, "the client is gone");
        if self.cancellation.is_cancelled() { Err(gone()) } else { Ok(()) }
    }

    fn grow(&mut self, missing: u64) -> Result<(), RequestError> {
        self.is_read()?;
        let step = missing.max(self.length.clamp(STEP, LONG_STEP) as u64);
        if self.message.grow(step).is_ok() {
            if self.hold.grow(step).is_ok() {
                return Ok(());
            }
            self.message.shrink_to(self.hold.bytes());
        }
        self.message.grow(missing).map_err(|_| self.too_large())?;
        self.hold.grow(missing).map_err(|_| RequestError::overloaded())
    }

    fn too_large(&self) -> RequestError {
        let limit = self.limit;
        let message = format!(
            "the answer would have more than {limit} bytes; send fewer records at a time, or raise `server.max_reply`"
        );
        RequestError::new(ErrorKind::ReplyTooLarge, message)
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jurat::CallErrorKind;

    use super::*;

    fn limits(message: u64, all: u64) -> OutputLimits {
        OutputLimits {
            message: Budget::new(message),
            replies: Allowance::new(&Budget::new(all), all),
            limit: message,
            cancellation: Cancellation::default(),
        }
    }

    fn text(output: &Output) -> Vec<u8> {
        output.parts().collect::<Vec<_>>().concat()
    }

    fn answer(limits: &OutputLimits, text: &str) -> Result<Output, RequestError> {
        let mut output = Output::new(limits);
        output.text("[")?;
        output.value(&text)?;
        output.text("]")?;
        output.shrink();
        Ok(output)
    }

    #[test]
    fn an_answer_may_be_as_long_as_it_may_be_and_not_a_byte_longer() {
        let long = "x".repeat(100_000);
        let expected = format!("[{long:?}]");
        let length = expected.len() as u64;
        assert_eq!(text(&answer(&limits(length, 1 << 20), &long).unwrap()), expected.as_bytes());
        let refused = answer(&limits(length - 1, 1 << 20), &long).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::ReplyTooLarge);
        assert!(refused.message.contains("fewer records"), "{}", refused.message);
        assert_eq!(text(&answer(&limits(length, length), &long).unwrap()), expected.as_bytes());
        let overloaded = answer(&limits(1 << 20, length - 1), &long).unwrap_err();
        assert_eq!(overloaded.kind, ErrorKind::Call(CallErrorKind::Overloaded));
        // A short one needs nothing that others could have taken.
        assert_eq!(text(&answer(&limits(1 << 20, 0), "abc").unwrap()), br#"["abc"]"#);
    }

    #[test]
    fn memory_comes_back() {
        let limits = limits(1 << 20, 1 << 20);
        let before = limits.replies.left();
        let output = answer(&limits, &"x".repeat(100_000)).unwrap();
        assert!(limits.replies.left() < before - 100_000);
        drop(output);
        assert_eq!((limits.replies.left(), limits.message.left()), (before, 1 << 20));
    }

    #[test]
    fn a_finished_answer_takes_its_length_and_no_more() {
        let limits = limits(1 << 20, 1 << 20);
        let before = limits.replies.left();
        let answers: Vec<_> = (0..100).map(|_| answer(&limits, "abc").unwrap()).collect();
        let bytes: usize = answers.iter().flat_map(|answer| &answer.parts).map(Buffer::capacity).sum();
        assert_eq!((limits.replies.left(), limits.message.left()), (before - bytes as u64, (1 << 20) - bytes as u64));
        assert_eq!(bytes, 100 * answers[0].length());
    }

    #[test]
    fn a_long_answer_is_never_moved_and_takes_what_it_has_taken() {
        let limits = limits(16 << 20, 16 << 20);
        let before = limits.replies.left();
        let mut output = Output::new(&limits);
        let mut expected = Vec::new();
        for length in [1, 20_000, 7, 3 << 20, 300_000, 0, 1] {
            let begun: Vec<_> = output.parts().map(<[u8]>::as_ptr).collect();
            let letters: String = ('a'..='z').cycle().skip(expected.len() % 26).take(length).collect();
            output.text(&letters).unwrap();
            expected.extend_from_slice(letters.as_bytes());
            assert!(output.parts().map(<[u8]>::as_ptr).zip(&begun).all(|(now, before)| now == *before));
            let capacity: usize = output.parts.iter().map(Buffer::capacity).sum();
            let taken = before - limits.replies.left();
            assert!(capacity as u64 <= taken && taken <= (expected.len() + LONG_STEP) as u64, "{capacity} of {taken}");
        }
        assert!(text(&output) == expected && output.length() == expected.len());
        assert!(output.parts().all(|part| part.len() <= LONG_STEP));
    }

    #[test]
    fn an_answer_without_a_reader_is_not_made() {
        let limits = limits(1 << 20, 1 << 20);
        let mut output = Output::new(&limits);
        output.check().unwrap();
        limits.cancellation.cancel();
        assert_eq!(output.check().unwrap_err().kind, ErrorKind::ClientGone);
        assert!(output.value(&1).is_err());
        assert_eq!(Output::new(&limits).check().unwrap_err().kind, ErrorKind::ClientGone);
    }
}
