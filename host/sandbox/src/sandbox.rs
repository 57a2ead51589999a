//! The sandbox as a whole: what a host opens once, and loads every component with.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jurat_model::{Declaration, Limits, Worker};
use jurat_trust::{ComponentFile, Digest, VerifiedBytes, Wasi};
use wasmtime::component::Component;

use crate::call_failure::{CallFailure, classify};
use crate::checks::{check_beginning, check_imports, compare};
use crate::code_cache::Compatibility;
use crate::compile::{self, Budget, CompileError, MachineCode, Order, Places};
use crate::component::SandboxedComponent;
use crate::contract::{CallError, Contract, SUPPORTED, WrongType};
use crate::cost::Cost;
use crate::loaded::Loaded;
use crate::machine::{CodeOrigin, Machine, Machines};
use crate::policy::{Policy, SealedWasi};
use crate::refusal::{LoadError, Refusal};
use crate::runtime::{Allocation, OpenError, Runtime, TABLE_ELEMENTS};
use crate::settings::{Compiler, Settings};
use crate::shape::{Shape, scan};
use crate::side_by_side::side_by_side;
use crate::wasi::Sealed;

/// The sandbox in which rules run. Cloning shares everything; one for each process is enough.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    runtime: Arc<Runtime>,
    settings: Settings,
    contracts: &'static [&'static dyn Contract],
    compatibility: Compatibility,
    machines: Machines,
    places: Places,
    compiled: AtomicU64,
}

/// The self-description of a component.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its rules.
    pub rules: Vec<Declaration>,
    /// The version of the contract that it was built against.
    pub contract: &'static str,
    /// Its shape: sizes, imports and exports.
    pub shape: Shape,
}

