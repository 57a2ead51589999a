//! From WebAssembly to machine code that is ready to run.

use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::code_cache::Authentic;
use crate::settings::{CompileLimits, Compiler};

mod budget;
mod child;
mod codegen;
mod error;
mod limits;
mod order;
mod parent;
mod system;

pub(crate) use budget::{Budget, Places};
pub use child::compile_from_stdin;
pub use error::CompileError;
pub(crate) use order::{Order, Reservation, Target};

use system::is_of_system;

/// The processor time of the first attempt. A component that takes longer is compiled once more, with its whole limit.
const QUICK: Duration = Duration::from_secs(5);

/// Machine code of a component. [`compile`] makes it, and what this host once compiled can be had from the cache.
///
/// INVARIANT: it is what our own compiler wrote, of bytes with a verified signature.
#[derive(Clone)]
pub(crate) struct MachineCode(bytes::Bytes);

impl MachineCode {
    /// Machine code from the cache, if its MAC holds.
    pub(crate) fn authentic(code: Authentic) -> Self {
        Self(code.into_bytes())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// Compiles a component whose shape has been checked, when it has a place, within the `budget` of its release.
pub(crate) fn compile(
    engine: &Engine,
    compiler: &Compiler,
    order: Order,
    (places, budget): (&Places, &Budget),
    bytes: &[u8],
) -> Result<MachineCode, CompileError> {
    match compiler {
        Compiler::InProcess => {
            let _place = places.take();
            in_process(engine, bytes)
        }
        Compiler::Child { program, arguments } => {
            // What `ulimit` leaves holds for the child too.
            let order = Order { limits: order.limits.effective(), ..order };
            let processor = order.limits.processor;
            let spent = || CompileError::BudgetSpent { limit: budget.limit() };
            let attempt = |most| {
                // A place is not held while others of the release are waited for.
                let share = budget.take(most).ok_or_else(spent)?;
                let _place = places.take();
                let limits = CompileLimits { processor: share.time, ..order.limits };
                let made = parent::compile(program, arguments, Order { limits, ..order }, bytes);
                match &made {
                    Ok(made) => share.used(made.processor),
                    // What somebody else ended must not be what the others have too little for.
                    Err(error) if error.is_passing() => share.used(Duration::ZERO),
                    Err(_) => {}
                }
                made
            };
            // Most components need little. Only one that needs more waits until the budget has it beside the others.
            let quick = QUICK.min(processor);
            let made = match attempt(quick) {
                Err(CompileError::TooSlow { .. }) if quick < processor => attempt(processor),
                made => made,
            };
            let made = made.map_err(|error| match error {
                CompileError::TooSlow { limit } if limit < processor => spent(),
                error => error,
            })?;
            tracing::debug!(processor = ?made.processor, "component compiled");
            Ok(MachineCode(made.code.into()))
        }
    }
}

pub(crate) fn in_process(engine: &Engine, bytes: &[u8]) -> Result<MachineCode, CompileError> {
    let code = engine.precompile_component(bytes).map_err(|error| failed(error, CompileError::Invalid))?;
    Ok(MachineCode(code.into()))
}

/// Makes machine code ready to run.
#[expect(unsafe_code, reason = "machine code cannot be checked; see below")]
pub(crate) fn load(engine: &Engine, code: &MachineCode) -> Result<Component, CompileError> {
    // SAFETY: it must be what the compiler of this very runtime wrote, unaltered. `MachineCode` comes from two sources.
    //
    // From `compile`: made by our own compiler from bytes with a verified signature, in this process or in a child of our own
    // program that handed it over through a pipe. No other user could write to it.
    //
    // From the cache, where others might write: another program of this user, a file server, a restored backup, a failing disk.
    // So the cache is not trusted at all; the MAC is. It is over this very buffer, which is in
    // our memory and which no change of a file reaches any more, and over the component, the engine and the runtime's
    // version. Without the key it cannot be made, and the key lies elsewhere, readable by this user only. With the
    // key only `Entry::keep` makes one, of what `compile` has returned. So the worst that can be put there and is taken
    // is what our compiler has once made of the same verified bytes for the same engine: an older copy of the same thing.
    // A reader of the key could run anything here: this user and root, who could do so without it.
    let component = unsafe { Component::deserialize(engine, code.as_slice()) };
    let component = component.map_err(|error| failed(error, CompileError::Mismatch))?;
    component.initialize_copy_on_write_image().map_err(|error| failed(error, CompileError::Mismatch))?;
    Ok(component)
}

/// An error of the runtime: the machine's, or that of the component.
fn failed(
    error: wasmtime::Error,
    component: impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> CompileError,
) -> CompileError {
    if is_of_system(&error) { CompileError::Memory(error.into()) } else { component(error.into()) }
}
