//! The misbehaving rules that the tests load.

use std::fs;

use crate::demo;
use crate::shell::{Failure, Workspace, say};
use crate::wasm::{self, Consent, Target, Toolchain};

/// Builds everything that the tests load: the command line first, then the sample rules and the guests.
pub(crate) fn run(workspace: &Workspace, consent: Consent) -> Result<(), Failure> {
    let toolchain = targets(workspace, consent)?;
    demo::build(workspace, &toolchain)?;
    build(workspace, &toolchain)
}

/// Makes sure of both targets that the tests need.
pub(crate) fn targets(workspace: &Workspace, consent: Consent) -> Result<Toolchain, Failure> {
    if let Err(failure) = wasm::ensure(workspace, Target::StockWasi, consent) {
        // One test uses it, and has a component of the same source to fall back on.
        say(&format!("going on without {}: {failure}", Target::StockWasi.name()));
    }
    wasm::ensure(workspace, Target::Rules, consent)
}

/// Builds the guests and the sample rules into `target/guests`, with the command line that [`demo::build`] has built.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<(), Failure> {
    // What is no longer built must not be tested.
    let directory = workspace.root.join("target/guests");
    if directory.exists() {
        let failed = |error| Failure::new(format!("target/guests cannot be emptied: {error}"));
        fs::remove_dir_all(&directory).map_err(failed)?;
    }
    for package in ["rules/loan", "tests/guests"] {
        toolchain.apply(workspace.call_jurat(&["build", package, "--out", "target/guests"])).chatter().run()?;
    }
    if !wasm::is_installed(workspace, Target::StockWasi)? {
        return Ok(());
    }
    let target = ["--target", Target::StockWasi.name(), "--out", "target/guests/wasip2"];
    workspace.call_jurat(&["build", "tests/guests", "--example", "stock_wasi"]).args(&target).chatter().run()
}
