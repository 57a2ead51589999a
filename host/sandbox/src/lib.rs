//! Runs rules that need not be trusted.
//!
//! A [`Sandbox`] turns the bytes of a component, once their signature is verified, into a [`SandboxedComponent`]: rules that can be
//! asked for verdicts. What a rule does wrong comes back as a [`Fault`](jurat_model::Fault) of that rule on that record; it
//! cannot stop the host, see another tenant's data or outlive the chunk of records that it was started for.
//!
//! # Core concepts
//! - **Load.** [`Sandbox::load_release`] loads the components of a release side by side. It refuses by shape before it compiles, compiles in a child process where it can, checks what the
//!   component imports and exports, and asks it to describe itself.
//! - **Session.** [`Component::session`](jurat_model::Component::session) serves one chunk of records on one worker's thread with one instance, made on
//!   the first call and dropped with the session, or with any fault.
//! - **Limits.** Every call has all of [`Limits`](jurat_model::Limits). A call that exceeds one is run again in halves, so that
//!   only records that exceed it alone are guilty.
//! - **Machine code.** Two loads of one component share its machine code and nothing else: each has limits, costs and instances of
//!   its own. With a [`CodeCache`], machine code is also kept from one start to the next.
//!
//! # Limits
//! What the sandbox does not promise is in `SECURITY.md`: side channels between tenants of one process, and bugs in the
//! compiler and the runtime that it builds on.

mod call_failure;
mod checks;
mod code_cache;
mod compile;
mod component;
mod contract;
mod cost;
mod fuel;
mod instance;
mod loaded;
mod machine;
mod policy;
mod refusal;
mod runtime;
mod sandbox;
mod session;
mod settings;
mod shape;
mod side_by_side;
mod slots;
mod state;
mod ticker;
mod wasi;

pub use code_cache::{CodeCache, CodeKey, CodeStore};
pub use compile::{CompileError, compile_from_stdin};
pub use component::SandboxedComponent;
pub use machine::CodeOrigin;
pub use policy::{Policy, SealedWasi};
pub use refusal::{LoadError, Mismatch, Refusal, WasiHint};
pub use runtime::{Allocation, OpenError};
pub use sandbox::{Description, Sandbox};
pub use settings::{CompileLimits, CompileSettings, Compiler, Settings};
pub use shape::{Shape, ShapeError, WasmError, scan};
