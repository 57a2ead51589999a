//! From WebAssembly to machine code, and everything that machine code depends on.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jurat_model::Bytes;
use thiserror::Error;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, OperatorCost, OptLevel, WasmBacktraceDetails};

use crate::child;
use crate::settings::Compiler;

/// Why a component could not be compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The compiler refuses it: not valid, or it uses something that is switched off.
    #[error("the component is not valid")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The compiler ran past its limits.
    #[error("compiling the component takes more than {0:?} or more memory than allowed")]
    TooCostly(Duration),
    /// The compiler could not be started or talked to.
    #[error("the compiler process failed")]
    Process(#[source] io::Error),
    /// The machine code does not fit this engine: the component has more instances than a place holds, or a mistake of the host.
    #[error("the compiled component does not fit this engine")]
    Mismatch(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The settings that decide what machine code looks like and may do.
///
/// Shared by the process that compiles and the one that runs. Whatever is not needed by rules is off: each proposal is code
/// that somebody could attack.
pub(crate) fn codegen(stack: Bytes) -> Config {
    let mut costs = OperatorCost::new();
    // A page is zeroed by the kernel and a table element by us; by default neither costs anything.
    costs.variable.memory_grow_per_page = 255;
    costs.variable.table_grow_per_element = 4;

    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(costs)
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

/// Compiles a component whose shape has been checked.
pub(crate) fn compile(engine: &Engine, compiler: &Compiler, bytes: &[u8]) -> Result<Arc<[u8]>, CompileError> {
    match compiler {
        Compiler::InProcess => {
            let code = engine.precompile_component(bytes).map_err(|error| CompileError::Invalid(error.into()))?;
            Ok(code.into())
        }
        Compiler::Child { program, arguments } => child::compile(program, arguments, bytes),
    }
}

/// Makes machine code ready to run.
#[expect(unsafe_code, reason = "machine code cannot be checked; see below")]
pub(crate) fn load(engine: &Engine, code: &[u8]) -> Result<Component, CompileError> {
    // SAFETY: `code` comes from `compile`: made by our own compiler from bytes with a verified signature, in this process or in a child
    // of our own program that handed it over through a pipe. It never lay where anybody else could write.
    let component = unsafe { Component::deserialize(engine, code) };
    let component = component.map_err(|error| CompileError::Mismatch(error.into()))?;
    component.initialize_copy_on_write_image().map_err(|error| CompileError::Mismatch(error.into()))?;
    Ok(component)
}