impl Sandbox {
    /// Opens the sandbox. Where the address space for all instances cannot be reserved, it says so in the log and goes on without.
    ///
    /// # Errors
    /// When the engine cannot be started at all.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::with_contracts(settings, SUPPORTED)
    }

    pub(crate) fn with_contracts(
        settings: Settings,
        contracts: &'static [&'static dyn Contract],
    ) -> Result<Self, OpenError> {
        let runtime = Arc::new(Runtime::start(&settings)?);
        match &settings.compiler {
            Compiler::Child { .. } => settings.compile.component.warn_if_lowered(),
            Compiler::InProcess => {}
        }
        Ok(Self(Arc::new(Inner {
            compatibility: Compatibility::of(runtime.engine()),
            places: Places::new(settings.compile.threads),
            runtime,
            settings,
            contracts,
            machines: Machines::default(),
            compiled: AtomicU64::new(0),
        })))
    }

    /// How the memory of instances is provided.
    #[must_use]
    pub fn allocation(&self) -> &Allocation {
        self.0.runtime.allocation()
    }

    /// The settings that it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The engine, as machine code is made for it: another one for each processor, version of the runtime, and price list of fuel.
    #[must_use]
    pub fn engine(&self) -> Digest {
        self.0.compatibility.name()
    }

    /// How many compilations there were since the sandbox was opened.
    #[must_use]
    pub fn compiled(&self) -> u64 {
        self.0.compiled.load(Ordering::Relaxed)
    }

    /// Makes the rules of a component ready to run.
    ///
    /// A component that is loaded already is not compiled again, not even for another tenant; two threads that load the same one at once wait
    /// for one compilation. Every check is made each time, under the limits and the manifest of this load.
    ///
    /// # Errors
    /// When anything about it is not as it should be; see [`Refusal`].
    pub fn load(&self, file: &ComponentFile<'_>, policy: &Policy) -> Result<SandboxedComponent, LoadError> {
        self.load_within(&self.budget(policy), file, policy)
    }

    /// Makes the rules of a release ready to run: loads its components, in their order, side by side as far as the settings let it.
    ///
    /// # Errors
    /// As [`Sandbox::load`], for the first component that has any.
    pub fn load_release(
        &self,
        files: &[ComponentFile<'_>],
        policy: &Policy,
    ) -> Result<Vec<SandboxedComponent>, LoadError> {
        let budget = self.budget(policy);
        side_by_side(self.0.settings.compile.threads, files, |file| self.load_within(&budget, file, policy))
    }

    /// What the components of one release may use together.
    fn budget(&self, policy: &Policy) -> Budget {
        Budget::new(self.0.settings.compile.release).with_calls_of(policy.limits.fuel.get())
    }

    fn load_within(
        &self,
        budget: &Budget,
        file: &ComponentFile<'_>,
        policy: &Policy,
    ) -> Result<SandboxedComponent, LoadError> {
        let refused = |reason| LoadError { component: file.path.to_string(), reason };
        let limits = self.below_ceilings(file.limits.within(&policy.limits));
        let checked = self.check(budget, file.bytes, file.wasi, policy.sealed_wasi, &limits).map_err(refused)?;
        compare(&checked.rules, file.rules).map_err(|mismatch| refused(Refusal::Manifest(mismatch)))?;

        Ok(SandboxedComponent::new(Loaded {
            runtime: Arc::clone(&self.0.runtime),
            machine: checked.machine,
            origin: checked.origin,
            shape: checked.shape,
            digest: *file.bytes.sha256(),
            name: file.bytes.sha256().to_string(),
            limits,
            costs: checked.rules.iter().map(|_| Cost::default()).collect(),
            declarations: checked.rules,
        }))
    }

    /// Asks a component what it holds, without making its rules ready to run: what an author's tools need before there is a manifest.
    ///
    /// # Errors
    /// As [`Sandbox::load`], but for the comparison with a manifest.
    pub fn describe(&self, bytes: &VerifiedBytes, wasi: Wasi, policy: &Policy) -> Result<Description, Refusal> {
        let limits = self.below_ceilings(policy.limits);
        let checked = self.check(&self.budget(policy), bytes, wasi, policy.sealed_wasi, &limits)?;
        Ok(Description { rules: checked.rules, contract: checked.machine.contract().interface(), shape: checked.shape })
    }

    /// The limits, as far as the pool can serve them.
    fn below_ceilings(&self, limits: Limits) -> Limits {
        Limits {
            memory: limits.memory.min(self.0.settings.memory_ceiling),
            table_elements: limits.table_elements.min(TABLE_ELEMENTS),
            ..limits
        }
    }

    /// Every check but the comparison with a manifest.
    fn check(
        &self,
        budget: &Budget,
        bytes: &VerifiedBytes,
        wasi: Wasi,
        granted: SealedWasi,
        limits: &Limits,
    ) -> Result<Checked, Refusal> {
        let shape = scan(bytes.as_slice())?;
        check_imports(&shape, wasi, granted)?;
        check_beginning(&shape, limits)?;
        let contract = self.contract(&shape)?;
        let (machine, origin) = self.machine(budget, bytes, wasi, contract)?;
        budget.take_code(machine.code_length())?;
        let (rules, fuel) = self.ask(&machine, limits, Sealed::new(0, *bytes.sha256().as_bytes()))?;
        let counted = budget.count_description(fuel);
        counted.map_err(|limit| Refusal::DescribeTogether { limit })?;
        Ok(Checked { machine, origin, shape, rules })
    }

    /// Machine code for bytes that have passed the checks before the compiler.
    fn machine(
        &self,
        budget: &Budget,
        bytes: &VerifiedBytes,
        wasi: Wasi,
        contract: &'static dyn Contract,
    ) -> Result<(Arc<Machine>, CodeOrigin), Refusal> {
        self.0.machines.get_or_make(bytes, wasi, || {
            let (code, component, origin) = self.code(budget, bytes)?;
            let first = self.0.runtime.bind(contract, &component).map_err(|error| Refusal::Bind(error.into()))?;
            let copies = self.0.settings.workers.saturating_add(1);
            Ok((Machine::new(contract, wasi, code, first, copies.get()), origin))
        })
    }

    /// Machine code from the cache or, where it has none that can be used, from the compiler.
    fn code(
        &self,
        budget: &Budget,
        bytes: &VerifiedBytes,
    ) -> Result<(MachineCode, Component, CodeOrigin), CompileError> {
        let Inner { runtime, settings, compatibility, places, compiled, .. } = &*self.0;
        let entry = settings.code.as_ref().map(|cache| cache.entry(bytes.sha256(), compatibility));
        if let Some(entry) = &entry
            && let Some(code) = entry.find().map(MachineCode::authentic)
        {
            match compile::load(runtime.engine(), &code) {
                Ok(component) => return Ok((code, component, CodeOrigin::Cached)),
                // The code is good: another start can use it.
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => entry.discard(&error),
            }
        }
        compiled.fetch_add(1, Ordering::Relaxed);
        let order = Order { limits: settings.compile.component, target: runtime.target() };
        let shared = (places, budget);
        let code = compile::compile(runtime.engine(), &settings.compiler, order, shared, bytes.as_slice())?;
        let component = compile::load(runtime.engine(), &code)?;
        if let Some(entry) = &entry {
            entry.keep(code.as_slice());
        }
        Ok((code, component, CodeOrigin::Compiled))
    }

    fn contract(&self, shape: &Shape) -> Result<&'static dyn Contract, Refusal> {
        let found =
            self.0.contracts.iter().find(|contract| shape.exports.iter().any(|name| name == contract.interface()));
        found.copied().ok_or_else(|| Refusal::Contract {
            exports: shape.exports.clone(),
            supported: self.0.contracts.iter().map(|contract| contract.interface().to_owned()).collect(),
        })
    }

    /// The rules that a component declares, and the fuel that it needed for that.
    fn ask(&self, machine: &Machine, limits: &Limits, sealed: Sealed) -> Result<(Vec<Declaration>, u64), Refusal> {
        let failed = |failure| match failure {
            CallFailure::Rule(fault) => Refusal::Describe { fault },
            CallFailure::Host(error) if error.is::<WrongType>() => Refusal::Bind(error.into()),
            CallFailure::Host(error) => Refusal::Host(error.into()),
        };
        let live = machine.start(&self.0.runtime, Worker(0), limits, sealed).map_err(failed)?;
        live.describe(limits).map_err(|error| match error {
            CallError::Failed(error) => failed(classify(error)),
            CallError::Malformed(malformed) => Refusal::Declaration(malformed.to_string()),
            CallError::Refused(reason) => Refusal::Declaration(reason),
        })
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox").field("settings", &self.0.settings).field("allocation", self.allocation()).finish()
    }
}

