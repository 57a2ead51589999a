//! The sandbox as a whole: one engine, one way in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jurat_model::{Declaration, Fault, Limits, Worker};
use jurat_trust::{ComponentFile, RuleEntry, VerifiedBytes, Wasi};
use thiserror::Error;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::code_cache::Compatibility;
use crate::compile::{self, CompileError, MachineCode, codegen};
use crate::component::{Cost, Inner as Loaded, SandboxedComponent};
use crate::contract::{Bound, CallError, Contract, SUPPORTED, WrongType};
use crate::fault::{Failure, classify};
use crate::instance::{Live, State};
use crate::machine::{Machine, Machines, Origin};
use crate::settings::Settings;
use crate::shape::{Shape, ShapeError, at_most, scan};
use crate::slots::{Slot, Slots};
use crate::ticker;
use crate::wasi::{self, Sealed};

/// Core instances of one component. One from the SDK is a single one; one that was adapted from WASI has up to four.
const CORE_INSTANCES: u32 = 16;
/// Memories of one component.
const MEMORIES: u32 = 2;
/// Tables of one component.
const TABLES: u32 = 4;
/// Elements of one table, whatever the limits of a rule say.
const TABLE_ELEMENTS: u32 = 100_000;

/// Where rules run. Cloning shares everything; one for each process is enough.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    engine: Engine,
    linker: Linker<State>,
    slots: Slots,
    settings: Settings,
    allocation: Allocation,
    contracts: &'static [&'static dyn Contract],
    compatibility: Compatibility,
    machines: Machines,
    compiled: AtomicU64,
}

/// How the memory of instances is provided.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Allocation {
    /// From places that were reserved when the sandbox was opened.
    Pooled,
    /// One by one, because the address space could not be reserved. Everything works, some ten times slower.
    OnDemand {
        /// What the system said.
        reason: String,
    },
}

/// What a host allows the components of one tenant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// The limits that a release can only lower.
    pub limits: Limits,
    /// Whether a component may import WASI, with nothing behind it, if its release asks for it.
    pub sealed_wasi: SealedWasi,
}

/// Whether sealed WASI is granted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SealedWasi {
    /// Components that ask for it are refused.
    #[default]
    Refused,
    /// Components that ask for it get it.
    Granted,
}

/// Why the sandbox could not be opened: the machine's, or a mistake in the settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The engine refuses the settings, or the machine has no room.
    #[error("the WebAssembly engine could not be started")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No thread for the clock.
    #[error("the sandbox's clock could not be started")]
    Ticker(#[source] std::io::Error),
}

/// Why a component was not loaded.
#[derive(Debug, Error)]
#[error("component `{component}` is refused")]
pub struct LoadError {
    /// Its path inside of the release.
    pub component: String,
    /// The reason.
    #[source]
    pub reason: Refusal,
}

