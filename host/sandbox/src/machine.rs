//! Machine code, ready for each worker and shared by all components that may run it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use jurat_model::{Limits, Worker};
use jurat_trust::{Digest, VerifiedBytes, Wasi};

use crate::call_failure::CallFailure;
use crate::compile::{self, MachineCode};
use crate::contract::{Bound, Contract};
use crate::instance::Live;
use crate::runtime::Runtime;
use crate::wasi::Sealed;

/// The origin of a component's machine code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodeOrigin {
    /// Compiled for this load.
    Compiled,
    /// Read from the cache of an earlier start; see [`CodeCache`](crate::CodeCache).
    Cached,
    /// Shared with the same component, which this process has loaded before.
    Shared,
}

/// A component's machine code, ready to run. It is the same for all its users: limits, costs and names belong to a
/// [`SandboxedComponent`](crate::SandboxedComponent), and data to an instance.
pub(crate) struct Machine {
    contract: &'static dyn Contract,
    wasi: Wasi,
    /// Kept to make it ready once more for each worker.
    code: MachineCode,
    /// One for each worker: instances made from a shared one contend for its reference counts.
    copies: Box<[OnceLock<Box<dyn Bound>>]>,
}

/// The machine code that is ready in this process.
///
/// INVARIANT: it is asked with [`VerifiedBytes`] only. The caller has shown, by signatures of its own, that it may run them, and the
/// answer is found by them: naming a digest gives no access to a component.
///
/// # Limits
/// How long a load takes can tell a tenant whether another one has the same component.
#[derive(Default)]
pub(crate) struct Machines(Mutex<HashMap<Key, Arc<Entry>>>);

type Key = (Digest, Wasi);
/// Locked while the machine code is made, so that other threads wait and find it. Empty before that, and when nothing uses it any more.
type Entry = Mutex<Weak<Machine>>;

impl Machine {
    /// Machine code for `copies` workers, the reserve among them. The first one's is ready; the others' follow on their first call.
    pub(crate) fn new(
        contract: &'static dyn Contract,
        wasi: Wasi,
        code: MachineCode,
        first: Box<dyn Bound>,
        copies: usize,
    ) -> Self {
        let copies: Box<[OnceLock<_>]> = (0..copies).map(|_| OnceLock::new()).collect();
        if let Some(copy) = copies.first() {
            let _ = copy.set(first);
        }
        Self { contract, wasi, code, copies }
    }

    /// The version of the contract that it was built against.
    pub(crate) fn contract(&self) -> &'static dyn Contract {
        self.contract
    }

    /// The length of its machine code.
    pub(crate) fn code_length(&self) -> usize {
        self.code.as_slice().len()
    }

    /// Makes a fresh instance for a worker.
    pub(crate) fn start(
        &self,
        runtime: &Runtime,
        worker: Worker,
        limits: &Limits,
        sealed: Sealed,
    ) -> Result<Live, CallFailure> {
        let bound = self.copy_of(runtime, worker)?;
        let slot = runtime.slot().map_err(CallFailure::Host)?;
        Live::start(runtime.engine(), slot, bound, limits, sealed, self.wasi)
    }

    /// What a worker makes its instances from.
    fn copy_of(&self, runtime: &Runtime, worker: Worker) -> Result<&dyn Bound, CallFailure> {
        let copy = self.copies.get(worker.0).ok_or_else(|| {
            CallFailure::Host(wasmtime::format_err!(
                "worker {} does not exist: there are {}",
                worker.0,
                self.copies.len()
            ))
        })?;
        if let Some(bound) = copy.get() {
            return Ok(&**bound);
        }
        let component = compile::load(runtime.engine(), &self.code).map_err(|error| CallFailure::Host(error.into()))?;
        let bound = runtime.bind(self.contract, &component).map_err(CallFailure::Host)?;
        Ok(&**copy.get_or_init(|| bound))
    }
}

impl Machines {
    /// The machine code of a component: what is there already, or what `make` makes. A thread that asks meanwhile waits for it;
    /// if making it fails, the next thread tries.
    pub(crate) fn get_or_make<E>(
        &self,
        bytes: &VerifiedBytes,
        wasi: Wasi,
        make: impl FnOnce() -> Result<(Machine, CodeOrigin), E>,
    ) -> Result<(Arc<Machine>, CodeOrigin), E> {
        let entry = self.entry((*bytes.sha256(), wasi));
        let mut known = entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(machine) = known.upgrade() {
            return Ok((machine, CodeOrigin::Shared));
        }
        let (machine, origin) = make()?;
        let machine = Arc::new(machine);
        *known = Arc::downgrade(&machine);
        Ok((machine, origin))
    }

    fn entry(&self, key: Key) -> Arc<Entry> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An entry that a thread is filling has a second owner, and stays.
        entries.retain(|_, entry| match Arc::get_mut(entry) {
            Some(entry) => entry.get_mut().unwrap_or_else(PoisonError::into_inner).strong_count() > 0,
            None => true,
        });
        Arc::clone(entries.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use jurat_trust::danger;

    use super::*;

    #[test]
    fn what_nothing_uses_does_not_add_up() {
        let machines = Machines::default();
        for component in 0..10_u8 {
            let bytes = danger::assume_verified_bytes(vec![component]);
            let made =
                machines.get_or_make(&bytes, Wasi::None, || Err::<(Machine, CodeOrigin), _>("it cannot be compiled"));
            assert!(made.is_err());
        }
        assert_eq!(machines.0.lock().unwrap().len(), 1, "the last one, until another one is asked for");
    }
}
