//! `cargo xtask dist`: the command line as it is shipped: stripped, with a checksum, and with its debug file beside it.
//!
//! The stripped program names its debug file. Debuggers, `addr2line` and Rust's own backtraces find it where both lie in one directory.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::progress::{Progress, Step};
use crate::shell::{TaskError, Workspace, print};

/// The directory of all files.
const DIRECTORY: &str = "target/dist";
/// The target directory of a build without paths of this machine: it shares nothing with other builds.
const REMAPPED: &str = "target/remapped";
/// A part of the names of functions that the debug file must know.
const OURS: &str = "jurat_cli";

/// The files of a distribution.
#[derive(Debug)]
struct Files {
    directory: PathBuf,
    /// The name of the program, with version and target.
    name: String,
}

/// Builds the command line, makes the files and tries them.
pub(crate) fn run(workspace: &Workspace, is_remapped: bool, is_verbose: bool) -> Result<(), TaskError> {
    if !cfg!(target_os = "linux") {
        return Err(TaskError::new("`cargo xtask dist` makes ELF files, on Linux only")
            .advise("elsewhere, `cargo build --release --bin jurat` builds the program"));
    }
    let version = env!("CARGO_PKG_VERSION");
    let host = host(workspace)?;
    let files = Files { directory: workspace.root.join(DIRECTORY), name: format!("jurat-{version}-{host}") };
    let mut progress = Progress::new(3, is_verbose);
    let program = progress.step("Build the command line", |step| build(workspace, is_remapped, step))?;
    progress.step("Strip it, and keep its debug information", |step| files.make(workspace, &program, step))?;
    progress.step("Check that it runs, and what lies beside it", |step| files.check(workspace, version, OURS, step))?;
    print(&files.summary(workspace, &program)?);
    Ok(())
}

/// Builds the command line, with line tables for our crates, and says where it is.
fn build(workspace: &Workspace, is_remapped: bool, step: &Step) -> Result<PathBuf, TaskError> {
    let cargo = workspace.cargo(&["build", "--release", "--locked", "--workspace", "--bin", "jurat"]);
    let cargo = cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
    if !is_remapped {
        step.run(cargo)?;
        return Ok(workspace.built("jurat"));
    }
    let target = workspace.root.join(REMAPPED);
    let flags: Vec<_> =
        private_paths(workspace).into_iter().map(|(path, name)| (path.display().to_string(), name)).collect();
    let rust: Vec<_> = flags.iter().map(|(path, name)| format!("--remap-path-prefix={path}={name}")).collect();
    let c: Vec<_> = flags.iter().map(|(path, name)| format!("-ffile-prefix-map={path}={name}")).collect();
    let cargo = cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_ENCODED_RUSTFLAGS", rust.join("\x1f"));
    step.run(cargo.env("CFLAGS", c.join(" ")))?;
    Ok(target.join("release/jurat"))
}

/// The directories of this machine that compilers write into programs, and what is written instead.
fn private_paths(workspace: &Workspace) -> Vec<(PathBuf, &'static str)> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    cargo.into_iter().map(|cargo| (cargo, "/cargo")).chain([(workspace.root.clone(), "/jurat")]).collect()
}

