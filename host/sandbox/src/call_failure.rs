//! The only file that reads the runtime's errors about a failed call.

use jurat_model::Fault;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::contract::WrongType;
use crate::state::MemoryExceeded;

/// Whose fault a failed call is.
#[derive(Debug)]
pub(crate) enum CallFailure {
    /// The rule's.
    Rule(Fault),
    /// The host's: nothing is known about the rule.
    Host(wasmtime::Error),
}

/// Classifies a failed call. Its store must be dropped in any case.
pub(crate) fn classify(error: wasmtime::Error) -> CallFailure {
    if error.is::<WrongType>() {
        return CallFailure::Host(error);
    }
    sort(error, |error| {
        // An import of sealed WASI gave up while the guest was running.
        let while_running = error.is::<WasmBacktrace>();
        // Else the reply could not be read (its size, its text, a bad pointer or discriminant).
        CallFailure::Rule(if while_running { Fault::Trap } else { Fault::Output })
    })
}

/// Classifies a failed instantiation: an error that is neither a limit nor a trap is the host's own.
pub(crate) fn classify_start(error: wasmtime::Error) -> CallFailure {
    sort(error, |error| match error.is::<WasmBacktrace>() {
        true => CallFailure::Rule(Fault::Trap),
        false => CallFailure::Host(error),
    })
}

fn sort(error: wasmtime::Error, otherwise: impl FnOnce(wasmtime::Error) -> CallFailure) -> CallFailure {
    if error.downcast_ref::<MemoryExceeded>().is_some() {
        return CallFailure::Rule(Fault::Memory);
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return CallFailure::Host(error);
    }
    if error.downcast_ref::<I32Exit>().is_some() {
        return CallFailure::Rule(Fault::Trap);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => CallFailure::Rule(Fault::Fuel),
        Some(Trap::Interrupt) => CallFailure::Rule(Fault::Deadline),
        Some(Trap::StackOverflow) => CallFailure::Rule(Fault::Stack),
        Some(_) => CallFailure::Rule(Fault::Trap),
        None => otherwise(error),
    }
}
