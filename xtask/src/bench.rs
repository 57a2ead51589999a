//! `cargo xtask bench`: builds what is measured and what it is compared with, then measures.

use std::path::PathBuf;

use crate::demo;
use crate::progress::{Progress, Step};
use crate::python::Environment;
use crate::shell::{TaskError, Workspace};
use crate::wasm::{self, Consent, Target};

/// The group of figures that needs other people's engines.
const PEERS: &str = "peers";
/// Their package.
const MANIFEST: &str = "benches/peers/Cargo.toml";
/// Their target directory, which shares nothing with what is measured.
const PEERS_TARGET: &str = "target/peers";
/// The path of the sample component.
const COMPONENTS: &str = "target/demo/components";

/// Builds everything and hands the arguments on: options, and names of groups.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: &[String],
    consent: Consent,
    is_verbose: bool,
) -> Result<(), TaskError> {
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let has_peers = has(PEERS) || arguments.iter().all(|argument| argument.starts_with('-'));
    let mut progress = Progress::new(if has_peers { 4 } else { 3 }, is_verbose);
    let find = |step: &Step| wasm::ensure(workspace, Target::Rules, consent, step);
    let toolchain = progress.step("Find the WebAssembly target", find)?;
    progress.step("Build Jurat and the sample rules", |step| {
        demo::build(workspace, &toolchain, step)?;
        step.run(toolchain.apply(workspace.call_jurat(&["build", "rules/loan", "--out", COMPONENTS])))
    })?;
    progress.step("Build the benchmarks", |step| {
        step.run(workspace.cargo(&["build", "--release", "--workspace", "--bin", "jurat-benches"]))
    })?;
    let mut bench = workspace.call_built("jurat-benches").args(arguments);
    bench = bench.env("JURAT_COMPONENTS", workspace.root.join(COMPONENTS));
    if has_peers {
        if let Some(peers) =
            progress.step("Build other rule engines", |step| Ok(peers(workspace, has("--quick"), step)))?
        {
            bench = bench.env("JURAT_PEERS", peers);
        }
        if let Some(python) = Environment::RULES.ensure(workspace)? {
            bench = bench.env("JURAT_PYTHON", python);
        }
    }
    bench.run()
}

/// Builds the other engines: all of them, or without the one that compiles for minutes. If they cannot be built, their figures are
/// missing, and the others are taken.
fn peers(workspace: &Workspace, is_quick: bool, step: &Step) -> Option<PathBuf> {
    let build = |features: &[&str]| {
        let arguments = ["build", "--release", "--locked", "--manifest-path", MANIFEST];
        let call = workspace.cargo(&arguments).args(features);
        step.run(call.env("CARGO_TARGET_DIR", workspace.root.join(PEERS_TARGET)))
    };
    let full: &[&str] = &["--features", "zen"];
    let choices: &[&[&str]] = if is_quick { &[&[]] } else { &[full, &[]] };
    for features in choices {
        match build(features) {
            Ok(()) => {
                let name = format!("jurat-peers{}", std::env::consts::EXE_SUFFIX);
                return Some(workspace.root.join(PEERS_TARGET).join("release").join(name));
            }
            Err(failure) => step.note(&format!("\nGOING ON WITHOUT {}: {failure}", missing(features))),
        }
    }
    None
}

fn missing(features: &[&str]) -> &'static str {
    if features.is_empty() {
        "OTHER RULE ENGINES, whose figures will be missing"
    } else {
        "ZEN, whose figures will be missing"
    }
}
