//! Machine code that was compiled before, kept where it may be altered.
//!
//! Compiling a component takes far longer than anything else about it. So its machine code can be kept from one start to the
//! next - but machine code is run, not judged, and others may be able to write to a store. What comes back from it is used
//! only if it bears a MAC that this host alone can make, over exactly this component and exactly this engine.

use std::fmt;
use std::sync::Arc;

use jurat_trust::Digest;

mod compatibility;
mod entry;
mod key;

pub(crate) use compatibility::Compatibility;
pub(crate) use entry::Authentic;
pub use key::CodeKey;

/// A store of machine code between two starts, by name. It need not be trusted, and may forget at any time.
///
/// A failure of the store is not an error of a load: it is logged, and the component is compiled.
pub trait CodeStore: Send + Sync {
    /// The content under a name; none if there is nothing, or nothing that can be read.
    fn get(&self, name: &str) -> Option<Vec<u8>>;

    /// Stores content under a name, and replaces earlier content.
    ///
    /// A name is at most 200 lower-case letters, digits and `-`.
    fn put(&self, name: &str, bytes: &[u8]);

    /// Removes the content under a name.
    fn remove(&self, name: &str);
}

/// A store, and the key to what is in it.
#[derive(Clone)]
pub struct CodeCache {
    /// The key of this host.
    pub key: CodeKey,
    /// The store of the machine code.
    pub store: Arc<dyn CodeStore>,
}

/// The entry of one component's machine code for one engine.
pub(crate) struct Entry<'a> {
    cache: &'a CodeCache,
    component: &'a Digest,
    compatibility: &'a Compatibility,
    name: String,
}

impl CodeCache {
    /// The entry of a component. Engines that differ have entries that differ, and leave each other's alone.
    pub(crate) fn entry<'a>(&'a self, component: &'a Digest, compatibility: &'a Compatibility) -> Entry<'a> {
        let name = format!("{component}-{}", compatibility.name());
        Entry { cache: self, component, compatibility, name }
    }
}

impl Entry<'_> {
    /// The machine code of the entry, if this host has written it, for this component and this engine.
    pub(crate) fn find(&self) -> Option<Authentic> {
        let found = self.cache.store.get(&self.name)?;
        match entry::open(found, &self.cache.key, self.component, self.compatibility) {
            Ok(code) => Some(code),
            Err(reason) => {
                tracing::warn!(
                    entry = %self.name,
                    %reason,
                    "compiled code in the cache is not this host's: it is removed and compiled again"
                );
                self.cache.store.remove(&self.name);
                None
            }
        }
    }

    /// Removes machine code that this host wrote but cannot use.
    pub(crate) fn discard(&self, reason: &(dyn std::error::Error + 'static)) {
        tracing::warn!(entry = %self.name, reason, "compiled code in the cache cannot be used: it is compiled again");
        self.cache.store.remove(&self.name);
    }

    /// Keeps machine code for the next start.
    pub(crate) fn keep(&self, code: &[u8]) {
        let entry = entry::seal(code, &self.cache.key, self.component, self.compatibility);
        self.cache.store.put(&self.name, &entry);
    }
}

impl fmt::Debug for CodeCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CodeCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::{Mutex, PoisonError};

    use jurat_trust::{Wasi, danger};
    use wasmtime::{Config, Engine};

    use super::*;
    use crate::compile::{self, Reservation, Target};
    use crate::policy::Policy;
    use crate::sandbox::Sandbox;
    use crate::settings::Settings;

    const COMPONENT: &[u8] = include_bytes!("../../../tests/fixtures/contract/jurat-rule-0.1.0.wasm");

    /// A store of one entry.
    #[derive(Default)]
    struct One(Mutex<Option<Vec<u8>>>);

    impl CodeStore for One {
        fn get(&self, _: &str) -> Option<Vec<u8>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }

        fn put(&self, _: &str, bytes: &[u8]) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.to_vec());
        }

        fn remove(&self, _: &str) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn cache() -> CodeCache {
        CodeCache { key: CodeKey::new(&[7; 32]), store: Arc::new(One::default()) }
    }

    /// How many compilations the next start needs.
    fn compiled_by_next_start(cache: &CodeCache) -> u64 {
        let settings = Settings { instances: 1, ..Settings::new(NonZeroUsize::MIN) };
        let sandbox = Sandbox::open(settings.with_code(cache.clone())).unwrap();
        let bytes = danger::assume_verified_bytes(COMPONENT.to_vec());
        sandbox.describe(&bytes, Wasi::None, &Policy::default()).unwrap();
        sandbox.compiled()
    }

    /// Stores what an engine of other settings compiles, under the name of an engine that it is not for.
    fn keep(cache: &CodeCache, made_by: &Config, compatibility: &Compatibility) {
        let engine = Engine::new(made_by).unwrap();
        let code = compile::in_process(&engine, COMPONENT).unwrap();
        cache.entry(&Digest::of(COMPONENT), compatibility).keep(code.as_slice());
    }

    fn usual() -> Config {
        Target { stack: Settings::new(NonZeroUsize::MIN).stack, reservation: Reservation::Full }.config()
    }

    #[test]
    fn code_of_another_revision_or_version_is_compiled_anew() {
        let compatibility = Compatibility::of_config(&usual());
        let cache = cache();
        keep(&cache, &usual(), &compatibility);
        assert_eq!(compiled_by_next_start(&cache), 0, "it is what the host itself would keep");
        for other in [compatibility.clone().with_revision(0), compatibility.with_runtime("48.0.7")] {
            keep(&cache, &usual(), &other);
            assert_eq!(compiled_by_next_start(&cache), 1, "{other:?}");
            assert_eq!(compiled_by_next_start(&cache), 0, "{other:?} was replaced");
        }
    }

    #[test]
    fn code_that_the_engine_does_not_take_is_compiled_anew_even_if_it_is_authentic() {
        let cache = cache();
        let mut other = usual();
        other.consume_fuel(false);
        keep(&cache, &other, &Compatibility::of_config(&usual()));
        assert_eq!(compiled_by_next_start(&cache), 1);
        assert_eq!(compiled_by_next_start(&cache), 0);
    }

    #[test]
    fn a_key_does_not_show_its_bytes() {
        let cache = cache();
        assert_eq!(format!("{:?}", cache.key), "CodeKey(..)");
        assert_eq!(format!("{cache:?}"), "CodeCache { .. }");
    }
}
