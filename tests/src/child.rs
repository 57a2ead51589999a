//! What a test must not do in its own process: be a host or a publisher that is killed.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "a part of the tests")]

use std::process::ExitCode;

use jurat_tests::mortal;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("compile") => ExitCode::from(jurat_sandbox::compile_from_stdin()),
        Some("host") => mortal::host(&arguments[1..]),
        Some("publisher") => mortal::publisher(&arguments[1..]),
        other => panic!("{other:?}"),
    }
}
