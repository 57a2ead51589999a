//! The WebAssembly runtime without the sandbox: the minimal cost of an instance, and the cost of limits.
//!
//! The settings are those of the sandbox. The sandbox cannot switch its limits off; this runtime can.

use std::num::NonZeroUsize;

use jurat_model::columns::{Column, Values};
use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, Linker, TypedFunc};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store, WasmBacktraceDetails,
};

use crate::columns::Batches;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "rule-package",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

use bindings::exports::jurat::rule::rules as wire;

/// A component with one core instance of an empty module: the smallest component that can be instantiated.
pub(crate) const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0\x01\x08\0asm\x01\0\0\0\x02\x04\x01\0\0\0";

/// More fuel and more epochs than any call needs.
const PLENTY: u64 = 1 << 40;

/// The limits that are enforced while a rule runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metering {
    /// Instructions.
    pub(crate) fuel: bool,
    /// The deadline.
    pub(crate) epoch: bool,
}

impl Metering {
    /// Both, as in the sandbox.
    pub(crate) const FULL: Self = Self { fuel: true, epoch: true };
    /// None: a rule could run forever.
    pub(crate) const NONE: Self = Self { fuel: false, epoch: false };
}

/// A component that is ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<()>,
    /// `None` if it has no rules.
    evaluate: Option<ComponentExportIndex>,
    metering: Metering,
}

type Evaluate = TypedFunc<(u32, wire::Batch<'static>), (Result<wire::Verdicts, String>,)>;

impl Bare {
    pub(crate) fn open(component: &[u8], metering: Metering) -> anyhow::Result<Self> {
        Self::load(component, metering).map_err(into_anyhow)
    }

    /// Creates an instance and drops it.
    pub(crate) fn instance(&self) -> anyhow::Result<()> {
        self.start().map(|_| ()).map_err(into_anyhow)
    }

    /// Runs the four rules, one after the other, on one instance.
    pub(crate) fn rules(&self, batches: &Batches) -> anyhow::Result<()> {
        self.call(batches).map_err(into_anyhow)
    }

    fn load(component: &[u8], metering: Metering) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(metering))?;
        let component = Component::new(&engine, component)?;
        component.initialize_copy_on_write_image()?;
        let rules = component.get_export_index(None, "jurat:rule/rules@0.1.0");
        let evaluate = rules.and_then(|rules| component.get_export_index(Some(&rules), "evaluate"));
        let pre = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Self { engine, pre, evaluate, metering })
    }

    fn start(&self) -> wasmtime::Result<(Store<()>, Instance)> {
        let mut store = Store::new(&self.engine, ());
        self.arm(&mut store)?;
        let instance = self.pre.instantiate(&mut store)?;
        Ok((store, instance))
    }

    fn call(&self, batches: &Batches) -> wasmtime::Result<()> {
        let (mut store, instance) = self.start()?;
        let evaluate = self.evaluate.ok_or_else(|| wasmtime::format_err!("the component has no rules"))?;
        let evaluate: Evaluate = instance.get_typed_func(&mut store, evaluate)?;
        for (rule, batch) in batches.rules() {
            self.arm(&mut store)?;
            let columns: Vec<_> = batch.columns.iter().map(column).collect();
            let (reply,) = evaluate.call(&mut store, (rule, wire::Batch { rows: batch.rows, columns: &columns }))?;
            std::hint::black_box(reply.map_err(|reason| wasmtime::format_err!("{reason}"))?);
        }
        Ok(())
    }

    fn arm(&self, store: &mut Store<()>) -> wasmtime::Result<()> {
        if self.metering.epoch {
            store.set_epoch_deadline(PLENTY);
        }
        if self.metering.fuel {
            store.set_fuel(PLENTY)?;
        }
        Ok(())
    }
}

fn into_anyhow(error: wasmtime::Error) -> anyhow::Error {
    anyhow::Error::from_boxed(error.into())
}

fn config(metering: Metering) -> Config {
    const INSTANCES: u32 = 64;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * 16)
        .total_memories(INSTANCES * 2)
        .total_tables(INSTANCES * 4)
        .total_stacks(1)
        .max_core_instances_per_component(16)
        .max_memories_per_component(2)
        .max_tables_per_component(4)
        .max_memories_per_module(2)
        .max_tables_per_module(4)
        .max_memory_size(64 << 20)
        .table_elements(100_000)
        .max_unused_warm_slots(INSTANCES)
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::No);
    let mut config = Config::new();
    config
        .consume_fuel(metering.fuel)
        .epoch_interruption(metering.epoch)
        .max_wasm_stack(512 << 10)
        .wasm_component_model(true)
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .memory_init_cow(true)
        .table_lazy_init(true)
        .native_unwind_info(false)
        .generate_address_map(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(1))
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

fn column<'a>(column: &'a Column<'_>) -> wire::Column<'a> {
    let values = match &column.values {
        Values::Booleans(values) => wire::Values::Booleans(values),
        Values::Integers(values) => wire::Values::Integers(values),
        Values::Numbers(values) => wire::Values::Numbers(values),
        Values::Decimals(decimals) => wire::Values::Decimals(wire::Decimals {
            units: &decimals.units,
            high: decimals.high.as_deref(),
            scales: &decimals.scales,
        }),
        Values::Dates(values) => wire::Values::Dates(values),
        Values::Timestamps(values) => wire::Values::Timestamps(values),
        Values::Texts(texts) => wire::Values::Texts(wire::Texts { offsets: &texts.offsets, bytes: &texts.bytes }),
    };
    wire::Column { values, present: column.present.as_deref() }
}
