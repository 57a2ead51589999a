//! The files of a crate as modules, and what each of them uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::rust_files::{self, read};
use crate::shell::TaskError;
use crate::tokens::{self, Token};

/// A crate as its files have it.
#[derive(Debug)]
pub(super) struct Crate {
    /// Its files, the root first.
    pub(super) files: Vec<File>,
    by_module: BTreeMap<Vec<String>, usize>,
}

/// A file that is a module.
#[derive(Debug)]
pub(super) struct File {
    /// Where it is, from the root of the workspace.
    pub(super) path: PathBuf,
    /// Its module, from the root of the crate, which is empty.
    pub(super) module: Vec<String>,
    /// What it brings into scope.
    pub(super) uses: Vec<Use>,
    /// Paths that it writes without bringing them into scope.
    pub(super) paths: Vec<Written>,
    /// What it defines.
    pub(super) items: Vec<String>,
    /// Every word outside of `use`.
    words: BTreeSet<String>,
}

/// A name that a file brings into scope.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) written: Written,
    /// The name; none for everything that is public.
    pub(super) name: Option<String>,
    /// Whether others see the name as well.
    is_public: bool,
}

/// A path as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

impl Crate {
    /// Reads the files below `source`, without tests.
    pub(super) fn read(root: &Path, source: &Path) -> Result<Self, TaskError> {
        let paths = rust_files::below(&root.join(source))?;
        let texts: Vec<_> =
            paths.into_iter().map(|path| read(&path).map(|text| (path, text))).collect::<Result<_, _>>()?;
        let mut modules = Vec::new();
        for (path, text) in &texts {
            if let Some(module) = module(path.strip_prefix(root.join(source)).unwrap_or(path)) {
                modules.push((path.strip_prefix(root).unwrap_or(path), module, text));
            }
        }
        let for_tests: Vec<Vec<String>> = modules
            .iter()
            .flat_map(|(_, module, text)| tokens::test_modules(text).into_iter().map(|name| child(module, name)))
            .collect();
        modules.retain(|(_, module, _)| {
            let is_below = |test: &Vec<String>| module.starts_with(test);
            !for_tests.iter().any(is_below) && !module.iter().any(|name| name == "tests")
        });
        Ok(Self::new(modules))
    }

    fn new(mut modules: Vec<(&Path, Vec<String>, &String)>) -> Self {
        modules.sort_by_key(|(_, module, _)| module.len());
        let mut files = Vec::new();
        let mut by_module = BTreeMap::new();
        for (path, module, text) in modules {
            by_module.insert(module.clone(), files.len());
            files.push(File::new(path, module, &tokens::of_product(text)));
        }
        Self { files, by_module }
    }

    /// A crate of files that are given as text.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let texts: Vec<_> = files.iter().map(|(path, text)| (Path::new(*path), (*text).to_owned())).collect();
        Self::new(texts.iter().filter_map(|(path, text)| Some((*path, module(path)?, text))).collect())
    }

    /// The file of a module.
    pub(super) fn file_of(&self, module: &[String]) -> Option<usize> {
        self.by_module.get(module).copied()
    }
}

/// The module of a file by its path in `src`. None for a file that is a program.
fn module(path: &Path) -> Option<Vec<String>> {
    let mut names: Vec<_> = path.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    match names.as_slice() {
        [only] if only == "lib" => names.clear(),
        [only] if only == "main" => return None,
        [first, ..] if first == "bin" => return None,
        _ => {}
    }
    Some(names)
}

fn child(module: &[String], name: String) -> Vec<String> {
    module.iter().cloned().chain([name]).collect()
}

impl File {
    fn empty(path: &Path, module: Vec<String>) -> Self {
        let (path, words) = (path.to_owned(), BTreeSet::new());
        Self { path, module, uses: Vec::new(), paths: Vec::new(), items: Vec::new(), words }
    }

    /// Whether a name is shown to others and not used here: re-exporting is not importing.
    pub(super) fn only_shows(&self, used: &Use) -> bool {
        used.is_public && used.name.as_ref().is_none_or(|name| !self.words.contains(name))
    }

