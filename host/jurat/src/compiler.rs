//! This program as its own compiler.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use jurat_sandbox::Compiler;

/// The compiler that is this program, started with these arguments. On Linux it is the very program that runs, also after its file was
/// replaced by another version, whose machine code would not fit.
///
/// # Errors
/// When the path of this program is unknown.
///
/// ```
/// use jurat::{Compiler, this_program};
///
/// let compiler = this_program(vec!["compile".into()])?;
/// assert!(matches!(compiler, Compiler::Child { arguments, .. } if arguments == ["compile"]));
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn this_program(arguments: Vec<OsString>) -> io::Result<Compiler> {
    Ok(Compiler::Child { program: program_file()?, arguments })
}

/// The file of this program; on Linux that of the very program that runs.
pub(crate) fn program_file() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}
