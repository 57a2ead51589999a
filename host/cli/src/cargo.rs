//! Compiles a crate of rules to components with cargo.
//!
//! Authors need no settings of their own: profile and flags are passed on cargo's command line, where they override those of the
//! workspace. Only `crate-type = ["cdylib"]` cannot be passed there.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jurat::Excerpt;
use jurat_disk::files;
use jurat_model::Blame;
use jurat_model::advice;
use jurat_sandbox::{ShapeError, scan};
use jurat_trust::Caps;
use serde::Deserialize;
use wit_component::ComponentEncoder;

use crate::exit::CommandError;

/// A crate to compile.
#[derive(Clone, Debug)]
pub(crate) struct BuildRequest<'a> {
    /// The directory of a crate or a workspace.
    pub(crate) directory: &'a Path,
    /// The libraries and examples; all, if empty.
    pub(crate) names: &'a [String],
    /// The compilation target.
    pub(crate) target: WasmTarget,
    /// Further arguments for cargo.
    pub(crate) arguments: &'a [OsString],
}

/// The compilation targets of rules.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum WasmTarget {
    /// Imports nothing: the target for rules
    #[default]
    #[value(name = "wasm32-unknown-unknown")]
    Unknown,
    /// Imports WASI: for `wasi: sealed` components
    #[value(name = "wasm32-wasip2")]
    Wasi,
}

/// The compiled components.
#[derive(Debug)]
pub(crate) struct BuildOutput {
    /// The target directory of cargo.
    pub(crate) target_directory: PathBuf,
    /// The components.
    pub(crate) components: Vec<Built>,
}

/// A compiled component.
#[derive(Debug)]
pub(crate) struct Built {
    /// The name of the library or example, as in its file name.
    pub(crate) name: String,
    /// The component.
    pub(crate) bytes: Vec<u8>,
}

impl WasmTarget {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::Wasi => "wasm32-wasip2",
        }
    }
}

/// Compiles a crate to components.
pub(crate) fn build(request: &BuildRequest<'_>) -> Result<BuildOutput, CommandError> {
    let metadata = metadata(request.directory)?;
    let builds = plan(request, &metadata)?;
    let mut components = Vec::new();
    for plan in &builds {
        for file in compile(request, plan, &metadata)? {
            let stem = file.file_stem().ok_or_else(|| {
                CommandError::new(Blame::Host, format!("cargo: `{}` is not a file name", file.display()))
            })?;
            let name = stem.to_string_lossy().into_owned();
            let bytes = files::read(&file, Caps::DEFAULT.file)
                .map_err(|error| CommandError::about(Blame::Host, file.display(), &error))?;
            components.push(Built { bytes: component(bytes, &file)?, name });
        }
    }
    Ok(BuildOutput { target_directory: metadata.target_directory, components })
}

/// The needed part of `cargo metadata`.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<CargoPackage>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Debug, Deserialize)]
struct CargoPackage {
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

/// The targets to compile of one package.
#[derive(Debug)]
struct PackageBuild<'a> {
    package: &'a CargoPackage,
    has_library: bool,
    examples: Vec<&'a str>,
}

/// A message of cargo.
#[derive(Deserialize)]
struct CargoMessage {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl CargoTarget {
    fn is_component(&self) -> bool {
        self.crate_types.iter().any(|name| name == "cdylib")
    }

    fn is_example(&self) -> bool {
        self.kind.iter().any(|name| name == "example")
    }

    fn is_called(&self, name: &str) -> bool {
        self.name.replace('-', "_") == name.replace('-', "_")
    }
}

fn cargo() -> Command {
    // Cargo sets this variable when it runs us, so that both use the same toolchain.
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn not_started(error: &io::Error) -> CommandError {
    CommandError::about(Blame::Host, "cargo cannot be started; is Rust installed (https://rustup.rs)?", error)
}

fn metadata(directory: &Path) -> Result<Metadata, CommandError> {
    let manifest = directory.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(CommandError::usage(format!(
            "{}: no `Cargo.toml`; name the directory of a crate",
            directory.display()
        )));
    }
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(&manifest);
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| not_started(&error))?;
    if !output.status.success() {
        return Err(CommandError::usage(format!("{}: cargo cannot read it", manifest.display())));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| CommandError::about(Blame::Host, "the output of `cargo metadata` cannot be read", &error))
}

