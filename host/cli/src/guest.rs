//! From a crate of rules to components, with nothing but cargo.
//!
//! Authors need no settings of their own: profile and flags are given on cargo's command line, where they win over what the
//! workspace says. What cannot be given there is `crate-type = ["cdylib"]`.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jurat::{Excerpt, advice};
use jurat_disk::files;
use jurat_sandbox::{ShapeError, scan};
use jurat_trust::Caps;
use serde::Deserialize;
use wit_component::ComponentEncoder;

use crate::exit::{Exit, Failure};

/// What is to be compiled.
#[derive(Clone, Debug)]
pub(crate) struct Guest<'a> {
    /// The directory of a crate, or of a workspace.
    pub(crate) directory: &'a Path,
    /// The libraries and examples; empty = all.
    pub(crate) names: &'a [String],
    /// For what machine.
    pub(crate) target: Target,
    /// More arguments for cargo.
    pub(crate) cargo: &'a [OsString],
}

/// The machines that rules are compiled for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Target {
    /// Imports nothing: what rules are made for
    #[default]
    #[value(name = "wasm32-unknown-unknown")]
    Unknown,
    /// Imports WASI: for `wasi: sealed` components
    #[value(name = "wasm32-wasip2")]
    Wasi,
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Output {
    /// Where cargo puts what it makes.
    pub(crate) target_directory: PathBuf,
    /// The components.
    pub(crate) components: Vec<Built>,
}

/// One component.
#[derive(Debug)]
pub(crate) struct Built {
    /// The name of the library or example, as its file has it.
    pub(crate) name: String,
    /// The component.
    pub(crate) bytes: Vec<u8>,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::Wasi => "wasm32-wasip2",
        }
    }
}

/// Compiles a crate to components.
pub(crate) fn build(guest: &Guest<'_>) -> Result<Output, Failure> {
    let metadata = metadata(guest.directory)?;
    let plans = plan(guest, &metadata)?;
    let mut components = Vec::new();
    for plan in &plans {
        for file in compile(guest, plan, &metadata)? {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = files::read(&file, Caps::DEFAULT.file)
                .map_err(|error| Failure::about(Exit::Host, file.display(), &error))?;
            components.push(Built { bytes: component(bytes, &file)?, name });
        }
    }
    Ok(Output { target_directory: metadata.target_directory, components })
}

/// What `cargo metadata` says, as far as it matters.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<CargoTarget>,
}

#[derive(Debug, Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
    crate_types: Vec<String>,
}

/// What is compiled of one package.
#[derive(Debug)]
struct Plan<'a> {
    package: &'a Package,
    has_library: bool,
    examples: Vec<&'a str>,
}

/// A line of cargo's output.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl CargoTarget {
    fn is_component(&self) -> bool {
        self.crate_types.iter().any(|kind| kind == "cdylib")
    }

    fn is_example(&self) -> bool {
        self.kind.iter().any(|kind| kind == "example")
    }

    fn is_called(&self, name: &str) -> bool {
        self.name.replace('-', "_") == name.replace('-', "_")
    }
}

fn cargo() -> Command {
    // Set where cargo is above us, so that both are of one toolchain.
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn not_started(error: &io::Error) -> Failure {
    Failure::about(Exit::Host, "cargo could not be started; is Rust installed (https://rustup.rs)?", error)
}

fn metadata(directory: &Path) -> Result<Metadata, Failure> {
    let manifest = directory.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Failure::usage(format!(
            "{}: there is no `Cargo.toml`; name the directory of a crate",
            directory.display()
        )));
    }
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(&manifest);
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| not_started(&error))?;
    if !output.status.success() {
        return Err(Failure::usage(format!("{}: cargo cannot read it", manifest.display())));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Failure::about(Exit::Host, "the answer of `cargo metadata` cannot be read", &error))
}

fn plan<'a>(guest: &Guest<'_>, metadata: &'a Metadata) -> Result<Vec<Plan<'a>>, Failure> {
    let manifest = guest.directory.join("Cargo.toml").canonicalize();
    let is_own = |package: &&Package| manifest.as_ref().is_ok_and(|manifest| *manifest == package.manifest_path);
    // The manifest of a workspace that is no package stands for all packages.
    let is_package = metadata.packages.iter().any(|package| is_own(&package));
    let packages: Vec<_> = metadata.packages.iter().filter(|package| !is_package || is_own(package)).collect();
    let known = || packages.iter().flat_map(|package| &package.targets).filter(|target| target.is_component());
    if let Some(unknown) = guest.names.iter().find(|name| !known().any(|target| target.is_called(name))) {
        let advice = advice(unknown, known().map(|target| target.name.as_str()));
        let (name, directory) = (Excerpt::of(unknown), guest.directory.display());
        return Err(Failure::usage(format!("{directory}: no library or example `{name}` is a `cdylib`{advice}")));
    }
    let is_wanted = |target: &&CargoTarget| {
        target.is_component() && (guest.names.is_empty() || guest.names.iter().any(|name| target.is_called(name)))
    };
    let plan = |package: &&'a Package| {
        let (examples, libraries): (Vec<_>, Vec<_>) =
            package.targets.iter().filter(is_wanted).partition(|target| target.is_example());
        let examples = examples.into_iter().map(|target| target.name.as_str()).collect();
        Plan { package, has_library: !libraries.is_empty(), examples }
    };
    let plans: Vec<_> =
        packages.iter().map(plan).filter(|plan| plan.has_library || !plan.examples.is_empty()).collect();
    if plans.is_empty() {
        return Err(Failure::usage(format!(
            "{}: nothing in it becomes a component; add `crate-type = [\"cdylib\"]` to `[lib]`",
            guest.directory.join("Cargo.toml").display()
        )));
    }
    Ok(plans)
}