    fn new(path: &Path, module: Vec<String>, tokens: &[Token]) -> Self {
        let mut file = Self::empty(path, module);
        // How deep the inline modules are that the token is in: `super` leads out of them first.
        let (mut depth, mut inline) = (0_usize, Vec::new());
        let mut is_public = false;
        let mut rest = tokens;
        while let Some((first, others)) = rest.split_first() {
            rest = match first.text.as_str() {
                "use" => {
                    let end = others.iter().position(|token| token.text == ";").unwrap_or(others.len());
                    let (tree, after) = others.split_at(end);
                    match inline.len() {
                        0 => file.add_uses(&[], tree, is_public),
                        _ if is_public => {}
                        depth => file.add_inline_uses(tree, depth),
                    }
                    is_public = false;
                    after
                }
                "pub" => {
                    is_public = true;
                    others
                }
                // A path of a macro that others use is theirs.
                "$" => path_of(others).1,
                "mod" => {
                    if let [name, open, ..] = others
                        && open.text == "{"
                    {
                        inline.push(depth);
                        file.items.push(name.text.clone());
                    }
                    others
                }
                "{" => {
                    is_public = false;
                    depth += 1;
                    others
                }
                "}" => {
                    is_public = false;
                    depth = depth.saturating_sub(1);
                    inline.pop_if(|opened_at| *opened_at == depth);
                    others
                }
                ";" => {
                    is_public = false;
                    others
                }
                "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" | "macro_rules" => {
                    let name =
                        others.iter().find(|token| !matches!(token.text.as_str(), "!" | "mut" | "unsafe" | "fn"));
                    file.items.extend(name.filter(|_| depth == 0).map(|token| token.text.clone()));
                    others
                }
                _ => {
                    let (segments, after) = path_of(rest);
                    file.words.extend(segments.first().cloned());
                    if segments.len() > 1 {
                        file.paths.push(Written { segments: out_of(&segments, inline.len()), line: first.line });
                    }
                    after
                }
            };
        }
        file
    }

    /// Adds the names of a tree such as `crate::{a, b::{self, c as d}, e::*}`.
    fn add_uses(&mut self, before: &[String], tree: &[Token], is_public: bool) {
        let Some(line) = tree.first().map(|first| first.line) else { return };
        let (mut segments, rest) = path_of(tree);
        let mut whole = before.to_vec();
        let is_self = segments.last().is_some_and(|name| name == "self") && !before.is_empty();
        if is_self {
            segments.pop();
        }
        whole.append(&mut segments);
        let name = match rest {
            [open, parts @ .., _] if open.text == "{" => {
                split(parts).into_iter().for_each(|part| self.add_uses(&whole, part, is_public));
                return;
            }
            [star, ..] if star.text == "*" => None,
            [by, name, ..] if by.text == "as" => Some(name.text.clone()),
            _ => whole.last().cloned(),
        };
        self.uses.push(Use { written: Written { segments: whole, line }, name, is_public });
    }

    /// Names that an inline module brings into its own scope count as paths that the file writes, not as names of the file.
    fn add_inline_uses(&mut self, tree: &[Token], depth: usize) {
        let mut inside = Self::empty(Path::new(""), Vec::new());
        inside.add_uses(&[], tree, false);
        let written = inside.uses.into_iter().map(|used| used.written);
        self.paths
            .extend(written.map(|Written { segments, line }| Written { segments: out_of(&segments, depth), line }));
    }
}

/// The path as the file would write it outside of `depth` inline modules.
fn out_of(segments: &[String], depth: usize) -> Vec<String> {
    let supers = segments.iter().take_while(|segment| *segment == "super").count();
    segments.get(supers.min(depth)..).unwrap_or_default().to_vec()
}

/// The names with `::` between them that begin here, and what follows.
fn path_of(tokens: &[Token]) -> (Vec<String>, &[Token]) {
    let mut segments = Vec::new();
    let mut rest = tokens;
    if let [sign, others @ ..] = rest
        && sign.text == "::"
    {
        rest = others;
    }
    while let [name, others @ ..] = rest
        && name.text.chars().all(|char| char.is_alphanumeric() || char == '_')
    {
        segments.push(name.text.clone());
        rest = others;
        match rest {
            [sign, others @ ..] if sign.text == "::" => rest = others,
            _ => break,
        }
    }
    match segments.is_empty() {
        true => (segments, tokens.get(1..).unwrap_or_default()),
        false => (segments, rest),
    }
}

/// The parts between commas that are not in braces.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0_usize;
    tokens
        .split(|token| {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && token.text == ","
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, uses: &[&str], paths: &[&str]) {
        let source = Crate::of(&[("a.rs", text)]);
        let [file] = source.files.as_slice() else { panic!("{source:?}") };
        let shown: Vec<_> = file
            .uses
            .iter()
            .map(|used| format!("{} as {}", used.written.segments.join("::"), used.name.as_deref().unwrap_or("*")))
            .collect();
        assert_eq!(shown, uses, "{text}");
        assert_eq!(file.paths.iter().map(|path| path.segments.join("::")).collect::<Vec<_>>(), paths, "{text}");
    }

    #[test]
    fn uses_are_trees() {
        check(
            "pub use crate::{a, b::{self, c as d, e::*}};",
            &["crate::a as a", "crate::b as b", "crate::b::c as d", "crate::b::e as *"],
            &[],
        );
        check(
            "use super::x; use std::fmt::{self, Write as _};",
            &["super::x as x", "std::fmt as fmt", "std::fmt::Write as _"],
            &[],
        );
    }

    #[test]
    fn other_paths_are_noted_where_they_stand() {
        check("fn f() -> crate::a::B { super::c::<D>(e::f) }", &[], &["crate::a::B", "super::c", "e::f"]);
        check(
            "mod inline { use super::X; use super::super::Y; fn f() { super::z::g() } } super::h!()",
            &[],
            &["X", "super::Y", "z::g", "super::h"],
        );
    }
}
