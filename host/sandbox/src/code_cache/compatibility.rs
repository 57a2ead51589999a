//! For which engine machine code was made.

use std::hash::{Hash, Hasher};

use jurat_trust::Digest;
use wasmtime::Engine;

/// The version of the runtime, to the last digit: its own check of machine code compares the first number only.
const RUNTIME: &str = "48.0.8";

/// Must be increased whenever the same engine settings and the same runtime version make other machine code than before, or code that
/// must not be used any more: a patched runtime, a change of what the checks before the compiler let through.
const REVISION: u32 = 1;

/// Everything about an engine that its machine code depends on.
#[derive(Clone, Debug)]
pub(crate) struct Compatibility {
    /// From what the engine reports about itself: processor, features of WebAssembly, costs, ways to interrupt.
    engine: Digest,
    runtime: &'static str,
    revision: u32,
}

impl Compatibility {
    pub(crate) fn of(engine: &Engine) -> Self {
        let mut collected = Collected(Vec::new());
        engine.precompile_compatibility_hash().hash(&mut collected);
        Self { engine: Digest::of(&collected.0), runtime: RUNTIME, revision: REVISION }
    }

    /// All of it, in one way only: each part has a fixed length, or its length before it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.engine.as_bytes().to_vec();
        bytes.extend((self.runtime.len() as u64).to_le_bytes());
        bytes.extend(self.runtime.as_bytes());
        bytes.extend(self.revision.to_le_bytes());
        bytes
    }

    /// A name that no other engine, version or revision has.
    pub(crate) fn name(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

/// Keeps what is hashed instead of hashing it to 64 bits: two engines with the same 64 bits could be found.
struct Collected(Vec<u8>);

impl Hasher for Collected {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
impl Compatibility {
    /// The identity of the engine that these settings make.
    pub(super) fn of_config(config: &wasmtime::Config) -> Self {
        Self::of(&Engine::new(config).unwrap())
    }

    pub(super) fn with_runtime(self, runtime: &'static str) -> Self {
        Self { runtime, ..self }
    }

    pub(super) fn with_revision(self, revision: u32) -> Self {
        Self { revision, ..self }
    }
}

#[cfg(test)]
mod tests {
    use jurat_model::Bytes;

    use super::*;
    use crate::compile::{Reservation, Target};

    fn target(reservation: Reservation) -> Target {
        Target { stack: Bytes::kibi(512), reservation }
    }

    fn usual() -> wasmtime::Config {
        target(Reservation::Full).config()
    }

    #[test]
    fn the_version_is_that_of_the_runtime_in_this_program() {
        let locked = include_str!("../../../../Cargo.lock");
        let (_, package) = locked.split_once("name = \"wasmtime\"\n").unwrap();
        assert!(package.starts_with(&format!("version = \"{RUNTIME}\"\n")), "{RUNTIME}: {package:.40}");
    }

    #[test]
    fn an_engine_has_the_same_name_whenever_it_is_started() {
        assert_eq!(Compatibility::of_config(&usual()).name(), Compatibility::of_config(&usual()).name());
    }

    #[test]
    fn whatever_changes_machine_code_changes_the_name() {
        let other = |change: fn(&mut wasmtime::Config) -> &mut wasmtime::Config| {
            let mut config = usual();
            change(&mut config);
            Compatibility::of_config(&config)
        };
        let usual = Compatibility::of_config(&usual());
        let names = [
            usual.name(),
            usual.clone().with_runtime("48.0.9").name(),
            usual.with_revision(REVISION + 1).name(),
            other(|config| config.consume_fuel(false)).name(),
            other(|config| config.epoch_interruption(false)).name(),
            other(|config| config.operator_cost(wasmtime::OperatorCost::new())).name(),
            other(|config| config.cranelift_nan_canonicalization(false)).name(),
            other(|config| config.cranelift_opt_level(wasmtime::OptLevel::None)).name(),
            other(|config| config.wasm_tail_call(true)).name(),
            Compatibility::of_config(&target(Reservation::Exact).config()).name(),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}
