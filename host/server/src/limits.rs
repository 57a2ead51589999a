//! The calls of operators that concern the server itself, and not the service behind it.

use std::time::Instant;

use serde_json::json;

use crate::call::Operation;
use crate::error::RequestError;
use crate::output::Output;
use crate::state::State;

/// Makes a call that concerns the server, and writes its result. Whether it is one.
pub(crate) fn answer(state: &State, operation: &Operation, output: &mut Output) -> Result<bool, RequestError> {
    match operation {
        Operation::Limits => output.value(&state.quotas.report(Instant::now()))?,
        Operation::ResetLimits { bucket } => output.value(&json!({"reset": state.quotas.reset(bucket.as_deref())}))?,
        _ => return Ok(false),
    }
    Ok(true)
}
