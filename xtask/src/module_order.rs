//! The order of the crates, and of the modules in each: what ARCHITECTURE.md says, held against what the files import.
//!
//! A block in ARCHITECTURE.md lists the modules of a directory from the face down to the leaves, a line for each step. Modules on one
//! line do not know of each other. A module may import from those on lines below its own, and from nothing else of the directory;
//! the file that has the directory, `lib.rs` or `judge.rs` for `judge/`, is above them all.
//!
//! ````text
//! ```order host/trust/src
//! publish
//! client
//! envelope fetch
//! ```
//! ````
//!
//! The block `order crates` does the same for the packages of `host/`, and what their manifests name. Whatever a block says, no two files
//! of a crate import from each other, not even through others.

mod circles;
mod imports;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::imports::Import;
use self::source::Crate;
use crate::rust_files::read;
use crate::shell::{TaskError, Workspace};

/// The file that gives the order.
const FILE: &str = "ARCHITECTURE.md";

/// The order of the modules of a directory, or of the crates.
#[derive(Debug, Eq, PartialEq)]
struct Order<'a> {
    directory: &'a str,
    /// From the top to the bottom.
    lines: Vec<Vec<&'a str>>,
}

/// Makes sure that the crates and the modules import from below only.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let text = read(&workspace.root.join(FILE))?;
    let orders = orders(&text);
    let mut faults = Vec::new();
    let mut sources: Vec<_> = crates(workspace)?.iter().map(|name| format!("host/{name}/src")).collect();
    sources.push("rule-sdk/src".to_owned());
    for source in sources {
        let is_for =
            |order: &&Order<'_>| order.directory == source || order.directory.starts_with(&format!("{source}/"));
        let orders: Vec<_> = orders.iter().filter(is_for).collect();
        if !orders.iter().any(|order| order.directory == source) {
            faults.push(format!("{FILE} has no block `order {source}`"));
        }
        let krate = Crate::read(&workspace.root, Path::new(&source))?;
        let imports = imports::imports(&krate);
        for order in orders {
            faults.extend(order.faults(&krate, &source, &imports));
        }
        faults.extend(circles::faults(&krate, &imports));
    }
    match orders.iter().find(|order| order.directory == "crates") {
        Some(order) => faults.extend(order.faults_of_crates(workspace)?),
        None => faults.push(format!("{FILE} has no block `order crates`")),
    }
    if faults.is_empty() {
        return Ok(());
    }
    let what = format!("modules import against their order:\n  {}", faults.join("\n  "));
    Err(TaskError::new(what)
        .advise(format!("move what both need to a module below them, or change the order in {FILE}")))
}

/// The blocks in a text.
fn orders(text: &str) -> Vec<Order<'_>> {
    let mut orders = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(directory) = line.strip_prefix("```order ") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            let lines = inside.map(|line| line.split_whitespace().collect()).collect();
            orders.push(Order { directory: directory.trim(), lines });
        }
    }
    orders
}

/// The directories of the packages in `host/`.
fn crates(workspace: &Workspace) -> Result<BTreeSet<String>, TaskError> {
    let host = workspace.root.join("host");
    let failed = |error| TaskError::new(format!("{} cannot be read: {error}", host.display()));
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&host).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().join("Cargo.toml").exists() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

impl Order<'_> {
    /// The line of a name, from 0.
    fn line_of(&self, name: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.contains(&name))
    }

    /// What is wrong with the block itself, given the names that it must have.
    fn faults_of_names(&self, expected: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for name in self.lines.iter().flatten() {
            if !expected.contains(*name) {
                faults.push(format!("{FILE}: `order {}` names `{name}`, which does not exist", self.directory));
            }
            if !seen.insert((*name).to_owned()) {
                faults.push(format!("{FILE}: `order {}` names `{name}` twice", self.directory));
            }
        }
        let missing = expected.difference(&seen);
        faults.extend(missing.map(|name| format!("{FILE}: `order {}` does not name `{name}`", self.directory)));
        faults
    }

    /// Why something may not import something else of the same block.
    fn refusal(&self, from: &str, to: &str) -> Option<String> {
        let (above, below) = (self.line_of(from)?, self.line_of(to)?);
        match above.cmp(&below) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => {
                Some(format!("`{from}` and `{to}` are on one line of `order {}`", self.directory))
            }
            std::cmp::Ordering::Greater => Some(format!("`{from}` is below `{to}` in `order {}`", self.directory)),
        }
    }

    /// The imports of a crate that go against the order of one of its directories.
    fn faults(&self, krate: &Crate, source: &str, imports: &[Import]) -> Vec<String> {
        let inner = self.directory.strip_prefix(source).unwrap_or_default();
        let parent: Vec<_> = inner.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let name_of = |file: usize| krate.files.get(file)?.module.strip_prefix(parent.as_slice())?.first();
        let names = (0..krate.files.len()).filter_map(name_of).cloned().collect();
        let mut faults = self.faults_of_names(&names);
        for import in imports {
            let (Some(from), Some(to)) = (name_of(import.from), name_of(import.to)) else { continue };
            if from != to
                && let Some(refusal) = self.refusal(from, to)
            {
                faults.push(format!("{}: {refusal}", import.shown(krate)));
            }
        }
        faults
    }

    /// The dependencies in `host/` that go against the order of the crates.
    fn faults_of_crates(&self, workspace: &Workspace) -> Result<Vec<String>, TaskError> {
        let crates = crates(workspace)?;
        let mut faults = self.faults_of_names(&crates);
        let mut manifests = BTreeMap::new();
        for name in &crates {
            let manifest = read(&workspace.root.join("host").join(name).join("Cargo.toml"))?;
            manifests.insert(package(&manifest).unwrap_or_default().to_owned(), (name, manifest));
        }
        for (from, manifest) in manifests.values() {
            for (line, dependency) in dependencies(manifest) {
                if let Some((to, _)) = manifests.get(dependency)
                    && let Some(refusal) = self.refusal(from, to)
                {
                    faults.push(format!("host/{from}/Cargo.toml:{line}: depends on `{dependency}`, but {refusal}"));
                }
            }
        }
        Ok(faults)
    }
}

