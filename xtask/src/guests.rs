//! The misbehaving rules that the tests load.

use std::fs;

use crate::demo;
use crate::progress::{Progress, Step};
use crate::shell::{TaskError, Workspace};
use crate::wasm::{self, Consent, Target, Toolchain};

/// Builds everything that the tests load: the command line first, then the sample rules and the guests.
pub(crate) fn run(workspace: &Workspace, consent: Consent, is_verbose: bool) -> Result<(), TaskError> {
    let mut progress = Progress::new(3, is_verbose);
    let toolchain = progress.step("Find the WebAssembly targets", |step| targets(workspace, consent, step))?;
    let title = "Build Jurat and the sample rules";
    progress.step(title, |step| demo::build(workspace, &toolchain, step))?;
    progress.step("Build the misbehaving rules", |step| build(workspace, &toolchain, step))
}

/// Makes sure of both targets that the tests need.
pub(crate) fn targets(workspace: &Workspace, consent: Consent, step: &Step) -> Result<Toolchain, TaskError> {
    if let Err(failure) = wasm::ensure(workspace, Target::StockWasi, consent, step) {
        // One test uses it, and has a component of the same source to fall back on.
        step.note(&format!("going on without {}: {failure}", Target::StockWasi.name()));
    }
    wasm::ensure(workspace, Target::Rules, consent, step)
}

/// Builds the guests and the sample rules into `target/guests`, with the command line that [`demo::build`] has built.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain, step: &Step) -> Result<(), TaskError> {
    // Tests must not find guests whose source is gone.
    let directory = workspace.root.join("target/guests");
    if directory.exists() {
        let failed = |error| TaskError::new(format!("target/guests cannot be emptied: {error}"));
        fs::remove_dir_all(&directory).map_err(failed)?;
    }
    for package in ["rules/loan", "tests/guests"] {
        step.run(toolchain.apply(workspace.call_jurat(&["build", package, "--out", "target/guests"])))?;
    }
    if !wasm::is_installed(workspace, Target::StockWasi)? {
        return Ok(());
    }
    let target = ["--target", Target::StockWasi.name(), "--out", "target/guests/wasip2"];
    step.run(workspace.call_jurat(&["build", "tests/guests", "--example", "stock_wasi"]).args(&target))
}
