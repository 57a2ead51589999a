//! The settings of the compiler, the same wherever it runs.

use std::num::NonZeroUsize;

use jurat_model::Bytes;
use wasmtime::{Config, OptLevel, WasmBacktraceDetails};

use crate::fuel;

/// The settings that decide the form of machine code and what it may do.
///
/// Shared by the process that compiles and the one that runs. Features that rules do not need are off: each proposal is more
/// code to attack.
pub(crate) fn codegen(stack: Bytes) -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(fuel::costs())
        .epoch_interruption(true)
        .max_wasm_stack(stack.to_usize())
        .wasm_component_model(true)
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_branch_hinting(false)
        .memory_init_cow(true)
        .table_lazy_init(true)
        .native_unwind_info(false)
        .generate_address_map(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(1))
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed);
    config
}