impl Files {
    fn program(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    fn debug(&self) -> String {
        format!("{}.debug", self.name)
    }

    fn checksums(&self) -> String {
        format!("{}.sha256", self.name)
    }

    /// Makes the files from a program.
    fn make(&self, workspace: &Workspace, program: &Path, step: &Step) -> Result<(), TaskError> {
        let directory = &self.directory;
        let failed = |error| TaskError::new(format!("{} cannot be replaced: {error}", directory.display()));
        if directory.exists() {
            fs::remove_dir_all(directory).map_err(failed)?;
        }
        fs::create_dir_all(directory).map_err(failed)?;
        let objcopy = objcopy(workspace)?;
        let call = |arguments: &[&str], out: &str| {
            let call = workspace.call(objcopy.as_os_str(), &objcopy.display().to_string()).within(directory);
            step.run(call.args(arguments).args(&[program.as_os_str(), out.as_ref()]))
        };
        let debug = self.debug();
        call(&["--only-keep-debug", "--compress-debug-sections=zlib"], &debug)?;
        call(&["--strip-all", &format!("--add-gnu-debuglink={debug}")], &self.name)?;
        let sums =
            workspace.call("sha256sum".as_ref(), "sha256sum").within(directory).args(&[&self.name, &debug]).read()?;
        let path = directory.join(self.checksums());
        fs::write(&path, sums).map_err(|error| TaskError::new(format!("{} cannot be written: {error}", path.display())))
    }

    /// Runs the program, compares the checksums, and finds a function whose name has the given part in it by the stripped program.
    fn check(&self, workspace: &Workspace, version: &str, part: &str, step: &Step) -> Result<(), TaskError> {
        let program = self.program();
        let said = workspace.call(program.as_os_str(), &self.name).args(&["--version"]).read()?;
        if !said.contains(version) {
            return Err(TaskError::new(format!("{} does not name its version, {version}: {said}", self.name)));
        }
        let sums = workspace.call("sha256sum".as_ref(), "sha256sum").within(&self.directory);
        step.run(sums.args(&["--check", "--quiet", &self.checksums()]))?;
        let names = workspace
            .call("nm".as_ref(), "nm")
            .within(&self.directory)
            .args(&["--defined-only", &self.debug()])
            .read()?;
        let symbol =
            names.lines().filter_map(Symbol::read).find(|symbol| symbol.kind == "t" && symbol.name.contains(part));
        let symbol = symbol.ok_or_else(|| TaskError::new(format!("{} knows no function of `{part}`", self.debug())))?;
        let found = workspace.call("addr2line".as_ref(), "addr2line").within(&self.directory);
        let found = found.args(&["--functions", "--exe", &self.name, symbol.address]).read()?;
        if found.lines().next() == Some(symbol.name) {
            return Ok(());
        }
        Err(TaskError::new(format!("{} does not lead to the functions in {}: {found}", self.name, self.debug())))
    }

    /// What was made, how large it is, and what it says of this machine.
    fn summary(&self, workspace: &Workspace, program: &Path) -> Result<String, TaskError> {
        let size = |path: &Path| {
            let size = fs::metadata(path).map(|metadata| metadata.len());
            size.map_err(|error| TaskError::new(format!("{}: {error}", path.display())))
        };
        let mut lines = String::from("\n");
        for (name, what) in [
            (self.name.clone(), "the program"),
            (self.debug(), "its debug information; debuggers find it beside the program"),
        ] {
            let bytes = size(&self.directory.join(&name))?;
            lines.push_str(&format!("  {DIRECTORY}/{name}\n    {}, {what}\n", in_megabytes(bytes)));
        }
        let checksums = self.checksums();
        lines.push_str(&format!(
            "  {DIRECTORY}/{checksums}\n    the SHA-256 of both: `sha256sum --check {checksums}`\n\n"
        ));
        lines.push_str(&format!("Before, it was {}.\n", in_megabytes(size(program)?)));
        let bytes = fs::read(self.program()).map_err(|error| TaskError::new(format!("{}: {error}", self.name)))?;
        let has = |path: &Path| contains(&bytes, path.as_os_str().as_encoded_bytes());
        let found: Vec<_> = private_paths(workspace).into_iter().filter(|(path, _)| has(path)).collect();
        if found.is_empty() {
            lines.push_str("It names no directory of this machine.\n");
        }
        for (path, _) in found {
            let path = path.display();
            lines.push_str(&format!("It names source files in {path}; `--remap-paths` builds one that does not.\n"));
        }
        Ok(lines)
    }
}

/// A line of `nm`.
#[derive(Debug, Eq, PartialEq)]
struct Symbol<'a> {
    address: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Symbol<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (address, rest) = line.split_once(' ')?;
        let (kind, name) = rest.split_once(' ')?;
        Some(Self { address, kind, name })
    }
}

/// The `objcopy` that takes programs apart: the system's, else the one that comes with rustc.
fn objcopy(workspace: &Workspace) -> Result<OsString, TaskError> {
    let sysroot = workspace.call("rustc".as_ref(), "rustc").args(&["--print", "sysroot"]).read()?;
    let rust = Path::new(sysroot.trim()).join("lib/rustlib").join(host(workspace)?).join("bin/rust-objcopy");
    let choices = [OsString::from("objcopy"), OsString::from("llvm-objcopy"), rust.into_os_string()];
    let is_there = |program: &OsString| workspace.call(program, "objcopy").args(&["--version"]).read().is_ok();
    choices
        .into_iter()
        .find(is_there)
        .ok_or_else(|| TaskError::new("no `objcopy` is installed").advise("on Debian: apt-get install binutils"))
}

/// The target that rustc builds for where none is named.
fn host(workspace: &Workspace) -> Result<String, TaskError> {
    let version = workspace.call("rustc".as_ref(), "rustc").args(&["-vV"]).read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| TaskError::new("`rustc -vV` names no host"))
}

fn in_megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len().max(1)).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stripped_program_runs_and_finds_its_debug_information() {
        let workspace = Workspace::find().unwrap();
        let directory = std::env::temp_dir().join(format!("jurat-xtask-dist-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (source, program) = (directory.join("small.rs"), directory.join("small"));
        fs::write(&source, "#[inline(never)] fn called() { println!(\"small 1.2.3\"); } fn main() { called(); }")
            .unwrap();
        let rustc = workspace.call("rustc".as_ref(), "rustc").args(&["-Cdebuginfo=line-tables-only", "-o"]);
        rustc.args(&[&program, &source]).read().unwrap();

        let files = Files { directory: directory.join("dist"), name: "small-1.2.3".to_owned() };
        let step = &Step::verbose();
        files.make(&workspace, &program, step).unwrap();
        files.check(&workspace, "1.2.3", "called", step).unwrap();
        assert!(files.check(&workspace, "1.2.4", "called", step).is_err());
        assert!(files.check(&workspace, "1.2.3", "no_such_function", step).is_err());
        let size = |path: &Path| fs::metadata(path).unwrap().len();
        assert!(size(&files.program()) * 2 < size(&program));

        // The debug file is what gives functions their names, and a changed file is noticed.
        let debug = files.directory.join(files.debug());
        fs::write(&debug, "").unwrap();
        assert!(files.check(&workspace, "1.2.3", "called", step).is_err());
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!((in_megabytes(1).as_str(), in_megabytes(258_000_000).as_str()), ("0.1 MB", "258.0 MB"));
    }

    #[test]
    fn paths_are_found_in_bytes() {
        assert!(contains(b"a/build/b", b"/build"));
        assert!(!contains(b"a/buil", b"/build"));
    }
}
