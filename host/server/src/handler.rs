//! The interface between protocols and the service: protocols know nothing of rules, and the service knows nothing of connections.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jurat_model::CallContext;

use crate::budget::Allowance;
use crate::call::Call;
use crate::error::RequestError;
use crate::output::Output;

/// Answers calls.
pub(crate) trait Handler: Debug + Send + Sync + 'static {
    /// Makes a call on behalf of a client and writes its result to `output`. What is read for the call takes memory from `files`.
    fn handle(&self, call: Call, context: CallContext, files: Arc<Allowance>, output: Output) -> Handling;
}

/// A call under way.
pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<Output, RequestError>> + Send>>;
