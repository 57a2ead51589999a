//! Why a component could not be compiled.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use jurat_model::Bytes;
use thiserror::Error;

/// Why a component could not be compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The compiler refuses it: not valid, or it uses something that is switched off.
    #[error("the component is not valid")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The compiler used up its processor time.
    #[error("compiling the component takes more than {limit:?} of processor time, which is the limit")]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// The components of the release used up the processor time that they have together.
    #[error(
        "compiling the components of the release takes more than {limit:?} of processor time together, which is the limit"
    )]
    BudgetSpent {
        /// The limit.
        limit: Duration,
    },
    /// The compiler used up its memory, or its stack.
    #[error("compiling the component takes more than {memory} of memory or {stack} of stack, which are the limits")]
    TooLarge {
        /// The limit of its address space.
        memory: Bytes,
        /// The size of its stack.
        stack: Bytes,
    },
    /// The compiler made too much machine code.
    #[error("the machine code of the component is longer than {limit}, which is the limit")]
    TooMuchCode {
        /// The limit.
        limit: Bytes,
    },
    /// The components of the release have too much machine code together.
    #[error("the machine code of the release's components is longer than {limit} together, which is the limit")]
    TooMuchCodeTogether {
        /// The limit.
        limit: Bytes,
    },
    /// The compiler crashed: a bug that this component reaches.
    #[error("the compiler crashed on the component ({status})")]
    Crashed {
        /// How it ended.
        status: ExitStatus,
    },
    /// The machine code does not fit this engine: the component has more instances than a slot holds, or it is a bug of the host.
    #[error(
        "the compiled component does not fit this engine; if the program was replaced by another version while this process \
         runs, restart it"
    )]
    Mismatch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Someone else ended the compiler: the kernel, because the machine ran out of memory, or an operator.
    #[error(
        "the compiler process was ended from outside ({status}), not by its limits; SIGKILL often means that the \
         machine or its control group ran out of memory"
    )]
    Killed {
        /// How it ended.
        status: ExitStatus,
    },
    /// The compiler took too long by the clock, with processor time to spare: the machine is busy.
    #[error("compiling the component was given up after {limit:?}; the machine is too busy")]
    TooLate {
        /// The limit.
        limit: Duration,
    },
    /// The compiler could not be started.
    #[error(
        "the compiler process could not be started; look at `ulimit -u` and `ulimit -n`, at free memory, and whether the program is \
         still there"
    )]
    Start(#[source] io::Error),
    /// The compiler could not be talked to, or failed at something other than the component.
    #[error("the compiler process failed")]
    Process(#[source] io::Error),
    /// The machine has no memory for the compiler or for the machine code.
    #[error(
        "this machine cannot hold the component in memory; look at free memory, `ulimit -v`, `ulimit -d`, `ulimit -f` and \
         `vm.overcommit_memory`"
    )]
    Memory(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CompileError {
    /// Whether the cause may pass: it is the moment's or the machine's, and the same component may be compiled later.
    ///
    /// The others last: the component and the limits decide them.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Killed { .. } | Self::TooLate { .. } | Self::Start(_) | Self::Process(_) | Self::Memory(_) => true,
            Self::Invalid(_)
            | Self::TooSlow { .. }
            | Self::BudgetSpent { .. }
            | Self::TooLarge { .. }
            | Self::TooMuchCode { .. }
            | Self::TooMuchCodeTogether { .. }
            | Self::Crashed { .. }
            | Self::Mismatch(_) => false,
        }
    }
}