fn plan<'a>(request: &BuildRequest<'_>, metadata: &'a Metadata) -> Result<Vec<PackageBuild<'a>>, CommandError> {
    let manifest = request.directory.join("Cargo.toml").canonicalize();
    let is_own = |package: &&CargoPackage| manifest.as_ref().is_ok_and(|manifest| *manifest == package.manifest_path);
    // The manifest of a virtual workspace means all its packages.
    let is_package = metadata.packages.iter().any(|package| is_own(&package));
    let packages: Vec<_> = metadata.packages.iter().filter(|package| !is_package || is_own(package)).collect();
    let known = || packages.iter().flat_map(|package| &package.targets).filter(|target| target.is_component());
    if let Some(unknown) = request.names.iter().find(|name| !known().any(|target| target.is_called(name))) {
        let advice = advice(unknown, known().map(|target| target.name.as_str()));
        let (name, directory) = (Excerpt::of(unknown), request.directory.display());
        return Err(CommandError::usage(format!("{directory}: no library or example `{name}` is a `cdylib`{advice}")));
    }
    let is_wanted = |target: &&CargoTarget| {
        target.is_component() && (request.names.is_empty() || request.names.iter().any(|name| target.is_called(name)))
    };
    let plan = |package: &&'a CargoPackage| {
        let (examples, libraries): (Vec<_>, Vec<_>) =
            package.targets.iter().filter(is_wanted).partition(|target| target.is_example());
        let examples = examples.into_iter().map(|target| target.name.as_str()).collect();
        PackageBuild { package, has_library: !libraries.is_empty(), examples }
    };
    let builds: Vec<_> =
        packages.iter().map(plan).filter(|plan| plan.has_library || !plan.examples.is_empty()).collect();
    if builds.is_empty() {
        return Err(CommandError::usage(format!(
            "{}: no target is a `cdylib`; add `crate-type = [\"cdylib\"]` to `[lib]`",
            request.directory.join("Cargo.toml").display()
        )));
    }
    Ok(builds)
}

/// Compiles one package, and returns the files.
fn compile(
    request: &BuildRequest<'_>,
    plan: &PackageBuild<'_>,
    metadata: &Metadata,
) -> Result<Vec<PathBuf>, CommandError> {
    let mut cargo = cargo();
    cargo.arg("build").arg("--manifest-path").arg(&plan.package.manifest_path).args(["-p", &plan.package.name]);
    if plan.has_library {
        cargo.arg("--lib");
    }
    for example in &plan.examples {
        cargo.args(["--example", example]);
    }
    cargo.args(["--target", request.target.name(), "--profile", "rule", "--message-format=json-render-diagnostics"]);
    for setting in settings(request.target, &metadata.workspace_root) {
        cargo.args(["--config", &setting]);
    }
    cargo.args(request.arguments);
    // These would replace our flags.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| not_started(&error))?;
    let mut files = Vec::new();
    let messages = child.stdout.take().ok_or_else(|| CommandError::new(Blame::Host, "cargo: no standard output"))?;
    for line in BufReader::new(messages).lines() {
        let line = line.map_err(|error| CommandError::about(Blame::Host, "cargo", &error))?;
        // Wrappers of the compiler may print lines that are not messages.
        let Ok(message) = serde_json::from_str::<CargoMessage>(&line) else { continue };
        if message.reason == "compiler-artifact" && message.manifest_path == plan.package.manifest_path {
            files.extend(message.filenames.into_iter().filter(|file| file.extension().is_some_and(|e| e == "wasm")));
        }
    }
    let status = child.wait().map_err(|error| CommandError::about(Blame::Host, "cargo", &error))?;
    if !status.success() {
        return Err(not_compiled(request, plan));
    }
    let expected = usize::from(plan.has_library) + plan.examples.len();
    // An example also builds the library of its package.
    if files.len() < expected {
        let (name, found) = (&plan.package.name, files.len());
        let message = format!("cargo: it reported {found} components of `{name}` instead of {expected}");
        return Err(CommandError::new(Blame::Host, message));
    }
    Ok(files)
}

/// The profile and the flags of rules, as arguments of `--config`.
fn settings(target: WasmTarget, workspace: &Path) -> Vec<String> {
    let mut flags = vec![
        // With the default of 1 MiB, a fresh instance costs three times as much.
        "-Clink-arg=-zstack-size=65536".to_owned(),
    ];
    // The same sources must give the same component on every machine, without local paths in it.
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    // Cargo names the directories of its registries after their URLs. If several prefixes match, the last one wins.
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
        // A quarter faster than optimizing for size, and no larger: almost all of a rule is inlined.
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

/// Advice after cargo has failed and printed its own errors.
fn not_compiled(request: &BuildRequest<'_>, plan: &PackageBuild<'_>) -> CommandError {
    let target = request.target.name();
    let rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")))
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(request.directory)
        .output();
    let directory = rustc.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    // Without rustc, or without an answer, the errors of cargo have to do.
    let is_missing = directory.is_some_and(|directory| directory != Path::new("") && !directory.is_dir());
    if is_missing {
        CommandError::usage(format!("the target `{target}` is not installed: run `rustup target add {target}`"))
    } else {
        CommandError::usage(format!("`{}` does not compile; see the errors of cargo", plan.package.name))
    }
}

/// Converts a core module to a component. A component stays as it is.
fn component(bytes: Vec<u8>, file: &Path) -> Result<Vec<u8>, CommandError> {
    if !matches!(scan(&bytes), Err(ShapeError::CoreModule)) {
        return Ok(bytes);
    }
    let encoded = ComponentEncoder::default().validate(true).module(&bytes).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| {
        CommandError::usage(format!(
            "{}: cannot be converted to a component: {error:#}; does the crate call `package!`?",
            file.display()
        ))
    })
}

#[cfg(test)]
mod tests;
