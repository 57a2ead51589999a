//! What only the command line knows: the time, the machine, and its own program.

use std::ffi::OsString;

use jiff::Timestamp;
use jurat_sandbox::{Compiler, Policy, Sandbox, SealedWasi, Settings};

use crate::exit::{Exit, Failure};

/// The present time.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A compiler that cannot take this process with it.
pub(crate) fn compiler() -> Result<Compiler, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::about(Exit::Host, "this program does not find itself", &error))?;
    Ok(Compiler::Child { program, arguments: vec![OsString::from("compile")] })
}

/// A sandbox for looking into components, not for judging records.
pub(crate) fn sandbox() -> Result<Sandbox, Failure> {
    let settings = Settings::new(std::num::NonZeroUsize::MIN).with_compiler(compiler()?);
    Sandbox::open(settings).map_err(|error| Failure::about(Exit::Host, "the sandbox could not be opened", &error))
}

/// What an author's own components may do: whatever a host could grant.
pub(crate) fn author_policy() -> Policy {
    Policy { sealed_wasi: SealedWasi::Granted, ..Policy::default() }
}
