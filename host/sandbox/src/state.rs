//! The host's state of one instance: how much it may still grow, and the sealed world that it sees.

use std::fmt;

use jurat_model::Limits;
use wasmtime::ResourceLimiter;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::wasi::{Sealed, StoppedClock};

/// The host's state of one instance.
pub(crate) struct State {
    limiter: Limiter,
    sealed: Sealed,
}

/// The instance wanted more than its limits allow; raised by our own limiter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryExceeded;

impl fmt::Display for MemoryExceeded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("memory limit exceeded")
    }
}

impl std::error::Error for MemoryExceeded {}

impl State {
    pub(crate) fn new(limits: &Limits, sealed: Sealed) -> Self {
        Self { limiter: Limiter::new(limits), sealed }
    }

    /// What the runtime asks before anything grows.
    pub(crate) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.limiter
    }

    /// The bytes of all its memories.
    pub(crate) fn memory(&self) -> u64 {
        self.limiter.memory as u64
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.sealed.view()
    }
}

/// Answers the imports of sealed WASI.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    // With the runtime's own monotonic clock, a rule could put the thread to sleep for any time.
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<State, StoppedClock>(linker, |state| state.sealed.clock())?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Counts memory and tables over the whole instance: the runtime's own limiter would count each memory by itself.
struct Limiter {
    memory: usize,
    memory_limit: usize,
    table_elements: usize,
    table_elements_limit: usize,
}

impl Limiter {
    fn new(limits: &Limits) -> Self {
        Self {
            memory: 0,
            memory_limit: limits.memory.to_usize(),
            table_elements: 0,
            table_elements_limit: limits.table_elements as usize,
        }
    }
}

/// Adds growth to a sum that has a limit. An error stops the guest: told of a failed growth, it could pretend that all is well.
///
/// Growth beyond the guest's own declared maximum will not happen, so it does not count.
fn grow(
    sum: &mut usize,
    limit: usize,
    current: usize,
    desired: usize,
    maximum: Option<usize>,
) -> wasmtime::Result<bool> {
    if maximum.is_some_and(|maximum| desired > maximum) {
        return Ok(false);
    }
    let grown = sum.saturating_add(desired.saturating_sub(current));
    if grown > limit {
        return Err(MemoryExceeded.into());
    }
    *sum = grown;
    Ok(true)
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        grow(&mut self.memory, self.memory_limit, current, desired, maximum)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        grow(&mut self.table_elements, self.table_elements_limit, current, desired, maximum)
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        4
    }
}
