//! The operator's settings of the sandbox as a whole.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use jurat_model::Bytes;

use crate::code_cache::CodeCache;

/// The settings for all rules of one process.
///
/// # Defaults
/// [`Settings::new`] takes the number of workers and sets the rest as each field says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many threads run rules, without one in reserve, which has the index behind theirs. Each has its own copy of what is expensive
    /// to share, and so has the reserve.
    pub workers: NonZeroUsize,
    /// How many instances can be alive at once: 16 for each worker, at least 64.
    ///
    /// Each reserves 4 GiB of address space, none of it memory until it is touched. The slot of a freed instance stays warm for its
    /// component, so more slots than workers make switching between components cheap.
    pub instances: u32,
    /// The most memory that any rule can be given, whatever its limits say: 64 MiB.
    pub memory_ceiling: Bytes,
    /// How deep calls of a rule may nest before it faults with `stack`: 512 KiB of machine stack. Threads that run rules must have four times as much.
    pub stack: Bytes,
    /// How long a call waits for a free instance before the host gives up: 10 s.
    pub wait: Duration,
    /// Where components are compiled: in this process.
    pub compiler: Compiler,
    /// What compilations may use.
    pub compile: CompileSettings,
    /// Where machine code is kept from one start to the next: nowhere, so that every start compiles everything.
    pub code: Option<CodeCache>,
}

impl Settings {
    /// The defaults for this number of workers.
    #[must_use]
    pub fn new(workers: NonZeroUsize) -> Self {
        let instances = u32::try_from(workers.get()).unwrap_or(u32::MAX).saturating_mul(16).clamp(64, 4_096);
        Self {
            workers,
            instances,
            memory_ceiling: Bytes::mebi(64),
            stack: Bytes::kibi(512),
            wait: Duration::from_secs(10),
            compiler: Compiler::InProcess,
            compile: CompileSettings::DEFAULT,
            code: None,
        }
    }

    /// Compiles in a child process.
    #[must_use]
    pub fn with_compiler(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// Keeps machine code from one start to the next.
    #[must_use]
    pub fn with_code(self, code: CodeCache) -> Self {
        Self { code: Some(code), ..self }
    }
}

/// What compilations in child processes may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CompileSettings {
    /// The most components that are compiled side by side, for all releases together: 2.
    ///
    /// It also holds for compilations in this process.
    pub threads: NonZeroUsize,
    /// Processor time for all components of a release together: 60 s.
    ///
    /// A component that takes more than 5 s is begun again when the time that is left beside the others is enough for the limit of a
    /// component, or the others have ended. So what is refused does not depend on what runs at once, and that costs 5 s.
    pub release: Duration,
    /// What each compilation may use.
    pub component: CompileLimits,
}

impl CompileSettings {
    /// The defaults, as each field says.
    pub const DEFAULT: Self = Self {
        threads: NonZeroUsize::MIN.saturating_add(1),
        release: Duration::from_secs(60),
        component: CompileLimits::DEFAULT,
    };
}

/// The limits of one compilation in a child process. `ulimit` may leave less.
///
/// # Limits
/// Only Linux enforces the memory limit reliably. The processor time is enforced in whole seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CompileLimits {
    /// Processor time: 30 s. The caps on the shape of a component alone allow more: many functions, each with many loops.
    pub processor: Duration,
    /// Address space: 512 MiB. A JavaScript engine of 1.6 MB takes half of that.
    pub memory: Bytes,
}

impl CompileLimits {
    /// The defaults, as each field says.
    pub const DEFAULT: Self = Self { processor: Duration::from_secs(30), memory: Bytes::mebi(512) };
}

/// Where components are compiled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Compiler {
    /// In this process: what an embedder without a binary of its own can have.
    ///
    /// Bounded by the component's shape only (see [`scan`](crate::scan)), not by time or memory.
    InProcess,
    /// In a child process that gets the component on its standard input and must call
    /// [`compile_from_stdin`](crate::compile_from_stdin), which limits its own processor time and memory.
    Child {
        /// The program, normally the own one.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
}
