//! Why a component could not be compiled.

use std::io;
use std::time::Duration;

use thiserror::Error;

/// Why a component could not be compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The compiler refuses it: not valid, or it uses something that is switched off.
    #[error("the component is not valid")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The compiler ran past its limits.
    #[error("compiling the component takes more than {0:?} or more memory than allowed")]
    TooCostly(Duration),
    /// The compiler could not be started or talked to.
    #[error("the compiler process failed")]
    Process(#[source] io::Error),
    /// The machine code does not fit this engine: the component has more instances than a slot holds, or it is a bug of the host.
    #[error("the compiled component does not fit this engine")]
    Mismatch(#[source] Box<dyn std::error::Error + Send + Sync>),
}