/// The reasons for which a component is not loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no component, or too large in some way.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// It imports what nobody gives it.
    #[error("it imports {}; a rule may import nothing{}", list(.imports), advice(*.hint))]
    Imports {
        /// All of them.
        imports: Vec<String>,
        /// What could be done about it.
        hint: WasiHint,
    },
    /// The release asks for sealed WASI, and the host does not grant it.
    #[error("it asks for sealed WASI, which this host does not grant (setting `sealed_wasi`)")]
    WasiNotGranted,
    /// It exports no version of the contract that this host supports.
    #[error("it exports {}, but none of {}", list(.exports), list(.supported))]
    Contract {
        /// What it exports.
        exports: Vec<String>,
        /// What would do.
        supported: Vec<String>,
    },
    /// It could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Its functions are not those of the contract.
    #[error("it does not fit the contract that it names")]
    Bind(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did wrong when it was asked what it holds.
    #[error("it {fault} when asked what it holds")]
    Describe {
        /// What it did.
        fault: Fault,
    },
    /// What it says of itself breaks the contract.
    #[error("what it says of itself breaks the contract: {0}")]
    Declaration(String),
    /// It is not what the manifest says.
    #[error("its rules are not those of the signed manifest: {0}")]
    Manifest(Mismatch),
    /// The host could not run it.
    #[error("the host could not run it")]
    Host(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whether a refused import is one that sealed WASI would answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WasiHint {
    /// All of them are.
    Sealed,
    /// Some are not.
    None,
}

/// How a component differs from its manifest.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Other rules, or in another order.
    #[error("it has {}, the manifest has {}", list(.found), list(.signed))]
    Rules {
        /// The component's.
        found: Vec<String>,
        /// The manifest's.
        signed: Vec<String>,
    },
    /// A rule with other inputs.
    #[error("rule `{rule}` declares other inputs")]
    Inputs {
        /// The rule.
        rule: String,
    },
}

/// What a component says of itself.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its rules.
    pub rules: Vec<Declaration>,
    /// The version of the contract that it was built against.
    pub contract: &'static str,
    /// What it looks like from outside.
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
        let failed = |error: wasmtime::Error| OpenError::Engine(error.into());
        let config = codegen(settings.stack);
        let (engine, allocation) = match Engine::new(&pooled(config.clone(), &settings)) {
            Ok(engine) => (engine, Allocation::Pooled),
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::warn!(
                    %reason,
                    "no address space for pooled instances: running some ten times slower; look for `ulimit -v` or \
                     `vm.overcommit_memory=2`"
                );
                (Engine::new(&config).map_err(failed)?, Allocation::OnDemand { reason })
            }
        };
        ticker::start(&engine).map_err(OpenError::Ticker)?;
        let mut linker = Linker::new(&engine);
        wasi::link(&mut linker).map_err(failed)?;
        Ok(Self(Arc::new(Inner {
            compatibility: Compatibility::of(&engine),
            engine,
            linker,
            slots: Slots::new(settings.instances),
            settings,
            allocation,
            contracts,
            machines: Machines::default(),
            compiled: AtomicU64::new(0),
        })))
    }

    /// How the memory of instances is provided.
    #[must_use]
    pub fn allocation(&self) -> &Allocation {
        &self.0.allocation
    }

    /// The settings that it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How often the compiler was asked since this was opened.
    #[must_use]
    pub fn compiled(&self) -> u64 {
        self.0.compiled.load(Ordering::Relaxed)
    }

    /// Makes the rules of a component ready to run.
    ///
    /// A component that is loaded already, by whomever, is not compiled once more; two threads that load the same one at once wait
    /// for one compilation. Every check is made each time, under the limits and the manifest of whoever loads.
    ///
    /// # Errors
    /// When anything about it is not as it should be; see [`Refusal`].
    pub fn load(&self, file: &ComponentFile<'_>, policy: &Policy) -> Result<SandboxedComponent, LoadError> {
        let refused = |reason| LoadError { component: file.path.to_string(), reason };
        let limits = self.below_ceilings(file.limits.within(&policy.limits));
        let draft = self.draft(file.bytes, file.wasi, policy.sealed_wasi, &limits).map_err(refused)?;
        compare(&draft.rules, file.rules).map_err(|mismatch| refused(Refusal::Manifest(mismatch)))?;

        Ok(SandboxedComponent::new(Loaded {
            sandbox: self.clone(),
            machine: draft.machine,
            origin: draft.origin,
            shape: draft.shape,
            digest: *file.bytes.sha256(),
            name: file.bytes.sha256().to_string(),
            limits,
            costs: draft.rules.iter().map(|_| Cost::default()).collect(),
            declarations: draft.rules,
        }))
    }

    /// Asks a component what it holds, without making its rules ready to run: what an author's tools need before there is a manifest.
    ///
    /// # Errors
    /// As [`Sandbox::load`], but for the comparison with a manifest.
    pub fn describe(&self, bytes: &VerifiedBytes, wasi: Wasi, policy: &Policy) -> Result<Description, Refusal> {
        let draft = self.draft(bytes, wasi, policy.sealed_wasi, &self.below_ceilings(policy.limits))?;
        Ok(Description { rules: draft.rules, contract: draft.machine.contract().interface(), shape: draft.shape })
    }

    /// The limits, as far as the pool can serve them.
    fn below_ceilings(&self, limits: Limits) -> Limits {
        Limits {
            memory: limits.memory.min(self.0.settings.memory_ceiling),
            table_elements: limits.table_elements.min(TABLE_ELEMENTS),
            ..limits
        }
    }

    fn draft(&self, bytes: &VerifiedBytes, wasi: Wasi, granted: SealedWasi, limits: &Limits) -> Result<Draft, Refusal> {
        let bytes_of = bytes.as_slice();
        let shape = scan(bytes_of)?;
        check_imports(&shape, wasi, granted)?;
        check_beginning(&shape, limits)?;
        let contract = self.contract(&shape)?;
        let (machine, origin) = self.machine(bytes, wasi, contract)?;
        let rules = self.ask(&machine, limits, Sealed::new(0, *bytes.sha256().as_bytes()))?;
        Ok(Draft { machine, origin, shape, rules })
    }

    /// Machine code for bytes that have passed the checks before the compiler.
    fn machine(
        &self,
        bytes: &VerifiedBytes,
        wasi: Wasi,
        contract: &'static dyn Contract,
    ) -> Result<(Arc<Machine>, Origin), Refusal> {
        self.0.machines.get_or_make(bytes, wasi, || {
            let (code, component, origin) = self.code(bytes)?;
            let first = self.bind(contract, &component).map_err(|error| Refusal::Bind(error.into()))?;
            Ok((Machine::new(contract, code, first, self.0.settings.workers.get()), origin))
        })
    }

    fn code(&self, bytes: &VerifiedBytes) -> Result<(MachineCode, Component, Origin), CompileError> {
        let Inner { engine, settings, compatibility, compiled, .. } = &*self.0;
        let place = settings.code.as_ref().map(|cache| cache.place(bytes.sha256(), compatibility));
        if let Some(place) = &place
            && let Some(code) = place.find()
        {
            match compile::load(engine, &code) {
                Ok(component) => return Ok((code, component, Origin::Cached)),
                Err(error) => place.discard(&error),
            }
        }
        compiled.fetch_add(1, Ordering::Relaxed);
        let code = compile::compile(engine, &settings.compiler, bytes.as_slice())?;
        let component = compile::load(engine, &code)?;
        if let Some(place) = &place {
            place.keep(&code);
        }
        Ok((code, component, Origin::Compiled))
    }

    fn contract(&self, shape: &Shape) -> Result<&'static dyn Contract, Refusal> {
        let found =
            self.0.contracts.iter().find(|contract| shape.exports.iter().any(|name| name == contract.interface()));
        found.copied().ok_or_else(|| Refusal::Contract {
            exports: shape.exports.clone(),
            supported: self.0.contracts.iter().map(|contract| contract.interface().to_owned()).collect(),
        })
    }

    fn ask(&self, machine: &Machine, limits: &Limits, sealed: Sealed) -> Result<Vec<Declaration>, Refusal> {
        let failed = |failure| match failure {
            Failure::Rule(fault) => Refusal::Describe { fault },
            Failure::Host(error) if error.is::<WrongType>() => Refusal::Bind(error.into()),
            Failure::Host(error) => Refusal::Host(error.into()),
        };
        let bound = machine.lane(self, Worker(0)).map_err(failed)?;
        let slot = self.slot().map_err(|error| Refusal::Host(error.into()))?;
        let live = Live::start(&self.0.engine, slot, bound, limits, sealed).map_err(failed)?;
        live.describe(limits).map_err(|error| match error {
            CallError::Failed(error) => failed(classify(error)),
            CallError::Malformed(malformed) => Refusal::Declaration(malformed.to_string()),
            CallError::Refused(reason) => Refusal::Declaration(reason),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn bind(&self, contract: &dyn Contract, component: &Component) -> wasmtime::Result<Box<dyn Bound>> {
        contract.bind(component, self.0.linker.instantiate_pre(component)?)
    }

    pub(crate) fn slot(&self) -> wasmtime::Result<Slot> {
        let wait: Duration = self.0.settings.wait;
        self.0.slots.take(wait).ok_or_else(|| wasmtime::format_err!("no instance became free within {wait:?}"))
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox").field("settings", &self.0.settings).field("allocation", &self.0.allocation).finish()
    }
}

/// A component on its way through the checks.
struct Draft {
    machine: Arc<Machine>,
    origin: Origin,
    shape: Shape,
    rules: Vec<Declaration>,
}

/// Adds places for instances to the engine's settings.
fn pooled(mut config: Config, settings: &Settings) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(settings.instances)
        // Each number is what one component may have, times the number of components: no component can take a place that
        // was counted for another.
        .total_core_instances(settings.instances.saturating_mul(CORE_INSTANCES))
        .total_memories(settings.instances.saturating_mul(MEMORIES))
        .total_tables(settings.instances.saturating_mul(TABLES))
        .total_stacks(1)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        // All of them may be in one module: the shape of a component bounds their number, whatever allocates them.
        .max_memories_per_module(MEMORIES)
        .max_tables_per_module(TABLES)
        .max_memory_size(settings.memory_ceiling.to_usize())
        .table_elements(TABLE_ELEMENTS as usize)
        .max_unused_warm_slots(settings.instances)
        // The whole memory of a rule from the SDK: it is reset by writing, without a system call.
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        // Can leave a swapped-out page to the next instance.
        .pagemap_scan(Enabled::No);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

fn check_imports(shape: &Shape, wasi: Wasi, granted: SealedWasi) -> Result<(), Refusal> {
    let sealed = match (wasi, granted) {
        (Wasi::None, _) => false,
        (Wasi::Sealed, SealedWasi::Granted) => true,
        (Wasi::Sealed, SealedWasi::Refused) => return Err(Refusal::WasiNotGranted),
    };
    let imports: Vec<_> = shape.imports.iter().filter(|import| !(sealed && wasi::answers(import))).cloned().collect();
    if imports.is_empty() {
        return Ok(());
    }
    let hint =
        if !sealed && imports.iter().all(|import| wasi::answers(import)) { WasiHint::Sealed } else { WasiHint::None };
    Err(Refusal::Imports { imports, hint })
}

/// Refuses what could never be started under its limits, before anything compiles it.
fn check_beginning(shape: &Shape, limits: &Limits) -> Result<(), ShapeError> {
    at_most("bytes of initial memory", shape.memory, limits.memory.get())?;
    at_most("initial table elements", shape.table_elements, limits.table_elements.into())
}

fn compare(found: &[Declaration], signed: &[RuleEntry]) -> Result<(), Mismatch> {
    if !found.iter().map(|rule| &rule.id).eq(signed.iter().map(|rule| &rule.id)) {
        return Err(Mismatch::Rules {
            found: found.iter().map(|rule| rule.id.clone()).collect(),
            signed: signed.iter().map(|rule| rule.id.clone()).collect(),
        });
    }
    match found.iter().zip(signed).find(|(found, signed)| found.inputs != signed.inputs) {
        Some((rule, _)) => Err(Mismatch::Inputs { rule: rule.id.clone() }),
        None => Ok(()),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    quoted.join(", ")
}

fn advice(hint: WasiHint) -> &'static str {
    match hint {
        WasiHint::Sealed => " (build it for `wasm32-unknown-unknown`, or say `wasi: sealed` in the release)",
        WasiHint::None => "",
    }
}
