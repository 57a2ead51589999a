//! The only file that reads the runtime's errors about a failed call.

use jurat_model::Fault;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::contract::WrongType;
use crate::state::MemoryExceeded;

/// Whose fault a failed call is.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The rule's.
    Rule(Fault),
    /// The host's: nothing is known about the rule.
    Host(wasmtime::Error),
}

/// Sorts a failed call. Whatever it was, its store must be dropped.
pub(crate) fn classify(error: wasmtime::Error) -> Failure {
    if error.is::<WrongType>() {
        return Failure::Host(error);
    }
    sort(error, |error| {
        // An import of sealed WASI gave up while the guest was running.
        let while_running = error.is::<WasmBacktrace>();
        // Else the reply could not be read (its size, its text, a bad pointer or discriminant).
        Failure::Rule(if while_running { Fault::Trap } else { Fault::Output })
    })
}

/// Sorts a failed instantiation: what is neither a limit nor a trap is the host's own failure.
pub(crate) fn classify_start(error: wasmtime::Error) -> Failure {
    sort(error, |error| match error.is::<WasmBacktrace>() {
        true => Failure::Rule(Fault::Trap),
        false => Failure::Host(error),
    })
}

fn sort(error: wasmtime::Error, otherwise: impl FnOnce(wasmtime::Error) -> Failure) -> Failure {
    if error.downcast_ref::<MemoryExceeded>().is_some() {
        return Failure::Rule(Fault::Memory);
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Failure::Host(error);
    }
    if error.downcast_ref::<I32Exit>().is_some() {
        return Failure::Rule(Fault::Trap);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Failure::Rule(Fault::Fuel),
        Some(Trap::Interrupt) => Failure::Rule(Fault::Deadline),
        Some(Trap::StackOverflow) => Failure::Rule(Fault::Stack),
        Some(_) => Failure::Rule(Fault::Trap),
        None => otherwise(error),
    }
}
