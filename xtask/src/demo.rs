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
    let (keys, repository) = ("target/demo/keys", "target/demo/repository");
    let key = |name: &str| format!("{keys}/{name}.pem");
    let public = |name: &str| format!("{keys}/{name}.pub.pem");
    let jurat = |arguments: &[&str]| workspace.call_jurat(arguments).chatter().run();

    say("[3/5] Keys and a repository, for this demo only");
    fresh(&workspace.root.join("target/demo"))?;
    let init = ["trust", "init", repository, "--repository", "demo", "--generate", keys];
    jurat(&[&init[..], &["--development", "--insecure-plain"]].concat())?;
    for name in ["author", "reviewer"] {
        jurat(&["key", "gen", "--insecure-plain", "--out", &format!("{keys}/{name}")])?;
    }
    let (author, reviewer) = (public("author"), public("reviewer"));
    jurat(&["tenant", "add", repository, "demo", "--key", &author, "--key", &reviewer, "--threshold", "2"])?;
    jurat(&["release", "sign", repository, "--key", &key("targets-1")])?;

    say("[4/5] A release, signed by both, and published");
    jurat(&["release", "build", "rules/loan", "--out", repository, "--tenant", "demo"])?;
    for name in ["author", "reviewer"] {
        jurat(&["release", "sign", repository, "--key", &key(name)])?;
    }
    jurat(&["release", "publish", repository, "--key", &key("snapshot"), "--key", &key("timestamp")])?;
    // What a host is given once, on another way than the rules.
    let first = workspace.root.join(repository).join("metadata/1.root.json");
    let copied = fs::copy(first, workspace.root.join("target/demo/root.json"));
    copied.map_err(|error| Failure::new(format!("target/demo/root.json cannot be written: {error}")))?;
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
