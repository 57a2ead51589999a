//! The imports between the files of a crate, through all re-exports.

use std::collections::BTreeMap;

use super::source::Crate;

/// That one file imports from another.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The importing file, as an index into [`Crate::files`].
    pub(super) from: usize,
    /// The file that defines what is imported.
    pub(super) to: usize,
    /// The first line that does so.
    pub(super) line: usize,
    /// The path in that line.
    pub(super) written: String,
}

/// What a path names.
enum Named {
    /// A module of this crate, as a whole.
    Module(usize),
    /// Something that a file of this crate defines.
    Item(usize),
    /// Something of another crate.
    Foreign,
}

/// How many re-exports may lie between a name and its definition.
const MAX_STEPS: usize = 16;

/// The imports of all files, once for each pair of files. Re-exports are followed: what counts is where a name is defined.
pub(super) fn imports(source: &Crate) -> Vec<Import> {
    let mut imports = BTreeMap::new();
    for (from, file) in source.files.iter().enumerate() {
        let uses = file.uses.iter().filter(|used| !file.only_shows(used));
        let uses = uses.map(|used| (&used.written, used.name.is_none()));
        for (written, is_glob) in uses.chain(file.paths.iter().map(|path| (path, false))) {
            let to = match resolve(source, from, &written.segments, MAX_STEPS) {
                Some(Named::Item(to)) => to,
                Some(Named::Module(to)) if is_glob => to,
                // A module in scope imports nothing yet; the paths through it do.
                _ => continue,
            };
            if from != to {
                let import = || Import { from, to, line: written.line, written: written.segments.join("::") };
                imports.entry((from, to)).or_insert_with(import);
            }
        }
    }
    imports.into_values().collect()
}

/// What the path names in a file. None where that is not known: a name of the language, or of another crate.
fn resolve(source: &Crate, file: usize, segments: &[String], steps: usize) -> Option<Named> {
    let (first, rest) = segments.split_first()?;
    let module = &source.files.get(file)?.module;
    match first.as_str() {
        "crate" => walk(source, Vec::new(), rest, steps),
        "self" => walk(source, module.clone(), rest, steps),
        "super" => walk(source, module.split_last()?.1.to_vec(), rest, steps),
        _ => look_up(source, file, segments, steps),
    }
}

/// Follows a path from a module of this crate.
fn walk(source: &Crate, mut module: Vec<String>, mut segments: &[String], steps: usize) -> Option<Named> {
    while let Some((first, rest)) = segments.split_first() {
        if first == "super" {
            module.pop();
        } else {
            module.push(first.clone());
            if source.file_of(&module).is_none() {
                module.pop();
                let file = source.file_of(&module)?;
                // A name that the root does not show itself comes from a macro.
                let unseen = if module.is_empty() { Named::Foreign } else { Named::Item(file) };
                return Some(look_up(source, file, segments, steps).unwrap_or(unseen));
            }
        }
        segments = rest;
    }
    source.file_of(&module).map(Named::Module)
}

/// Finds a name in a file: among its modules, what it brings into scope, and what it defines.
fn look_up(source: &Crate, file: usize, segments: &[String], steps: usize) -> Option<Named> {
    let steps = steps.checked_sub(1)?;
    let (name, rest) = segments.split_first()?;
    let within = source.files.get(file)?;
    let child: Vec<_> = within.module.iter().cloned().chain([name.clone()]).collect();
    if source.file_of(&child).is_some() {
        return walk(source, child, rest, steps);
    }
    if let Some(used) = within.uses.iter().find(|used| used.name.as_ref() == Some(name)) {
        let path: Vec<_> = used.written.segments.iter().chain(rest).cloned().collect();
        let is_itself = path == segments;
        return Some(if is_itself { None } else { resolve(source, file, &path, steps) }.unwrap_or(Named::Foreign));
    }
    if within.items.contains(name) {
        return Some(Named::Item(file));
    }
    let globs = within.uses.iter().filter(|used| used.name.is_none());
    let mut modules = globs.filter_map(|used| match resolve(source, file, &used.written.segments, steps)? {
        Named::Module(module) if module != file => Some(module),
        _ => None,
    });
    modules.find_map(|module| look_up(source, module, segments, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let source = Crate::of(files);
        let name = |file: usize| source.files[file].path.display().to_string();
        let found: Vec<_> = imports(&source)
            .into_iter()
            .map(|import| format!("{}:{} -> {}: {}", name(import.from), import.line, name(import.to), import.written))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_re_export_is_followed() {
        check(
            &[
                ("lib.rs", "mod a; mod b; pub use b::{B, c::C as D}; pub use std::fmt::Display; fn f(_: B) {}"),
                ("a.rs", "use crate::{B, D, Display};\nuse crate::b::c::C;"),
                ("b.rs", "mod c; pub struct B; pub(crate) use c::*; macro_rules! m { () => { $crate::a::x() } }"),
                ("b/c.rs", "pub struct C;\npub struct E;"),
            ],
            &["lib.rs:1 -> b.rs: b::B", "a.rs:1 -> b.rs: crate::B", "a.rs:1 -> b/c.rs: crate::D"],
        );
    }

    #[test]
    fn a_path_through_a_module_in_scope_is_an_import() {
        check(
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b;\nuse crate::b as renamed;\nfn f() { std::mem::drop(b::g()) }"),
                ("b.rs", "pub fn g() { super::a::f(); crate::b::h(); self::i() }"),
            ],
            &["a.rs:3 -> b.rs: b::g", "b.rs:1 -> a.rs: super::a::f"],
        );
    }

    #[test]
    fn a_child_imports_from_its_parent_what_the_parent_defines() {
        check(
            &[
                ("lib.rs", "mod a; mod d;"),
                ("a.rs", "mod b; mod c; use c::C; pub struct A; mod inline { use super::A; }"),
                ("a/b.rs", "use super::{A, C};"),
                ("a/c.rs", "pub struct C; #[cfg(test)] mod tests { use super::super::A; }"),
                ("d.rs", "use crate::a::*; fn f(_: C) -> generated::Thing {}"),
            ],
            &[
                "a.rs:1 -> a/c.rs: c::C",
                "d.rs:1 -> a.rs: crate::a",
                "a/b.rs:1 -> a.rs: super::A",
                "a/b.rs:1 -> a/c.rs: super::C",
            ],
        );
    }
}
