//! One instance with one store and all its limits.

use jurat_model::columns::Batch;
use jurat_model::{Declaration, Fault, Finding, Limits, Verdicts};
use wasmtime::{Engine, Store};

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
}

/// The usage of one call.
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
    ) -> Result<Self, CallFailure> {
        let mut store = Store::new(engine, State::new(limits, sealed));
        store.limiter(State::limiter);
        store.set_hostcall_fuel(limits.reply.to_usize());
        store.set_max_component_handles(HANDLES);
        // Start functions and data segments cost fuel and time as well.
        arm(&mut store, limits).map_err(CallFailure::Host)?;
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
    ) -> (Used, Result<(Self, Verdicts), CallFailure>) {
        if let Err(error) = arm(&mut self.store, limits) {
            return (Used::default(), Err(CallFailure::Host(error)));
        }
        let reply = self.guest.evaluate(&mut self.store, rule, batch);
        let left = self.store.get_fuel().unwrap_or(0);
        let used = Used {
            fuel: limits.fuel.get().saturating_sub(left),
            memory: self.store.data().memory(),
            reply: reply.as_ref().map_or(0, size),
        };
        let reply = match reply {
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
    store.set_epoch_deadline(ticker::ticks(limits.deadline));
    store.set_fuel(limits.fuel.get())
}
