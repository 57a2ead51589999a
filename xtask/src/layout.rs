//! Where tests are, and that every file is part of something.
//!
//! A file that no `mod` names compiles nowhere: its tests prove nothing, and no error shows it. CONTRIBUTING.md says which tests belong
//! where.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rust_files::{self, read};
use crate::shell::{TaskError, Workspace};
use crate::tokens;

/// Packages outside of `host/`.
const PACKAGES: &[&str] = &[
    "benches",
    "rule-sdk",
    "rule-sdk/macros",
    "rules/loan",
    "tests",
    "tests/fuzz",
    "tests/kit",
    "tests/server",
    "xtask",
];

/// Makes sure that tests are where they belong and that every file is named by the one above it.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let mut packages: Vec<_> = PACKAGES.iter().map(|package| workspace.root.join(package)).collect();
    packages.extend(directories(&workspace.root.join("host"))?);
    let mut faults = Vec::new();
    for package in packages {
        let manifest = read(&package.join("Cargo.toml"))?;
        let roots: Vec<_> = paths(&manifest).map(|path| package.join(path)).collect();
        for path in rust_files::below(&package.join("src"))? {
            faults.extend(fault(&path, &roots)?);
        }
        let tests = package.join("tests");
        // The package `tests` has its members beside its tests.
        if tests.exists() && !package.ends_with("tests/fuzz/tests") {
            for path in rust_files::below(&tests)? {
                let is_example = path.iter().any(|part| part == "ui");
                if path.parent() == Some(&tests) {
                    faults.push((path, "is not in a directory: `tests/<name>/main.rs` is expected".to_owned()));
                } else if !is_example {
                    faults.extend(fault(&path, &roots)?);
                }
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let shown = |path: &Path| path.strip_prefix(&workspace.root).unwrap_or(path).display().to_string();
    let lines: Vec<_> = faults.iter().map(|(path, fault)| format!("{} {fault}", shown(path))).collect();
    Err(TaskError::new(format!("files are not where they belong:\n  {}", lines.join("\n  ")))
        .advise("CONTRIBUTING.md says where tests go"))
}

/// The directories in a directory that are packages.
fn directories(parent: &Path) -> Result<Vec<PathBuf>, TaskError> {
    let failed = |error| TaskError::new(format!("{} cannot be read: {error}", parent.display()));
    let entries: Vec<_> = fs::read_dir(parent).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    Ok(entries.into_iter().map(|entry| entry.path()).filter(|path| path.join("Cargo.toml").exists()).collect())
}

/// The files that a manifest names as roots.
fn paths(manifest: &str) -> impl Iterator<Item = &str> {
    manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'))
}

/// What is wrong with a file: no file above it names it.
fn fault(path: &Path, roots: &[PathBuf]) -> Result<Option<(PathBuf, String)>, TaskError> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if matches!(name.as_str(), "lib" | "main") || roots.iter().any(|root| root == path) {
        return Ok(None);
    }
    let directory = path.parent().unwrap_or(path);
    let above = [directory.with_extension("rs"), directory.join("lib.rs"), directory.join("main.rs")];
    for file in above.iter().chain(roots).filter(|file| file.exists()) {
        if names(&read(file)?, &name) {
            return Ok(None);
        }
    }
    Ok(Some((path.to_owned(), format!("is part of nothing: no file above it says `mod {name};`"))))
}

/// Whether a file has the module as a file of its own.
fn names(text: &str, module: &str) -> bool {
    let words: Vec<_> = tokens::all(text).into_iter().map(|token| token.text).collect();
    words.windows(3).any(|window| window == ["mod", module, ";"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_by_a_declaration_without_a_body() {
        let text = "mod a;\n// mod b;\nmod c { fn d() {} }\n#[cfg(test)]\npub(crate) mod tests;";
        assert_eq!(["a", "b", "c", "tests"].map(|module| names(text, module)), [true, false, false, true]);
    }

    #[test]
    fn a_manifest_names_roots() {
        let manifest = "[lib]\nname = \"x\"\n[[bin]]\npath = \"src/child.rs\"\n[dependencies]\na = { path = \"b\" }\n";
        assert_eq!(paths(manifest).collect::<Vec<_>>(), ["src/child.rs"]);
    }
}
