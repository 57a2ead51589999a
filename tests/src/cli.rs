//! The command line, as a program that tests can start; it starts itself to compile.

use std::process::ExitCode;

fn main() -> ExitCode {
    jurat_cli::main()
}
