//! `cargo xtask demo`: from source to verdicts, step by step.

use std::fs;
use std::path::Path;

use crate::readme;
use crate::shell::{Failure, Workspace, print, say};
use crate::wasm::{self, Consent, Target, Toolchain};

/// The commands of the README that are shown at the end.
const SUGGESTIONS: usize = 3;

/// Runs the demo. It can be run again and again: keys and repository are fresh each time.
pub(crate) fn run(workspace: &Workspace, consent: Consent) -> Result<(), Failure> {
    say("[1/5] The WebAssembly target");
    let toolchain = wasm::ensure(workspace, Target::Rules, consent)?;
    say("[2/5] The command line, and the sample rules as a component");
    build(workspace, &toolchain)?;
    release(workspace)?;
    say("[5/5] Sample loans, judged by the signed rules");
    judge(workspace)?;
    let next = readme::examples(workspace)?;
    let next: Vec<_> = next.iter().take(SUGGESTIONS).map(|example| format!("  {}\n", example.command)).collect();
    print(&format!("\nNext, try:\n{}", next.concat()));
    Ok(())
}

/// Builds the command line, and with it the sample rules.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<(), Failure> {
    // `--workspace` for the sake of the tests: Cargo then chooses the same features for both, and compiles wasmtime once.
    workspace.cargo(&["build", "--release", "--workspace", "--bin", "jurat"]).chatter().run()?;
    toolchain.apply(workspace.call_jurat(&["build", "rules/loan"])).chatter().run()
}

/// Makes keys and a signed release from the built rules.
pub(crate) fn release(workspace: &Workspace) -> Result<(), Failure> {
    say("[3/5] Keys, for this demo only");
    let keys = fresh(&workspace.root.join("target/demo"))?.join("keys");
    fs::create_dir_all(keys).map_err(|error| Failure::new(format!("target/demo/keys cannot be made: {error}")))?;
    for key in ["author", "reviewer"] {
        workspace.call_jurat(&["key", "gen", "--out", &format!("target/demo/keys/{key}")]).chatter().run()?;
    }
    say("[4/5] A release, signed by both");
    let repository = "target/demo/repository";
    let target = "t/demo/main/loan.json";
    let build = ["release", "build", "rules/loan", "--out", repository, "--repository", "demo", "--target", target];
    workspace.call_jurat(&build).chatter().run()?;
    for key in ["author", "reviewer"] {
        let key = format!("target/demo/keys/{key}.pem");
        workspace.call_jurat(&["release", "sign", repository, "--key", &key]).chatter().run()?;
    }
    Ok(())
}

/// Judges the sample loans. Some are meant to fail.
fn judge(workspace: &Workspace) -> Result<(), Failure> {
    let config = "config/demo/local-config.yaml";
    let validate = ["validate", "--config", config, "--ruleset", "thorough", "config/samples/loans.json"];
    match workspace.call_jurat(&validate).run_for_code()? {
        1 => Ok(()),
        0 => {
            Err(Failure::new("no sample loan failed, but some are meant to")
                .advise("are the sample rules as they were?"))
        }
        code => Err(Failure::new(format!("the sample loans were not judged: exit code {code}"))
            .advise("what was printed above says why")),
    }
}

/// An empty directory.
fn fresh(directory: &Path) -> Result<&Path, Failure> {
    let failed = |error| Failure::new(format!("{} cannot be emptied: {error}", directory.display()));
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(failed)?;
    }
    fs::create_dir_all(directory).map_err(failed)?;
    Ok(directory)
}
