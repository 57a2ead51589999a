//! The toolchain that compiles Rust to WebAssembly on this machine.

use std::path::Path;

use crate::progress::Step;
use crate::shell::{Call, TaskError, Workspace};

/// A target that components are built for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// What rules are built for: nothing is imported.
    Rules,
    /// What a stock toolchain builds for, with the imports of WASI; one test needs it.
    StockWasi,
}

/// Whether packages may be installed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Consent {
    /// Yes.
    Given,
    /// No: say which ones, and stop.
    Withheld,
}

/// The toolchain that compiles rules.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The workspace's own.
    Rustup,
    /// Debian's, which brings the source of the standard library.
    Debian,
}

/// The packages that can do without rustup's servers.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// The directory where Debian puts them.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";

impl Target {
    /// The name that rustc knows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rules => "wasm32-unknown-unknown",
            Self::StockWasi => "wasm32-wasip2",
        }
    }
}

impl From<bool> for Consent {
    /// From the option; on a CI machine packages may be installed.
    fn from(is_asked_for: bool) -> Self {
        let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        if is_asked_for || is_ci { Self::Given } else { Self::Withheld }
    }
}

impl Toolchain {
    /// Makes a command that compiles rules use this toolchain.
    pub(crate) fn apply(&self, call: Call) -> Call {
        match self {
            Self::Rustup => call,
            Self::Debian => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let mut path_with_debian = std::ffi::OsString::from("/usr/bin:");
                path_with_debian.push(path);
                // An environment is all that a cargo needs to build the standard library along.
                call.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
                    .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO", DEBIAN_CARGO)
                    .env("PATH", path_with_debian)
                    .without_env("RUSTUP_TOOLCHAIN")
                    .without_env("RUSTC")
                    .without_env("RUSTDOC")
            }
        }
    }
}

/// Makes sure that a target can be built for: with what is here, else from rustup, else from Debian.
pub(crate) fn ensure(
    workspace: &Workspace,
    target: Target,
    consent: Consent,
    step: &Step,
) -> Result<Toolchain, TaskError> {
    let name = target.name();
    if is_installed(workspace, target)? {
        return Ok(Toolchain::Rustup);
    }
    step.note(&format!("the target {name} is missing"));
    let rustup = workspace.call("rustup".as_ref(), "rustup").args(&["target", "add", name]);
    // Its own backtrace does not help a user whose network is down.
    let added = step.run(rustup.without_env("RUST_BACKTRACE"));
    if added.is_ok() && is_installed(workspace, target)? {
        return Ok(Toolchain::Rustup);
    }
    if target == Target::StockWasi {
        let what = format!("rustup cannot provide the target {name}");
        return Err(TaskError::new(what).advise(format!("try `rustup target add {name}` by hand")));
    }
    let is_there = [DEBIAN_CARGO, DEBIAN_SOURCES, DEBIAN_LINKER].iter().all(|path| Path::new(path).exists());
    if is_there {
        return Ok(Toolchain::Debian);
    }
    step.note("rustup cannot provide it; Debian's own Rust can build it from source");
    let install = format!("apt-get install --yes --no-install-recommends {}", PACKAGES.join(" "));
    if consent == Consent::Withheld {
        let advice = format!(
            "where rustup has a network: rustup target add {name}\n  on Debian 12 and 13: apt-get update && {install}\n  \
             or let this command do it: run it again with --install"
        );
        return Err(TaskError::new(format!("the target {name} is missing and rustup cannot provide it")).advise(advice));
    }
    let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
    step.run(workspace.call("apt-get".as_ref(), "apt-get").args(&["update"]))?;
    let apt = workspace.call("apt-get".as_ref(), "apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    step.run(apt.args(&words("install --yes --no-install-recommends")).args(&PACKAGES))?;
    Ok(Toolchain::Debian)
}

/// Whether the standard library for a target is there.
pub(crate) fn is_installed(workspace: &Workspace, target: Target) -> Result<bool, TaskError> {
    let rustc =
        workspace.call("rustc".as_ref(), "rustc").args(&["--print", "target-libdir", "--target", target.name()]);
    let directory = rustc.read()?;
    let Ok(mut files) = std::fs::read_dir(directory.trim()) else {
        return Ok(false);
    };
    Ok(files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))))
}
