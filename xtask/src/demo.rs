//! `cargo xtask demo`: from source to verdicts, step by step.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use crate::progress::{Progress, Step};
use crate::readme;
use crate::shell::{TaskError, Workspace, print, say};
use crate::wasm::{self, Consent, Target, Toolchain};

/// The commands of the README that are shown at the end.
const SUGGESTIONS: usize = 3;
/// Processor seconds that the first build takes, and those that cannot be shared out: crates that wait for one another.
const BUILD: usize = 1_000;
const BUILD_IN_A_ROW: usize = 300;

/// The call that the demo ends with, which the picture in the README shows too.
pub(crate) const JUDGE: [&str; 6] =
    ["validate", "--config", "config/demo/local-config.yaml", "--ruleset", "thorough", "config/samples/loans.json"];

/// Runs the demo. It can be run again and again: keys and repository are fresh each time.
pub(crate) fn run(workspace: &Workspace, consent: Consent, is_verbose: bool) -> Result<(), TaskError> {
    say(&announcement(workspace));
    let mut progress = Progress::new(5, is_verbose);
    let find = |step: &Step| wasm::ensure(workspace, Target::Rules, consent, step);
    let toolchain = progress.step("Find the WebAssembly target", find)?;
    progress.step("Build Jurat and the sample rules", |step| build(workspace, &toolchain, step))?;
    progress.step("Make keys and a repository", |step| repository(workspace, step))?;
    progress.step("Sign and publish the sample rules", |step| publish(workspace, step))?;
    progress.step("Judge the sample loans", |step| judge(workspace, step))?;
    print(&closing(workspace)?);
    Ok(())
}

/// What the demo does, and how long it will take.
fn announcement(workspace: &Workspace) -> String {
    let what = "The demo builds Jurat, signs the sample rules with keys of its own, and judges sample loans.";
    if workspace.built("jurat").exists() {
        return format!("{what}\nOnly changes are built, so it takes seconds.");
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let minutes = (BUILD / cores).max(BUILD_IN_A_ROW).div_ceil(60);
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!("{what}\nThe first build takes about {minutes} minutes on {cores}; after that, seconds.")
}

/// What was made, and what to try.
fn closing(workspace: &Workspace) -> Result<String, TaskError> {
    let program = workspace.shown("jurat");
    let next = readme::examples(workspace)?;
    let next: Vec<_> = next.iter().take(SUGGESTIONS).map(|example| format!("  {}\n", example.command)).collect();
    let made = [
        (program.as_str(), "the command line; `cargo xtask dist` makes a small one"),
        (REPOSITORY, "the signed release, as a web server would offer it"),
        ("target/demo/root.json", "what the host was given: everything that it trusts follows from it"),
        (KEYS, "the keys of this demo, without a passphrase: use them for nothing else"),
    ];
    let width = made.iter().map(|(path, _)| path.len()).max().unwrap_or(0);
    let made: Vec<_> = made.iter().map(|(path, what)| format!("  {path:width$}  {what}\n")).collect();
    Ok(format!("\nThe demo has made:\n{}\nNext, try:\n{}", made.concat(), next.concat()))
}

/// Builds the command line, and with it the sample rules.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain, step: &Step) -> Result<(), TaskError> {
    // `--workspace` for the sake of the tests: Cargo then chooses the same features for both, and compiles wasmtime once.
    step.run(workspace.cargo(&["build", "--release", "--workspace", "--bin", "jurat"]))?;
    step.run(toolchain.apply(workspace.call_jurat(&["build", "rules/loan"])))
}

/// Makes keys and a signed release from the built rules.
pub(crate) fn release(workspace: &Workspace, step: &Step) -> Result<(), TaskError> {
    repository(workspace, step)?;
    publish(workspace, step)
}

const KEYS: &str = "target/demo/keys";
const REPOSITORY: &str = "target/demo/repository";

fn key(name: &str) -> String {
    format!("{KEYS}/{name}.pem")
}

/// Makes a repository with a tenant, and the keys of all parties.
fn repository(workspace: &Workspace, step: &Step) -> Result<(), TaskError> {
    let jurat = |arguments: &[&str]| step.run(workspace.call_jurat(arguments));
    fresh(&workspace.root.join("target/demo"))?;
    let init = ["trust", "init", REPOSITORY, "--repository", "demo", "--generate", KEYS];
    jurat(&[&init[..], &["--development", "--insecure-plain", "--freshness", "7d"]].concat())?;
    for name in ["author", "reviewer"] {
        jurat(&["key", "gen", "--insecure-plain", "--out", &format!("{KEYS}/{name}")])?;
    }
    let (author, reviewer) = (key("author.pub"), key("reviewer.pub"));
    jurat(&["tenant", "add", REPOSITORY, "demo", "--key", &author, "--key", &reviewer, "--threshold", "2"])?;
    jurat(&["release", "sign", REPOSITORY, "--key", &key("targets-1")])
}

/// Makes a release of the sample rules, has both of the tenant's keys sign it, and publishes it.
fn publish(workspace: &Workspace, step: &Step) -> Result<(), TaskError> {
    let jurat = |arguments: &[&str]| step.run(workspace.call_jurat(arguments));
    jurat(&["release", "build", "rules/loan", "--out", REPOSITORY, "--tenant", "demo"])?;
    for name in ["author", "reviewer"] {
        jurat(&["release", "sign", REPOSITORY, "--key", &key(name)])?;
    }
    jurat(&["release", "publish", REPOSITORY, "--key", &key("snapshot"), "--key", &key("timestamp")])?;
    // The trust root: a host gets it once, by another channel than the rules.
    let first = workspace.root.join(REPOSITORY).join("metadata/1.root.json");
    let copied = fs::copy(first, workspace.root.join("target/demo/root.json"));
    copied.map_err(|error| TaskError::new(format!("target/demo/root.json cannot be written: {error}")))?;
    Ok(())
}

/// Judges the sample loans. Some are meant to fail.
fn judge(workspace: &Workspace, step: &Step) -> Result<(), TaskError> {
    step.hand_over();
    match workspace.call_jurat(&JUDGE).run_for_code()? {
        1 => Ok(()),
        0 => {
            Err(TaskError::new("no sample loan failed, but some are meant to")
                .advise("are the sample rules as they were?"))
        }
        code => Err(TaskError::new(format!("the sample loans were not judged: exit code {code}"))
            .advise("what was printed above says why")),
    }
}

/// An empty directory.
fn fresh(directory: &Path) -> Result<&Path, TaskError> {
    let failed = |error| TaskError::new(format!("{} cannot be emptied: {error}", directory.display()));
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(failed)?;
    }
    fs::create_dir_all(directory).map_err(failed)?;
    Ok(directory)
}