/// Compiles one package and gives back the files.
fn compile(guest: &Guest<'_>, plan: &Plan<'_>, metadata: &Metadata) -> Result<Vec<PathBuf>, Failure> {
    let mut cargo = cargo();
    cargo.arg("build").arg("--manifest-path").arg(&plan.package.manifest_path).args(["-p", &plan.package.name]);
    if plan.has_library {
        cargo.arg("--lib");
    }
    for example in &plan.examples {
        cargo.args(["--example", example]);
    }
    cargo.args(["--target", guest.target.name(), "--profile", "rule", "--message-format=json-render-diagnostics"]);
    for setting in settings(guest.target, &metadata.workspace_root) {
        cargo.args(["--config", &setting]);
    }
    cargo.args(guest.cargo);
    // These would take the place of our flags, not join them.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| not_started(&error))?;
    let mut files = Vec::new();
    if let Some(messages) = child.stdout.take() {
        for line in BufReader::new(messages).lines() {
            let line = line.map_err(|error| Failure::about(Exit::Host, "cargo", &error))?;
            let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
            if message.reason == "compiler-artifact" && message.manifest_path == plan.package.manifest_path {
                files
                    .extend(message.filenames.into_iter().filter(|file| file.extension().is_some_and(|e| e == "wasm")));
            }
        }
    }
    let status = child.wait().map_err(|error| Failure::about(Exit::Host, "cargo", &error))?;
    if !status.success() {
        return Err(not_compiled(guest, plan));
    }
    Ok(files)
}

/// The profile and the flags of every rule, as arguments of `--config`.
fn settings(target: Target, workspace: &Path) -> Vec<String> {
    let mut flags = vec![
        // With the default of 1 MiB, a fresh instance costs three times as much.
        "-Clink-arg=-zstack-size=65536".to_owned(),
    ];
    // So that the same sources make the same component on every machine, and no path of ours gets about.
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    // Cargo names the directories of its registries after their addresses. Of several that match, the last one counts.
    let registries = cargo_home.iter().filter_map(|home| home.join("registry/src").read_dir().ok());
    let registries = registries.flatten().flatten().map(|registry| (registry.path(), "crates"));
    let own = [Some((workspace.to_owned(), "src")), cargo_home.clone().map(|home| (home, "cargo"))];
    for (path, name) in own.into_iter().flatten().chain(registries) {
        flags.push(format!("--remap-path-prefix={}={name}", path.display()));
    }
    // A JSON string is a TOML string.
    let flags: Vec<_> = flags.into_iter().map(|flag| serde_json::Value::from(flag).to_string()).collect();
    let profile = [
        ("inherits", "\"release\""),
        // A quarter faster than for size, and no larger: almost all of a rule is inlined.
        ("opt-level", "3"),
        ("overflow-checks", "true"),
        ("codegen-units", "1"),
        ("debug", "false"),
        ("lto", "true"),
        ("panic", "\"abort\""),
        ("strip", "true"),
    ];
    let profile = profile.into_iter().map(|(key, value)| format!("profile.rule.{key}={value}"));
    profile.chain([format!("target.{}.rustflags=[{}]", target.name(), flags.join(","))]).collect()
}

/// Why cargo may have failed, beyond what it has said itself.
fn not_compiled(guest: &Guest<'_>, plan: &Plan<'_>) -> Failure {
    let target = guest.target.name();
    let rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")))
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(guest.directory)
        .output();
    let directory = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if directory.is_empty() || Path::new(&directory).is_dir() {
        Failure::usage(format!("`{}` does not compile; cargo says why", plan.package.name))
    } else {
        Failure::usage(format!("Rust cannot compile for `{target}` yet: run `rustup target add {target}`"))
    }
}

/// Makes a component of a core module; what is one already stays as it is.
fn component(bytes: Vec<u8>, file: &Path) -> Result<Vec<u8>, Failure> {
    if !matches!(scan(&bytes), Err(ShapeError::CoreModule)) {
        return Ok(bytes);
    }
    let encoded = ComponentEncoder::default().validate(true).module(&bytes).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| {
        Failure::usage(format!("{}: no component can be made of it: {error:#}; is `package!` called?", file.display()))
    })
}

#[cfg(test)]
mod tests;
