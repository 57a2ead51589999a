//! The answer to one request while it is made: text that grows no further than its budgets allow.

use std::io;
use std::sync::Arc;

use jurat_model::Cancellation;
use serde::Serialize;

use crate::budget::{Budget, Charge};
use crate::error::{ErrorKind, RequestError};

/// Answers take memory in steps of this many bytes, so that small writes stay cheap.
const STEP: u64 = 16 << 10;

/// The limits that answers share.
#[derive(Clone, Debug)]
pub(crate) struct OutputLimits {
    /// The memory for the answers to one message.
    pub(crate) message: Arc<Budget>,
    /// The memory for the answers on all connections.
    pub(crate) all: Arc<Budget>,
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
    text: Vec<u8>,
    message: Charge,
    all: Charge,
    limit: u64,
    cancellation: Cancellation,
    failure: Option<RequestError>,
    /// The number of records that were judged, for the log.
    pub(crate) records: Option<u64>,
}

impl Output {
    /// An empty answer.
    pub(crate) fn new(limits: &OutputLimits) -> Self {
        Self {
            text: Vec::new(),
            message: limits.message.charge(),
            all: limits.all.charge(),
            limit: limits.limit,
            cancellation: limits.cancellation.clone(),
            failure: None,
            records: None,
        }
    }

    /// A short answer that is complete, such as an error. It exists even if no memory is left for it.
    pub(crate) fn complete(limits: &OutputLimits, mut text: Vec<u8>) -> Self {
        text.shrink_to_fit();
        let mut output = Self::new(limits);
        let bytes = text.len() as u64;
        // It counts as far as there is memory.
        let _ = (output.message.grow(bytes), output.all.grow(bytes));
        output.text = text;
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
        self.put(text.as_bytes()).map_err(|_| self.failure())
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
        self.put(&[]).map_err(|_| self.failure())
    }

    /// What cancels the request: its client no longer reads, or the server ends.
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Gives back the memory that the answer does not take.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.message.shrink_to(self.text.len() as u64);
        self.all.shrink_to(self.text.len() as u64);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), io::Error> {
        let needed = (self.text.len() + bytes.len()) as u64;
        let missing = needed.saturating_sub(self.message.bytes());
        // A failure is final: an answer with a gap in it would be wrong.
        if self.failure.is_none() {
            self.failure = self.grow(missing).err();
        }
        if self.failure.is_some() {
            return Err(io::Error::other("the answer may not grow further"));
        }
        // Exactly what was taken is allocated: doubling would allocate up to twice as much.
        let taken = usize::try_from(self.message.bytes()).unwrap_or(usize::MAX);
        self.text.reserve_exact(taken.saturating_sub(self.text.len()));
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn grow(&mut self, missing: u64) -> Result<(), RequestError> {
        if self.cancellation.is_cancelled() {
            return Err(RequestError::new(ErrorKind::ClientGone, "the client is gone"));
        }
        if missing == 0 {
            return Ok(());
        }
        // Long answers grow in longer steps, so that they are not moved too often.
        let step = missing.max(STEP).max(self.text.len() as u64 / 8);
        if self.message.grow(step).is_ok() {
            if self.all.grow(step).is_ok() {
                return Ok(());
            }
            self.message.shrink_to(self.all.bytes());
        }
        self.message.grow(missing).map_err(|_| self.too_large())?;
        self.all.grow(missing).map_err(|_| RequestError::overloaded())
    }

    fn too_large(&self) -> RequestError {
        let limit = self.limit;
        let message = format!(
            "the answer would have more than {limit} bytes; send fewer records at a time, or raise `rpc.max_reply`"
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
            all: Budget::new(all),
            limit: message,
            cancellation: Cancellation::default(),
        }
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
        let expected = r#"["abc"]"#;
        let length = expected.len() as u64;
        assert_eq!(answer(&limits(length, 1 << 20), "abc").unwrap().as_bytes(), expected.as_bytes());
        let refused = answer(&limits(length - 1, 1 << 20), "abc").unwrap_err();
        assert_eq!(refused.kind, ErrorKind::ReplyTooLarge);
        assert!(refused.message.contains("fewer records"), "{}", refused.message);
        assert_eq!(answer(&limits(length, length), "abc").unwrap().as_bytes(), expected.as_bytes());
        let overloaded = answer(&limits(1 << 20, length - 1), "abc").unwrap_err();
        assert_eq!(overloaded.kind, ErrorKind::Call(CallErrorKind::Overloaded));
    }

    #[test]
    fn memory_comes_back() {
        let limits = limits(1 << 20, 1 << 20);
        let output = answer(&limits, &"x".repeat(100_000)).unwrap();
        assert!(limits.all.left() < (1 << 20) - 100_000);
        drop(output);
        assert_eq!((limits.all.left(), limits.message.left()), (1 << 20, 1 << 20));
    }

    #[test]
    fn a_finished_answer_takes_its_length_and_no_more() {
        let limits = limits(1 << 20, 1 << 20);
        let answers: Vec<_> = (0..100).map(|_| answer(&limits, "abc").unwrap()).collect();
        let bytes: usize = answers.iter().map(|answer| answer.text.capacity()).sum();
        assert_eq!((limits.all.left(), limits.message.left()), ((1 << 20) - bytes as u64, (1 << 20) - bytes as u64));
        assert_eq!(bytes, 100 * answers[0].as_bytes().len());
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
