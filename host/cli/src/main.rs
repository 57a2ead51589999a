//! The `jurat` program. Everything is in the library, so that tests can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    jurat_cli::main()
}
