//! The host's state of one instance: how much it may still grow, and the sealed world that it sees.

use std::fmt;

use jurat_model::Limits;
use wasmtime::ResourceLimiter;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sync};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::wasi::{Sealed, StoppedClock};

/// The host's state of one instance.
pub(crate) struct State {
    limiter: Limiter,
    sealed: Sealed,
}

/// The instance wanted more than its limits allow; raised by our own limiter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryExceeded;

impl fmt::Display for MemoryExceeded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("memory limit exceeded")
    }
}

impl std::error::Error for MemoryExceeded {}

impl State {
    pub(crate) fn new(limits: &Limits, sealed: Sealed) -> Self {
        Self { limiter: Limiter::new(limits), sealed }
    }

    /// What the runtime asks before anything grows.
    pub(crate) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.limiter
    }

    /// The handles to resources of the sealed world.
    fn resources(&mut self) -> &mut ResourceTable {
        self.sealed.view().table
    }

    /// The bytes of all its memories.
    pub(crate) fn memory(&self) -> u64 {
        self.limiter.memory as u64
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.sealed.view()
    }
}

/// Answers the imports of sealed WASI, one interface of [`INTERFACES`](crate::wasi) after the other, and nothing else.
///
/// The monotonic clock is our own: with the runtime's, a rule could put the thread to sleep for any time.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    clocks::monotonic_clock::add_to_linker::<State, StoppedClock>(linker, |state| state.sealed.clock())?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    sync::filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    sync::io::error::add_to_linker::<State, Resources>(linker, State::resources)?;
    sync::io::poll::add_to_linker::<State, Resources>(linker, State::resources)?;
    sync::io::streams::add_to_linker::<State, Resources>(linker, State::resources)?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::random::add_to_linker::<State, WasiRandom>(linker, State::random)
}

/// The handles of an instance, as the interfaces below `wasi:io` ask for them.
struct Resources;

impl HasData for Resources {
    type Data<'a> = &'a mut ResourceTable;
}

/// Counts memory and tables over the whole instance: the runtime's own limiter would count each memory by itself.
struct Limiter {
    memory: usize,
    memory_limit: usize,
    table_elements: usize,
    table_elements_limit: usize,
}

impl Limiter {
    fn new(limits: &Limits) -> Self {
        Self {
            memory: 0,
            memory_limit: limits.memory.to_usize(),
            table_elements: 0,
            table_elements_limit: limits.table_elements as usize,
        }
    }
}

/// Adds growth to a sum that has a limit. An error stops the guest: told of a failed growth, it could pretend that all is well.
///
/// Growth beyond the guest's own declared maximum will not happen, so it does not count.
fn grow(
    sum: &mut usize,
    limit: usize,
    current: usize,
    desired: usize,
    maximum: Option<usize>,
) -> wasmtime::Result<bool> {
    if maximum.is_some_and(|maximum| desired > maximum) {
        return Ok(false);
    }
    let grown = sum.saturating_add(desired.saturating_sub(current));
    if grown > limit {
        return Err(MemoryExceeded.into());
    }
    *sum = grown;
    Ok(true)
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        grow(&mut self.memory, self.memory_limit, current, desired, maximum)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        grow(&mut self.table_elements, self.table_elements_limit, current, desired, maximum)
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        4
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Linker;
    use wasmtime::{Config, Engine};

    use super::*;
    use crate::wasi::INTERFACES;

    #[test]
    fn what_sealed_wasi_answers_is_linked_and_sockets_are_not() {
        // Of wasmtime 48.
        const VERSION: &str = "0.2.12";
        let mut config = Config::new();
        config.wasm_component_model(true);
        let mut linker = Linker::new(&Engine::new(&config).unwrap());
        link(&mut linker).unwrap();
        // A name cannot be defined twice.
        let mut is_linked =
            |interface: &str| linker.root().func_wrap(&format!("{interface}@{VERSION}"), |_, (): ()| Ok(())).is_err();
        let missing: Vec<_> = INTERFACES.iter().filter(|interface| !is_linked(interface)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for name in
            ["instance-network", "ip-name-lookup", "network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"]
        {
            assert!(!is_linked(&format!("wasi:sockets/{name}")), "{name}");
        }
    }
}
