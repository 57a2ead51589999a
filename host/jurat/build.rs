//! Tells builds of Jurat apart: what a host has found out with one build does not count for another.
//!
//! The crates that decide verdicts, their dependencies and the compiler are what differs. A hash of 64 bits is enough, because nobody
//! gains anything by two builds with the same one.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that only wait, print or listen: builds that differ in these give the same verdicts. A crate that is missing here costs
/// time, and nothing else.
const OUTER: [&str; 5] = ["cli", "log", "records", "results", "server"];

/// What Cargo says about the code that the compiler makes.
const FLAGS: [&str; 4] = ["TARGET", "OPT_LEVEL", "CARGO_ENCODED_RUSTFLAGS", "CARGO_CFG_DEBUG_ASSERTIONS"];

fn main() -> io::Result<()> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let host = package.parent().unwrap_or(&package);
    let mut hasher = DefaultHasher::new();
    for flag in FLAGS {
        env::var_os(flag).hash(&mut hasher);
    }
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Command::new(compiler).arg("-vV").output()?.stdout.hash(&mut hasher);
    let lock = host.join("../Cargo.lock");
    let mut crates: Vec<_> = fs::read_dir(host)?.collect::<io::Result<Vec<_>>>()?;
    crates.sort_by_key(fs::DirEntry::file_name);
    for one in crates {
        if !OUTER.iter().any(|outer| one.file_name() == *outer) {
            hash(&one.path().join("src"), &mut hasher)?;
        }
    }
    hash(&lock, &mut hasher)?;
    println!("cargo::rustc-env=JURAT_BUILD={:016x}", hasher.finish());
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// Hashes a file, or all files below a directory. What is not there is left out: a published crate stands alone.
fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        println!("cargo::rerun-if-changed={}", path.display());
        for entry in entries {
            entry.file_name().hash(hasher);
            hash(&entry.path(), hasher)?;
        }
    } else if path.is_file() {
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}
