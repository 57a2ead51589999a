//! The WebAssembly engine of the process, and what every instance needs from it.

use std::time::Duration;

use thiserror::Error;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::compile::{Reservation, Target};
use crate::contract::{Bound, Contract};
use crate::settings::Settings;
use crate::slots::{Slot, Slots};
use crate::state::{self, State};
use crate::ticker;

/// Core instances of one component. One from the SDK is a single one; one that was adapted from WASI has up to four.
const CORE_INSTANCES: u32 = 16;
/// Memories of one component.
const MEMORIES: u32 = 2;
/// Tables of one component.
const TABLES: u32 = 4;
/// Elements of one table, whatever the limits of a rule say.
pub(crate) const TABLE_ELEMENTS: u32 = 100_000;

/// The engine, with the imports that it answers and the slots that it has for instances.
pub(crate) struct Runtime {
    engine: Engine,
    linker: Linker<State>,
    slots: Slots,
    wait: Duration,
    allocation: Allocation,
    target: Target,
}

/// How the memory of instances is provided.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Allocation {
    /// From address space that was reserved when the sandbox was opened.
    Pooled,
    /// One by one, because the address space could not be reserved. Everything works, some ten times slower.
    OnDemand {
        /// What the system said.
        reason: String,
    },
}

/// Why the sandbox could not be opened: the machine or the settings are to blame.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The engine refuses the settings, or the machine has too little memory.
    #[error("the WebAssembly engine could not be started")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No thread for the clock.
    #[error("the sandbox's clock could not be started; look at `ulimit -u`")]
    Ticker(#[source] std::io::Error),
}

impl Runtime {
    /// Starts the engine. Where the address space for all instances cannot be reserved, it says so in the log and goes on without.
    pub(crate) fn start(settings: &Settings) -> Result<Self, OpenError> {
        let failed = |error: wasmtime::Error| OpenError::Engine(error.into());
        let full = Target { stack: settings.stack, reservation: Reservation::Full };
        let (engine, allocation, target) = match Engine::new(&pooled(full.config(), settings)) {
            Ok(engine) => (engine, Allocation::Pooled, full),
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::warn!(
                    %reason,
                    "no address space for pooled instances: running some ten times slower; look for `ulimit -v` or \
                     `vm.overcommit_memory=2`"
                );
                // Not even one memory may find 4 GiB of address space.
                let exact = Target { reservation: Reservation::Exact, ..full };
                (Engine::new(&exact.config()).map_err(failed)?, Allocation::OnDemand { reason }, exact)
            }
        };
        ticker::start(&engine).map_err(OpenError::Ticker)?;
        let mut linker = Linker::new(&engine);
        state::link(&mut linker).map_err(failed)?;
        Ok(Self { engine, linker, slots: Slots::new(settings.instances), wait: settings.wait, allocation, target })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How the memory of instances is provided.
    pub(crate) fn allocation(&self) -> &Allocation {
        &self.allocation
    }

    /// What machine code for the engine is made for.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// Finds the functions of the contract in a component.
    pub(crate) fn bind(&self, contract: &dyn Contract, component: &Component) -> wasmtime::Result<Box<dyn Bound>> {
        contract.bind(component, self.linker.instantiate_pre(component)?)
    }

    /// A slot for an instance; waits for one if none is free.
    pub(crate) fn slot(&self) -> wasmtime::Result<Slot> {
        let wait = self.wait;
        self.slots.take(wait).ok_or_else(|| wasmtime::format_err!("no instance became free within {wait:?}"))
    }
}

/// Adds slots for instances to the engine's settings.
fn pooled(mut config: Config, settings: &Settings) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(settings.instances)
        // Each number is what one component may have, times the number of components: no component can take a slot that
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
