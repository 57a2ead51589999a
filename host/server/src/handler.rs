//! The interface between protocols and the service: protocols know nothing of rules, and the service knows nothing of connections.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jurat_model::CallContext;

use crate::batch::LineSender;
use crate::budget::Allowance;
use crate::call::{Call, StreamCall};
use crate::error::RequestError;
use crate::output::Output;

/// Answers calls.
pub(crate) trait Handler: Debug + Send + Sync + 'static {
    /// Makes a call on behalf of a client and writes its result to `output`. What is read for the call takes memory from `files`.
    fn handle(&self, call: Call, context: CallContext, files: Arc<Allowance>, output: Output) -> Handling;

    /// Judges records on behalf of a client, and hands over the results line by line. They take `memory` until they are sent. Returns the
    /// number of records.
    fn stream(&self, call: StreamCall, context: CallContext, memory: Arc<Allowance>, lines: LineSender) -> Streaming;

    /// Whether a release serves.
    fn is_serving(&self) -> bool;
}

/// A stream under way.
pub(crate) type Streaming = Pin<Box<dyn Future<Output = Result<u64, RequestError>> + Send>>;

/// A call under way.
pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<Output, RequestError>> + Send>>;