/// The name of the package in a manifest.
fn package(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(line.trim_matches('"'))
}

/// The packages that a manifest depends on other than for tests, with their lines.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for (number, line) in (1..).zip(manifest.lines()) {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && !section.contains("dev-dependencies")
            && let Some((name, _)) = line.split_once(['.', ' ', '='])
        {
            found.push((number, name));
        }
    }
    found
}

impl Import {
    /// The import, with a path and line that an editor can open.
    fn shown(&self, krate: &Crate) -> String {
        let path = krate.files.get(self.from).map(|file| file.path.display().to_string()).unwrap_or_default();
        format!("{path}:{}: imports `{}`", self.line, self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, &str)] = &[
        ("lib.rs", "mod face; mod left; mod right; mod leaf;"),
        ("face.rs", "use crate::left::L;"),
        ("left.rs", "use crate::leaf::F;"),
        ("right.rs", "\nuse crate::left::L;"),
        ("leaf.rs", "fn f() { crate::face::g() }"),
        ("leaf/inner.rs", "use super::F;"),
    ];

    #[track_caller]
    fn check(block: &str, expected: &[&str]) {
        let krate = Crate::of(FILES);
        let text = format!("text\n```order a/src\n{block}\n```\n```order crates\nx\n```\n");
        let orders = orders(&text);
        assert_eq!(orders.len(), 2);
        assert_eq!(orders[0].faults(&krate, "a/src", &imports::imports(&krate)), expected);
    }

    #[test]
    fn imports_go_down() {
        let up = "leaf.rs:1: imports `crate::face::g`: `leaf` is below `face` in `order a/src`";
        check("face\nright\nleft\nleaf", &[up]);
        check(
            "face\nleft right\nleaf",
            &["right.rs:2: imports `crate::left::L`: `left` and `right` are on one line"
                .replace("`left` and `right`", "`right` and `left`")
                .as_str()]
            .map(|line| [line, " of `order a/src`"].concat())
            .iter()
            .map(String::as_str)
            .chain([up])
            .collect::<Vec<_>>(),
        );
    }

    #[test]
    fn a_block_names_each_module_once() {
        check(
            "face\nright gone\nright\nleft",
            &[
                "ARCHITECTURE.md: `order a/src` names `gone`, which does not exist",
                "ARCHITECTURE.md: `order a/src` names `right` twice",
                "ARCHITECTURE.md: `order a/src` does not name `leaf`",
            ],
        );
    }

    #[test]
    fn a_directory_has_an_order_of_its_own() {
        let krate = Crate::of(&[
            ("lib.rs", ""),
            ("judge.rs", "use first::A;"),
            ("judge/first.rs", "pub struct A; use super::second::B;"),
            ("judge/second.rs", "pub struct B; use crate::other::C;"),
            ("other.rs", "pub struct C;"),
        ]);
        let order = Order { directory: "a/src/judge", lines: vec![vec!["second"], vec!["first"]] };
        assert_eq!(
            order.faults(&krate, "a/src", &imports::imports(&krate)),
            ["judge/first.rs:1: imports `super::second::B`: `first` is below `second` in `order a/src/judge`"]
        );
    }

    #[test]
    fn dependencies_for_tests_are_left_out() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = \"1\"\n[dev-dependencies]\nc.workspace = true\n";
        assert_eq!((package(manifest), dependencies(manifest)), (Some("x"), vec![(4, "a"), (5, "b")]));
    }
}
