//! The environment of the command line: the clock, the path of this program, and the sandbox for authors.

use std::ffi::OsString;

use jiff::Timestamp;
use jurat_model::Blame;
use jurat_sandbox::{Compiler, Policy, Sandbox, SealedWasi, Settings};

use crate::exit::CommandError;

/// The current time.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A compiler in a child process, so that a crash of it does not end this process.
pub(crate) fn compiler() -> Result<Compiler, CommandError> {
    jurat::this_program(vec![OsString::from("compile")])
        .map_err(|error| CommandError::about(Blame::Host, "the path of this program is unknown", &error))
}

/// A sandbox for inspecting components, not for judging records.
pub(crate) fn sandbox() -> Result<Sandbox, CommandError> {
    let settings = Settings::new(std::num::NonZeroUsize::MIN).with_compiler(compiler()?);
    Sandbox::open(settings).map_err(|error| CommandError::about(Blame::Host, "the sandbox cannot be opened", &error))
}

/// The policy for an author's own components: everything that a host can grant.
pub(crate) fn author_policy() -> Policy {
    Policy { sealed_wasi: SealedWasi::Granted, ..Policy::default() }
}
