//! Sealed WASI: what a stock toolchain asks for, with nothing behind it.
//!
//! Some toolchains build components that import WASI even for pure code. Where the signed manifest asks for it and the host
//! allows it, those imports are answered - with no files, sockets, environment or arguments. The only clock is the time of the
//! run and stands still, the randomness is a fixed sequence for each component, and what is printed is cut at a cap and goes
//! to the host's debug log. The same component and inputs give the same verdict, as without WASI.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{Deterministic, HostWallClock, WasiCtx, WasiCtxView, async_trait};

/// The interfaces that are answered, without their versions. No sockets and no HTTP: they could not do anything here.
/// [`link`](crate::state::link) links them.
pub(crate) const INTERFACES: [&str; 20] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// The bytes that are kept of the output of one instance; the rest is dropped.
const OUTPUT_BYTES: usize = 4 << 10;
/// Handles to host resources that one instance can hold.
const HANDLES: usize = 256;
/// Random bytes in one call: making them costs the host time, and the guest next to no fuel.
const RANDOM_BYTES: u64 = 4 << 10;

/// Whether sealed WASI answers an import.
pub(crate) fn answers(import: &str) -> bool {
    let interface = import.split_once('@').map_or(import, |(interface, _)| interface);
    INTERFACES.contains(&interface)
}

/// The world that a sealed component sees. Built at the first use: most instances never use it.
pub(crate) struct Sealed {
    clock: StoppedClock,
    seed: [u8; 32],
    open: Option<Open>,
}

struct Open {
    context: WasiCtx,
    resources: ResourceTable,
    output: Output,
}

impl Sealed {
    /// A world at the given time, in microseconds since 1970, whose randomness is decided by `seed`.
    pub(crate) fn new(now: i64, seed: [u8; 32]) -> Self {
        Self { clock: StoppedClock { now }, seed, open: None }
    }

    /// The clock of the world.
    pub(crate) fn clock(&mut self) -> &mut StoppedClock {
        &mut self.clock
    }

    /// The world as the runtime asks for it.
    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        let open = self.open();
        WasiCtxView { ctx: &mut open.context, table: &mut open.resources }
    }

    /// The bytes that it was given to print, with those that were dropped.
    pub(crate) fn printed(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.output.lock().bytes)
    }

    fn open(&mut self) -> &mut Open {
        let Self { clock, seed, open } = self;
        open.get_or_insert_with(|| {
            let output = Output::default();
            let mut resources = ResourceTable::new();
            resources.set_max_capacity(HANDLES);
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = *seed;
            let context = WasiCtx::builder()
                .stdout(output.clone())
                .stderr(output.clone())
                .allow_tcp(false)
                .allow_udp(false)
                .max_random_size(RANDOM_BYTES)
                .secure_random(random_bytes(seed))
                .insecure_random(random_bytes(seed))
                .insecure_random_seed(u128::from_le_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]))
                .wall_clock(*clock)
                .build();
            Open { context, resources, output }
        })
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            let Printed { kept, .. } = &*open.output.lock();
            if !kept.is_empty() {
                tracing::debug!(output = %String::from_utf8_lossy(kept).escape_debug(), "a sealed rule printed");
            }
        }
    }
}

/// A sequence long enough not to repeat in the one use that rules have for randomness: to seed hash tables.
fn random_bytes(seed: &[u8; 32]) -> Deterministic {
    let blocks = (0..32u8).flat_map(|block| Sha256::new().chain_update(seed).chain_update([block]).finalize());
    Deterministic::new(blocks.collect())
}

/// A clock that always says the time of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoppedClock {
    now: i64,
}

impl StoppedClock {
    fn since_epoch(self) -> Duration {
        Duration::from_micros(u64::try_from(self.now).unwrap_or(0))
    }
}

impl HasData for StoppedClock {
    type Data<'a> = &'a mut Self;
}

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        self.since_epoch()
    }
}

impl monotonic_clock::Host for &mut StoppedClock {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.since_epoch().as_nanos()).unwrap_or(u64::MAX))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1_000)
    }

    fn subscribe_instant(&mut self, _when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        wasmtime::bail!("a rule cannot wait: its clock stands still")
    }

    fn subscribe_duration(&mut self, _duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        wasmtime::bail!("a rule cannot wait: its clock stands still")
    }
}

/// Where standard output and standard error go.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Printed>>);

#[derive(Default)]
struct Printed {
    /// The beginning, for the log.
    kept: Vec<u8>,
    /// All of it.
    bytes: u64,
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        let Printed { kept, bytes: all } = &mut *self.lock();
        *all = all.saturating_add(bytes.len() as u64);
        let room = OUTPUT_BYTES.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(OUTPUT_BYTES)
    }
}
