//! One instance with one store and all its limits.

use jurat_model::columns::Batch;
use jurat_model::{Declaration, Fault, Finding, Limits, Verdicts};
use jurat_trust::Wasi;
use wasmtime::{Engine, Store, StoreContextMut, Trap, UpdateDeadline};

use crate::call_failure::{CallFailure, classify, classify_start};
use crate::contract::{Bound, CallError, Guest};
use crate::slots::Slot;
use crate::state::State;
use crate::ticker;
use crate::wasi::Sealed;

/// Handles to component-model resources that an instance can hold.
const HANDLES: usize = 256;

/// An instance that is alive. It cannot be kept after a failed call: [`Live::evaluate`] consumes it.
pub(crate) struct Live {
    // Dropped in this order: the slot must not be free before the store is.
    guest: Box<dyn Guest>,
    store: Store<State>,
    _slot: Slot,
    /// The fuel of its start, until a call reports it.
    start: u64,
}

/// The usage of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Of the start of the instance, if the call is its first.
    pub(crate) start: u64,
    /// Of the call.
    pub(crate) fuel: u64,
    pub(crate) memory: u64,
    /// Of a reply that could be read.
    pub(crate) reply: u64,
}

impl Used {
    /// The fuel of the start and the call.
    pub(crate) fn all_fuel(&self) -> u64 {
        self.start.saturating_add(self.fuel)
    }
}

impl Live {
    /// Makes an instance under the given limits.
    pub(crate) fn start(
        engine: &Engine,
        slot: Slot,
        bound: &dyn Bound,
        limits: &Limits,
        sealed: Sealed,
        wasi: Wasi,
    ) -> Result<Self, CallFailure> {
        let mut store = Store::new(engine, State::new(limits, sealed, wasi));
        store.limiter(State::limiter);
        store.set_hostcall_fuel(limits.reply.to_usize());
        store.set_max_component_handles(HANDLES);
        if wasi == Wasi::Sealed {
            store.epoch_deadline_callback(|mut store| stop_or_go_on(&mut store));
        }
        // Start functions and data segments cost fuel and time as well.
        arm(&mut store, limits).map_err(CallFailure::Host)?;
        let guest = bound.instantiate(&mut store).map_err(classify_start)?;
        let start = used_fuel(&store, limits);
        if start > limits.fuel.get() {
            return Err(CallFailure::Rule(Fault::Fuel));
        }
        Ok(Self { guest, store, _slot: slot, start })
    }

    /// Asks the component what it holds. With the fuel that this has used, and the start.
    pub(crate) fn describe(mut self, limits: &Limits) -> Result<(Vec<Declaration>, u64), CallError> {
        arm(&mut self.store, limits)?;
        let described = self.guest.describe(&mut self.store);
        let fuel = used_fuel(&self.store, limits);
        if fuel > limits.fuel.get() {
            return Err(CallError::Failed(Trap::OutOfFuel.into()));
        }
        Ok((described?, self.start.saturating_add(fuel)))
    }

    /// Calls a rule. The instance comes back only if the call went well.
    pub(crate) fn evaluate(
        mut self,
        limits: &Limits,
        rule: u32,
        batch: &Batch<'_>,
    ) -> (Used, Result<(Self, Verdicts), CallFailure>) {
        if let Err(error) = arm(&mut self.store, limits) {
            return (Used::default(), Err(CallFailure::Host(error)));
        }
        let reply = self.guest.evaluate(&mut self.store, rule, batch);
        let fuel = used_fuel(&self.store, limits);
        let used = Used {
            start: std::mem::take(&mut self.start),
            fuel: fuel.min(limits.fuel.get()),
            memory: self.store.data().memory(),
            reply: reply.as_ref().map_or(0, size),
        };
        let reply = match reply {
            // However it ended: by then its calls of the host had used up the rest.
            _ if fuel > limits.fuel.get() => Err(CallFailure::Rule(Fault::Fuel)),
            Ok(verdicts) => Ok((self, verdicts)),
            Err(CallError::Failed(error)) => Err(classify(error)),
            Err(CallError::Refused(reason)) => {
                tracing::debug!(reason = %reason.escape_debug(), "a component refused a batch");
                Err(CallFailure::Rule(Fault::Refused))
            }
            Err(CallError::Malformed(reason)) => {
                tracing::debug!(%reason, "a component gave a malformed reply");
                Err(CallFailure::Rule(Fault::Output))
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
    let ticks = store.data_mut().arm(ticker::ticks(limits.deadline));
    store.set_epoch_deadline(ticks);
    store.set_fuel(limits.fuel.get())
}

/// The fuel that was used since [`arm`], with that of calls of the host. More than the limit if those exceed it.
fn used_fuel(store: &Store<State>, limits: &Limits) -> u64 {
    let left = store.get_fuel().unwrap_or(0);
    limits.fuel.get().saturating_sub(left).saturating_add(store.data().host_fuel())
}

/// At every tick of an instance that may call the host, whose work the runtime does not charge: ends the call if that has used up the
/// fuel. Whether it has is decided when the call ends; this only ends it earlier.
fn stop_or_go_on(store: &mut StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    if store.data().host_fuel() > store.get_fuel()? {
        return Err(Trap::OutOfFuel.into());
    }
    Ok(store.data_mut().tick())
}