/// A component that has passed the checks.
struct Checked {
    machine: Arc<Machine>,
    origin: CodeOrigin,
    shape: Shape,
    rules: Vec<Declaration>,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use jurat_trust::danger;

    use super::*;

    const COMPONENT: &[u8] = include_bytes!("../../../tests/fixtures/contract/jurat-rule-0.1.0.wasm");

    #[test]
    fn what_components_say_of_themselves_counts_against_the_fuel_of_their_release() {
        let sandbox = Sandbox::open(Settings::new(NonZeroUsize::MIN)).unwrap();
        let bytes = danger::assume_verified_bytes(COMPONENT.to_vec());
        let check_after = |fuel| {
            let budget = Budget::new(Duration::from_secs(60));
            budget.count_description(fuel).unwrap();
            sandbox.check(&budget, &bytes, Wasi::None, SealedWasi::Refused, &Limits::DEFAULT).err()
        };
        assert!(check_after(900_000_000).is_none());
        let refused = check_after(1_000_000_000);
        assert!(matches!(refused, Some(Refusal::DescribeTogether { limit: 1_000_000_000 })), "{refused:?}");
    }

    #[test]
    fn machine_code_counts_against_the_memory_of_its_release() {
        let sandbox = Sandbox::open(Settings::new(NonZeroUsize::MIN)).unwrap();
        let bytes = danger::assume_verified_bytes(COMPONENT.to_vec());
        let check = |budget| {
            sandbox
                .check(budget, &bytes, Wasi::None, SealedWasi::Refused, &Limits::DEFAULT)
                .map(|checked| checked.machine)
        };
        let budget = Budget::new(Duration::from_secs(60));
        // Kept, so that the code is there, and counts nevertheless.
        let _machine = check(&budget).unwrap();
        while budget.take_code(1 << 10).is_ok() {}
        let refused = check(&budget).err();
        assert!(matches!(refused, Some(Refusal::Compile(CompileError::TooMuchCodeTogether { .. }))), "{refused:?}");
    }
}
