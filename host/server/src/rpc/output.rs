//! The answer to one request while it is made: one line, which grows no further than it may.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::budget::{Budget, Charge};
use super::failure::{Failure, Kind};

/// Memory for answers is taken in steps, so that small writes stay cheap.
const STEP: u64 = 16 << 10;

/// What answers share.
#[derive(Clone, Debug)]
pub(crate) struct OutputLimits {
    /// What the line may take.
    pub(crate) line: Arc<Budget>,
    /// What all lines of all clients may take.
    pub(crate) all: Arc<Budget>,
    /// How long the line may be, for those who are told that it was too short.
    pub(crate) most: u64,
    /// Whether there is still somebody to answer.
    pub(crate) client: Presence,
}

/// Whether a client is still there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presence(Arc<AtomicBool>);

/// The answer to one request.
///
/// Writing to it fails when there is no room for more; [`Output::failure`] knows why.
#[derive(Debug)]
pub(crate) struct Output {
    text: Vec<u8>,
    line: Charge,
    all: Charge,
    most: u64,
    client: Presence,
    failure: Option<Failure>,
    /// How many records were judged, for the log.
    pub(crate) records: Option<u64>,
}

impl Presence {
    /// The client has gone away, or does not read.
    pub(crate) fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Output {
    /// The beginning of an answer. The id is JSON text.
    pub(crate) fn begin(limits: &OutputLimits, id: &str) -> Self {
        let mut output = Self {
            text: Vec::new(),
            line: limits.line.charge(),
            all: limits.all.charge(),
            most: limits.most,
            client: limits.client.clone(),
            failure: None,
            records: None,
        };
        // If there is not even room for this, there is none for what follows.
        let _ = output.put(br#"{"jsonrpc":"2.0","id":"#).and_then(|()| output.put(id.as_bytes()));
        let _ = output.put(br#","result":"#);
        output
    }

    /// An answer that says why there is no result. It is short, and always made.
    pub(crate) fn refuse(limits: &OutputLimits, id: &str, failure: &Failure, correlation: &str) -> Self {
        let mut text = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":"#).into_bytes();
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut text, &failure.body(correlation));
        text.push(b'}');
        text.shrink_to_fit();
        let (mut line, mut all) = (limits.line.charge(), limits.all.charge());
        let bytes = text.len() as u64;
        // It counts where it can.
        let _ = (line.grow(bytes), all.grow(bytes));
        Self { text, line, all, most: limits.most, client: limits.client.clone(), failure: None, records: None }
    }

    /// Writes a value.
    pub(crate) fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self, value).map_err(|_| self.failure())
    }

    /// Writes text that is JSON, or part of it.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.put(text.as_bytes()).map_err(|_| self.failure())
    }

    /// Why nothing more could be written.
    pub(crate) fn failure(&self) -> Failure {
        self.failure.clone().unwrap_or_else(Failure::internal)
    }

    /// Whether that happened.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Fails where the answer cannot be made any more, or nobody waits for it: then nothing needs to be done for it.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        self.put(&[]).map_err(|_| self.failure())
    }

    /// The end of an answer that has a result. What it does not take is given back.
    pub(crate) fn finish(mut self) -> Result<Self, Failure> {
        self.text("}")?;
        self.text.shrink_to_fit();
        self.line.shrink_to(self.text.len() as u64);
        self.all.shrink_to(self.text.len() as u64);
        Ok(self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), io::Error> {
        let needed = (self.text.len() + bytes.len()) as u64;
        let missing = needed.saturating_sub(self.line.bytes());
        // What has failed once stays so: an answer with a hole in it would be none.
        if self.failure.is_none() {
            self.failure = self.grow(missing).err();
        }
        if self.failure.is_some() {
            return Err(io::Error::other("the answer grows no further"));
        }
        // No more is allocated than was taken: doubling would hold twice what was asked for.
        let taken = usize::try_from(self.line.bytes()).unwrap_or(usize::MAX);
        self.text.reserve_exact(taken.saturating_sub(self.text.len()));
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn grow(&mut self, missing: u64) -> Result<(), Failure> {
        if self.client.is_over() {
            return Err(Failure::new(Kind::ClientGone, "the client has gone away"));
        }
        if missing == 0 {
            return Ok(());
        }
        // Long answers grow in longer steps, so that they are not moved too often.
        let step = missing.max(STEP).max(self.text.len() as u64 / 8);
        if self.line.grow(step).is_ok() {
            if self.all.grow(step).is_ok() {
                return Ok(());
            }
            self.line.shrink_to(self.all.bytes());
        }
        self.line.grow(missing).map_err(|_| self.too_large())?;
        self.all.grow(missing).map_err(|_| Failure::overloaded())
    }

    fn too_large(&self) -> Failure {
        let most = self.most;
        Failure::new(
            Kind::ReplyTooLarge,
            format!(
                "the answer would have more than {most} bytes; send fewer records at a time, or raise `rpc.max_reply`"
            ),
        )
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
    use super::*;

    fn limits(line: u64, all: u64) -> OutputLimits {
        OutputLimits { line: Budget::new(line), all: Budget::new(all), most: line, client: Presence::default() }
    }

    fn answer(limits: &OutputLimits, text: &str) -> Result<Output, Failure> {
        let mut output = Output::begin(limits, "1");
        output.value(&text)?;
        output.finish()
    }

    #[test]
    fn an_answer_may_be_as_long_as_it_may_be_and_not_a_byte_longer() {
        let expected = r#"{"jsonrpc":"2.0","id":1,"result":"abc"}"#;
        let length = expected.len() as u64;
        assert_eq!(answer(&limits(length, 1 << 20), "abc").unwrap().as_bytes(), expected.as_bytes());
        let refused = answer(&limits(length - 1, 1 << 20), "abc").unwrap_err();
        assert_eq!(refused.kind, Kind::ReplyTooLarge);
        assert!(refused.message().contains("fewer records"), "{}", refused.message());
        assert_eq!(answer(&limits(length, length), "abc").unwrap().as_bytes(), expected.as_bytes());
        assert_eq!(answer(&limits(1 << 20, length - 1), "abc").unwrap_err().kind, Kind::Overloaded);
    }

    #[test]
    fn memory_comes_back() {
        let limits = limits(1 << 20, 1 << 20);
        let output = answer(&limits, &"x".repeat(100_000)).unwrap();
        assert!(limits.all.left() < (1 << 20) - 100_000);
        drop(output);
        assert_eq!((limits.all.left(), limits.line.left()), (1 << 20, 1 << 20));
    }

    #[test]
    fn an_answer_that_is_made_takes_what_it_is_and_no_more() {
        let limits = limits(1 << 20, 1 << 20);
        let answers: Vec<_> = (0..100).map(|_| answer(&limits, "abc").unwrap()).collect();
        let bytes: usize = answers.iter().map(|answer| answer.text.capacity()).sum();
        assert_eq!((limits.all.left(), limits.line.left()), ((1 << 20) - bytes as u64, (1 << 20) - bytes as u64));
        assert_eq!(bytes, 100 * answers[0].as_bytes().len());
    }

    #[test]
    fn an_answer_for_nobody_is_not_made() {
        let limits = limits(1 << 20, 1 << 20);
        let mut output = Output::begin(&limits, "1");
        output.check().unwrap();
        limits.client.end();
        assert_eq!(output.check().unwrap_err().kind, Kind::ClientGone);
        assert!(output.value(&1).is_err());
        assert_eq!(Output::begin(&limits, "1").check().unwrap_err().kind, Kind::ClientGone);
    }
}
