//! From WebAssembly to machine code, and everything that machine code depends on.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use jurat_model::Bytes;
use thiserror::Error;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, OperatorCost, OptLevel, WasmBacktraceDetails};

use crate::child;
use crate::code_cache::Authentic;
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

/// Machine code of a component. [`compile`] makes it, and what this host once compiled can be had from the cache.
///
/// INVARIANT: it is what our own compiler wrote, of bytes with a verified signature.
#[derive(Clone)]
pub(crate) struct MachineCode(bytes::Bytes);

impl MachineCode {
    /// What the cache has, if its MAC holds.
    pub(crate) fn authentic(code: Authentic) -> Self {
        Self(code.into_bytes())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
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
pub(crate) fn compile(engine: &Engine, compiler: &Compiler, bytes: &[u8]) -> Result<MachineCode, CompileError> {
    let code = match compiler {
        Compiler::InProcess => {
            engine.precompile_component(bytes).map_err(|error| CompileError::Invalid(error.into()))?
        }
        Compiler::Child { program, arguments } => child::compile(program, arguments, bytes)?,
    };
    Ok(MachineCode(code.into()))
}

/// Makes machine code ready to run.
#[expect(unsafe_code, reason = "machine code cannot be checked; see below")]
pub(crate) fn load(engine: &Engine, code: &MachineCode) -> Result<Component, CompileError> {
    // SAFETY: it must be what the compiler of this very runtime wrote, unaltered. `MachineCode` comes from two places.
    //
    // From `compile`: made by our own compiler from bytes with a verified signature, in this process or in a child of our own
    // program that handed it over through a pipe. It never lay where anybody else could write.
    //
    // From the cache, a place where somebody else might write: another program of this user, whoever serves or restores the
    // files, a failing disk. So the place counts for nothing, and the MAC for everything. It is over this very buffer, which is in
    // our memory and which no change of a file reaches any more, and over the component, the engine and the runtime's
    // version. Nobody without the key can make one, and the key lies elsewhere, readable by this user only. With the
    // key only `Place::keep` makes one, of what `compile` has returned. So the worst that can be put there and is taken
    // is what our compiler has once made of the same verified bytes for the same engine: an older copy of the same thing.
    // Who can read the key can have anything run here - that is this user and root, who could do so without it.
    let component = unsafe { Component::deserialize(engine, code.as_slice()) };
    let component = component.map_err(|error| CompileError::Mismatch(error.into()))?;
    component.initialize_copy_on_write_image().map_err(|error| CompileError::Mismatch(error.into()))?;
    Ok(component)
}
