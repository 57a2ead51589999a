//! The host's state of one instance: how much it may still grow, and the sealed world that it sees.

use std::fmt;

use jurat_model::Limits;
use jurat_trust::Wasi;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{ResourceLimiter, UpdateDeadline};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::sync::io::poll;
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sync};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::fuel::{HOST_CALL, POLLED_HANDLE, PRINTED_BYTE};
use crate::wasi::{Sealed, StoppedClock};

/// The host's state of one instance.
pub(crate) struct State {
    limiter: Limiter,
    sealed: Sealed,
    wasi: Wasi,
    /// The fuel of calls of the host since the instance was armed, without what it has printed.
    host_fuel: u64,
    /// The bytes that it had printed before.
    printed: u64,
    /// Ticks that are left until the deadline, if the instance may call the host.
    ticks: u64,
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
    pub(crate) fn new(limits: &Limits, sealed: Sealed, wasi: Wasi) -> Self {
        Self { limiter: Limiter::new(limits), sealed, wasi, host_fuel: 0, printed: 0, ticks: 0 }
    }

    /// Begins to count calls of the host and ticks for a new piece of work. Returns how many ticks the runtime is to wait.
    pub(crate) fn arm(&mut self, ticks: u64) -> u64 {
        (self.host_fuel, self.printed, self.ticks) = (0, self.sealed.printed(), ticks);
        match self.wasi {
            Wasi::None => ticks,
            Wasi::Sealed => 1,
        }
    }

    /// Counts a tick.
    pub(crate) fn tick(&mut self) -> UpdateDeadline {
        self.ticks = self.ticks.saturating_sub(1);
        if self.ticks == 0 { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) }
    }

    /// The fuel of all calls of the host since the instance was armed.
    pub(crate) fn host_fuel(&self) -> u64 {
        let printed = self.sealed.printed().saturating_sub(self.printed);
        self.host_fuel.saturating_add(printed.saturating_mul(PRINTED_BYTE))
    }

    /// What the runtime asks before anything grows.
    pub(crate) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.limiter
    }

    /// The sealed world, for one call of the host.
    fn called(&mut self) -> &mut Sealed {
        self.charge(HOST_CALL);
        &mut self.sealed
    }

    fn charge(&mut self, fuel: u64) {
        self.host_fuel = self.host_fuel.saturating_add(fuel);
    }

    /// The handles to resources of the sealed world.
    fn resources(&mut self) -> &mut ResourceTable {
        self.called().view().table
    }

    /// The bytes of all its memories.
    pub(crate) fn memory(&self) -> u64 {
        self.limiter.memory as u64
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.called().view()
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
    clocks::monotonic_clock::add_to_linker::<State, StoppedClock>(linker, |state| state.called().clock())?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    sync::filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    sync::io::error::add_to_linker::<State, Resources>(linker, State::resources)?;
    sync::io::poll::add_to_linker::<State, Poll<'static>>(linker, |state| Poll(state))?;
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

/// Waiting, where everything is ready: there is nothing to wait for. The runtime's own would do work for each handle of a list,
/// however often it names the same.
struct Poll<'a>(&'a mut State);

impl HasData for Poll<'static> {
    type Data<'a> = Poll<'a>;
}

impl poll::Host for Poll<'_> {
    fn poll(&mut self, handles: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let count = u32::try_from(handles.len())?;
        self.0.charge(HOST_CALL.saturating_add(POLLED_HANDLE.saturating_mul(count.into())));
        // As the contract of the interface says.
        wasmtime::ensure!(count > 0, "an empty list of pollables");
        Ok((0..count).collect())
    }
}

impl poll::HostPollable for Poll<'_> {
    fn ready(&mut self, _: Resource<DynPollable>) -> wasmtime::Result<bool> {
        self.0.charge(HOST_CALL);
        Ok(true)
    }

    fn block(&mut self, _: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.0.charge(HOST_CALL);
        Ok(())
    }

    fn drop(&mut self, handle: Resource<DynPollable>) -> wasmtime::Result<()> {
        poll::HostPollable::drop(self.0.resources(), handle)
    }
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
