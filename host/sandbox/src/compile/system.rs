//! Tells failures of the machine from those of a component.

use std::io;

use rustix::io::Errno;
use wasmtime::OutOfMemory;

/// Whether an error of the runtime comes from the system: from a call to it that failed, or an allocation.
pub(super) fn is_of_system(error: &wasmtime::Error) -> bool {
    error.is::<OutOfMemory>() || error.chain().any(|cause| cause.is::<io::Error>() || cause.is::<Errno>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_found_below_others() {
        let wrapped = |error: wasmtime::Error| error.context("while compiling");
        assert!(is_of_system(&wrapped(Errno::NOMEM.into())));
        assert!(is_of_system(&wrapped(io::Error::from(io::ErrorKind::OutOfMemory).into())));
        assert!(!is_of_system(&wrapped(wasmtime::format_err!("a type mismatch"))));
    }
}
