//! One instance with one store and all its limits.

use jurat_model::columns::Batch;
use jurat_model::{Declaration, Fault, Finding, Limits, Verdicts};
use wasmtime::{Engine, ResourceLimiter, Store};

use crate::contract::{Bound, CallError, Guest};
use crate::fault::{Failure, MemoryExceeded, classify, classify_start};
use crate::slots::Slot;
use crate::ticker;
use crate::wasi::Sealed;

/// Handles to component-model resources that an instance can hold.
const HANDLES: usize = 256;

/// What the host keeps for one instance.
pub(crate) struct State {
    limiter: Limiter,
    pub(crate) sealed: Sealed,
}

/// An instance that is alive. There is no way to keep one after a failed call: [`Live::evaluate`] consumes it.
pub(crate) struct Live {
    // Dropped in this order: the slot must not be free before the store has given its place back.
    guest: Box<dyn Guest>,
    store: Store<State>,
    _slot: Slot,
}

/// What one call has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) fuel: u64,
    pub(crate) memory: u64,
    /// Of a reply that could be read.
    pub(crate) reply: u64,
}

impl Live {
    /// Makes an instance under the given limits.
    pub(crate) fn start(
        engine: &Engine,
        slot: Slot,
        bound: &dyn Bound,
        limits: &Limits,
        sealed: Sealed,
    ) -> Result<Self, Failure> {
        let mut store = Store::new(engine, State { limiter: Limiter::new(limits), sealed });
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits.reply.to_usize());
        store.set_max_component_handles(HANDLES);
        // Start functions and data segments cost fuel and time as well.
        arm(&mut store, limits).map_err(Failure::Host)?;
        let guest = bound.instantiate(&mut store).map_err(classify_start)?;
        Ok(Self { guest, store, _slot: slot })
    }

    /// Asks the component what it holds.
    pub(crate) fn describe(mut self, limits: &Limits) -> Result<Vec<Declaration>, CallError> {
        arm(&mut self.store, limits)?;
        self.guest.describe(&mut self.store)
    }

    /// Calls a rule. The instance comes back only if the call went well.
    pub(crate) fn evaluate(
        mut self,
        limits: &Limits,
        rule: u32,
        batch: &Batch<'_>,
    ) -> (Used, Result<(Self, Verdicts), Failure>) {
        if let Err(error) = arm(&mut self.store, limits) {
            return (Used::default(), Err(Failure::Host(error)));
        }
        let reply = self.guest.evaluate(&mut self.store, rule, batch);
        let left = self.store.get_fuel().unwrap_or(0);
        let used = Used {
            fuel: limits.fuel.get().saturating_sub(left),
            memory: self.store.data().limiter.memory as u64,
            reply: reply.as_ref().map_or(0, size),
        };
        let reply = match reply {
            Ok(verdicts) => Ok((self, verdicts)),
            Err(CallError::Failed(error)) => Err(classify(error)),
            Err(CallError::Refused(reason)) => {
                tracing::debug!(reason = %reason.escape_debug(), "a component refused a batch");
                Err(Failure::Rule(Fault::Refused))
            }
            Err(CallError::Malformed(reason)) => {
                tracing::debug!(%reason, "a component gave a malformed reply");
                Err(Failure::Rule(Fault::Output))
            }
        };
        (used, reply)
    }
}

/// The bytes of a reply, as the runtime counts them against the limit: lists by the size of their elements, and all texts.
fn size(reply: &Verdicts) -> u64 {
    let Verdicts { statuses, findings } = reply;
    let texts = findings.iter().map(|finding| {
        let Finding { row: _, code, message, inputs, params } = finding;
        let words: usize = params.iter().map(|(key, value)| key.len() + value.len()).sum();
        code.as_ref().map_or(0, String::len) + message.len() + size_of_val(&**inputs) + size_of_val(&**params) + words
    });
    let bytes = size_of_val(&**statuses) + size_of_val(&**findings) + texts.sum::<usize>();
    bytes as u64
}

/// Gives the next piece of work its fuel and its deadline.
fn arm(store: &mut Store<State>, limits: &Limits) -> wasmtime::Result<()> {
    store.set_epoch_deadline(ticker::ticks(limits.deadline));
    store.set_fuel(limits.fuel.get())
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
/// What the guest's own declared maximum forbids will not happen, so it does not count.
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
