//! Machine code made ready for each worker, shared by all who have a right to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use jurat_model::{Limits, Worker};
use jurat_trust::{Digest, VerifiedBytes, Wasi};

use crate::compile::{self, MachineCode};
use crate::contract::{Bound, Contract};
use crate::fault::Failure;
use crate::instance::Live;
use crate::runtime::Runtime;
use crate::wasi::Sealed;

/// Where the machine code of a component came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The compiler made it for this load.
    Compiled,
    /// It was kept from an earlier start; see [`CodeCache`](crate::CodeCache).
    Cached,
    /// Somebody else in this process has the same component loaded.
    Shared,
}

/// A component's machine code, ready to run. It knows nothing of who runs it: limits, costs and names belong to a
/// [`SandboxedComponent`](crate::SandboxedComponent), and data to an instance.
pub(crate) struct Machine {
    contract: &'static dyn Contract,
    /// Kept to make it ready once more for each worker.
    code: MachineCode,
    /// One for each worker: instances made from a shared one contend for its reference counts.
    copies: Box<[OnceLock<Box<dyn Bound>>]>,
}

/// Which machine code is ready in this process.
///
/// INVARIANT: it is asked with [`VerifiedBytes`] only. Who asks has shown by signatures of its own that it may run them, and they are
/// what the answer is found by; nobody gets at a component by naming its digest.
///
/// # Limits
/// How long a load takes can tell a tenant whether another one has the same component.
#[derive(Default)]
pub(crate) struct Machines(Mutex<HashMap<Key, Arc<Entry>>>);

type Key = (Digest, Wasi);
/// Locked by who makes it, so that others wait and find it. Empty before, and when nobody needs it any more.
type Entry = Mutex<Weak<Machine>>;

impl Machine {
    /// Machine code for so many workers. The first is ready; the others follow on their first call.
    pub(crate) fn new(
        contract: &'static dyn Contract,
        code: MachineCode,
        first: Box<dyn Bound>,
        workers: usize,
    ) -> Self {
        let copies: Box<[OnceLock<_>]> = (0..workers).map(|_| OnceLock::new()).collect();
        if let Some(copy) = copies.first() {
            let _ = copy.set(first);
        }
        Self { contract, code, copies }
    }

    /// The version of the contract that it was built against.
    pub(crate) fn contract(&self) -> &'static dyn Contract {
        self.contract
    }

    /// Makes a fresh instance for a worker.
    pub(crate) fn start(
        &self,
        runtime: &Runtime,
        worker: Worker,
        limits: &Limits,
        sealed: Sealed,
    ) -> Result<Live, Failure> {
        let bound = self.copy_of(runtime, worker)?;
        let slot = runtime.slot().map_err(Failure::Host)?;
        Live::start(runtime.engine(), slot, bound, limits, sealed)
    }

    /// What a worker makes its instances from.
    fn copy_of(&self, runtime: &Runtime, worker: Worker) -> Result<&dyn Bound, Failure> {
        let copy = self.copies.get(worker.0).ok_or_else(|| {
            Failure::Host(wasmtime::format_err!("there is no worker {}, only {}", worker.0, self.copies.len()))
        })?;
        if let Some(bound) = copy.get() {
            return Ok(&**bound);
        }
        let component = compile::load(runtime.engine(), &self.code).map_err(|error| Failure::Host(error.into()))?;
        let bound = runtime.bind(self.contract, &component).map_err(Failure::Host)?;
        Ok(&**copy.get_or_init(|| bound))
    }
}

impl Machines {
    /// The machine code of a component: what is there already, or what `make` makes. Who comes while it is made waits for it;
    /// if that fails, the next one tries.
    pub(crate) fn get_or_make<E>(
        &self,
        bytes: &VerifiedBytes,
        wasi: Wasi,
        make: impl FnOnce() -> Result<(Machine, Origin), E>,
    ) -> Result<(Arc<Machine>, Origin), E> {
        let entry = self.entry((*bytes.sha256(), wasi));
        let mut known = entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(machine) = known.upgrade() {
            return Ok((machine, Origin::Shared));
        }
        let (machine, origin) = make()?;
        let machine = Arc::new(machine);
        *known = Arc::downgrade(&machine);
        Ok((machine, origin))
    }

    fn entry(&self, key: Key) -> Arc<Entry> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever is making one has its entry in hand, and is not forgotten.
        entries.retain(|_, entry| match Arc::get_mut(entry) {
            Some(entry) => entry.get_mut().unwrap_or_else(PoisonError::into_inner).strong_count() > 0,
            None => true,
        });
        Arc::clone(entries.entry(key).or_default())
    }
}
