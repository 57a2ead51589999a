//! `cargo xtask mutants`: changes a crate in small ways, one at a time, and names the changes that no test notices.
//!
//! It takes hours for a whole crate, and a person has to judge what it finds. So it is not a part of `cargo xtask test`.

use std::fs;
use std::path::Path;

use crate::shell::{TaskError, Workspace, print, say};
use crate::wasm::Consent;

/// The tool, with the version that was tried.
const TOOL: &str = "cargo-mutants@27.1.0";
/// The directory of what it writes, below the root.
const OUTPUT: &str = "target/mutants";
/// Texts for people: no code decides by them, and tests show those that matter.
const TEXTS: &str = r"impl (\w+::)*(Display|Debug) for";
/// The shortest time, in seconds, after which a test that goes on forever is ended: other work may slow it down.
const SHORTEST_TIMEOUT: &str = "60";

/// Mutates a crate, or its files whose paths contain one of the filters, and prints a table of the survivors.
pub(crate) fn run(workspace: &Workspace, words: &[String], consent: Consent) -> Result<(), TaskError> {
    let Some((name, filters)) = words.split_first() else {
        return Err(TaskError::new("which crate?").advise("for example: cargo xtask mutants trust client/"));
    };
    let package = package(workspace, name)?;
    ensure(workspace, consent)?;
    let output = workspace.root.join(OUTPUT);
    // The lists of another run must not be taken for those of this one.
    if output.exists() {
        let failed = |error| TaskError::new(format!("{OUTPUT} cannot be emptied: {error}"));
        fs::remove_dir_all(&output).map_err(failed)?;
    }
    let failed = |error| TaskError::new(format!("{OUTPUT} cannot be made: {error}"));
    fs::create_dir_all(&output).map_err(failed)?;
    let mut call = workspace.cargo(&["mutants", "--package", &package, "--jobs", "1", "--no-shuffle"]);
    call = call.args(&["--output", OUTPUT, "--minimum-test-timeout", SHORTEST_TIMEOUT, "--exclude-re", TEXTS]);
    for filter in filters {
        // In the name of the file, or in that of a directory above it. The tool's own `--re` does not hold for all changes.
        call = call.args(&["--file", &format!("**/*{filter}*"), "--file", &format!("**/*{filter}*/**")]);
    }
    match call.run_for_code()? {
        // All were noticed; some were not; some did not end.
        0 | 2 | 3 => summarize(&output.join("mutants.out")),
        code => {
            Err(TaskError::new(format!("`cargo mutants` ended with {code}")).advise("what it printed above says why"))
        }
    }
}

/// The name of the package: that of the directory in `host`, if there is one of this name.
fn package(workspace: &Workspace, name: &str) -> Result<String, TaskError> {
    let manifest = workspace.root.join("host").join(name).join("Cargo.toml");
    if !manifest.exists() {
        return Ok(name.to_owned());
    }
    let text = fs::read_to_string(&manifest).map_err(|error| unreadable(&manifest, &error))?;
    let found = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    found.map(str::to_owned).ok_or_else(|| TaskError::new(format!("{} names no package", manifest.display())))
}

/// Makes sure that the tool is there.
fn ensure(workspace: &Workspace, consent: Consent) -> Result<(), TaskError> {
    if workspace.cargo(&["mutants", "--version"]).read_for_code()?.0 == 0 {
        return Ok(());
    }
    let install = ["install", "--locked", TOOL];
    if consent == Consent::Given {
        return workspace.cargo(&install).run();
    }
    let advice = format!("cargo {}\n  or let this command do it: run it again with --install", install.join(" "));
    Err(TaskError::new("cargo-mutants is missing").advise(advice))
}

fn summarize(output: &Path) -> Result<(), TaskError> {
    if !output.exists() {
        return Err(TaskError::new("no file has a path with such a part, and code that can be changed"));
    }
    let list = |name: &str| {
        let path = output.join(name);
        fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))
    };
    let (survived, endless) = (list("missed.txt")?, list("timeout.txt")?);
    let (noticed, not_compiled) = (list("caught.txt")?, list("unviable.txt")?);
    let count = |list: &str| list.lines().count();
    say("");
    print(&table(&survived));
    print(&format!(
        "{} survived, {} noticed, {} did not end, {} do not compile\n",
        count(&survived),
        count(&noticed),
        count(&endless),
        count(&not_compiled)
    ));
    Ok(())
}

/// A line for each survivor, `file:line` and the change, in columns. The tool's own list also gives the column in the file.
fn table(survived: &str) -> String {
    let rows: Vec<_> = survived.lines().filter_map(row).collect();
    let width = rows.iter().map(|(at, _)| at.len()).max().unwrap_or_default();
    rows.iter().map(|(at, change)| format!("{at:<width$}  {change}\n")).collect()
}

/// Reads `file:line:column: change`.
fn row(line: &str) -> Option<(&str, &str)> {
    let (position, change) = line.split_once(": ")?;
    let (at, _) = position.rsplit_once(':')?;
    Some((at, change))
}

fn unreadable(path: &Path, error: &std::io::Error) -> TaskError {
    TaskError::new(format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_are_a_table() {
        let list = "host/trust/src/role.rs:41:9: replace Role::name -> &str with \"\"\n\
                    host/trust/src/key/set.rs:155:64: replace == with != in <impl FromStr for Role>::from_str\n";
        let expected = "host/trust/src/role.rs:41      replace Role::name -> &str with \"\"\n\
                        host/trust/src/key/set.rs:155  replace == with != in <impl FromStr for Role>::from_str\n";
        assert_eq!(table(list), expected);
        assert_eq!(table(""), "");
    }
}
