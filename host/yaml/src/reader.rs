//! Reads settings from a tree, without stopping at the first problem.
//!
//! A caller takes every value by its key. A wrong value is recorded as a problem and counts as missing, so that one pass
//! finds everything. Keys that were not taken are reported at the end of their section.

use std::cell::RefCell;
use std::fmt::Display;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jurat_model::{Excerpt, KeyPath, Secret, advice};

use crate::node::{Entry, Node, SourcePosition, Value};
use crate::parse::from_yaml;
use crate::problem::{Problem, Problems};

/// Reads one file with its overrides, and collects problems.
#[derive(Debug)]
pub struct Reader {
    sources: Vec<Source>,
    problems: RefCell<Vec<(SourcePosition, Problem)>>,
}

/// A source of values.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in messages.
    pub name: String,
    /// The directory that its paths are relative to.
    pub directory: PathBuf,
}

/// A map with known keys.
#[derive(Debug)]
pub struct Section<'r> {
    reader: &'r Reader,
    path: KeyPath,
    at: SourcePosition,
    entries: Vec<Entry>,
    known: Vec<&'static str>,
}

/// The value of a key, if there is one. `null` counts as none.
#[derive(Debug)]
pub struct Field<'r> {
    reader: &'r Reader,
    path: KeyPath,
    at: SourcePosition,
    node: Option<Node>,
}

impl Reader {
    /// Reads a text with `read`, which is given the map at the root of the document.
    pub fn read<T>(file: &str, text: &str, read: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Result<T, Problems> {
        let source = Source { name: file.to_owned(), directory: PathBuf::new() };
        let (read, problems) = Self::read_tree(vec![source], from_yaml(text, file)?, read);
        Problems::none(problems)?;
        // Without a problem there is a value: every `None` comes with a problem.
        read.ok_or_else(|| Problem::of_file(file, "it cannot be read").into())
    }

    /// Reads a tree whose values come from `sources`. Problems are in the order of the sources.
    pub fn read_tree<T>(
        sources: Vec<Source>,
        tree: Node,
        read: impl FnOnce(&mut Section<'_>) -> Option<T>,
    ) -> (Option<T>, Vec<Problem>) {
        let reader = Self { sources, problems: RefCell::default() };
        let at = tree.at;
        let document = Field { reader: &reader, path: KeyPath::default(), at, node: Some(tree) };
        let read = document.section(read);
        let mut problems = reader.problems.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        (read, problems.into_iter().map(|(_, problem)| problem).collect())
    }

    fn add(&self, path: &KeyPath, at: SourcePosition, message: impl Into<String>) {
        let file = self.sources.get(at.source).map(|source| source.name.clone()).unwrap_or_default();
        let problem = Problem { file, at: at.position, key: path.clone(), message: message.into() };
        self.problems.borrow_mut().push((at, problem));
    }
}

impl<'r> Section<'r> {
    /// Takes the value of a key.
    pub fn take(&mut self, key: &'static str) -> Field<'r> {
        self.known.push(key);
        let entry = self.entries.iter().position(|entry| entry.key == key).map(|index| self.entries.swap_remove(index));
        let (at, node) = match entry {
            Some(Entry { node, .. }) => (node.at, (node.value != Value::Null).then_some(node)),
            None => (self.at, None),
        };
        Field { reader: self.reader, path: self.path.key(key), at, node }
    }

    /// Whether a key is there without a value, or with `null`. It must not have been taken.
    pub fn is_null(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key && entry.node.value == Value::Null)
    }

    fn refuse_rest(self) {
        for Entry { key, at, .. } in &self.entries {
            let advice = advice(key, self.known.iter().copied());
            self.reader.add(&self.path.key(key), *at, format!("this key is not known{advice}"));
        }
    }
}

impl<'r> Field<'r> {
    /// Whether there is a value.
    pub fn is_there(&self) -> bool {
        self.node.is_some()
    }

    /// Whether it is a map without entries.
    pub fn is_empty_map(&self) -> bool {
        matches!(self.value(), Some(Value::Map(entries)) if entries.is_empty())
    }

    /// The directory that relative paths in it start from.
    pub fn directory(&self) -> &'r Path {
        self.reader.sources.get(self.at.source).map_or(Path::new(""), |source| &source.directory)
    }

    /// Records a problem with the value.
    pub fn refuse(&self, message: impl Into<String>) {
        self.reader.add(&self.path, self.at, message);
    }

    /// Records a problem if the value is missing.
    pub fn required(self) -> Self {
        if self.node.is_none() {
            self.refuse("it is missing");
        }
        self
    }

    /// A text.
    pub fn text(self) -> Option<String> {
        self.as_text().map(str::to_owned)
    }

    /// A text, borrowed.
    pub fn as_text(&self) -> Option<&str> {
        match self.value()? {
            Value::Text(text) => Some(text),
            found @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => {
                self.refuse(format!("a text is expected, but this is {}: put it in quotes", found.kind()));
                None
            }
            found => self.wrong_kind("a text", found),
        }
    }

    /// The path of a file or directory.
    pub fn path(&self) -> Option<PathBuf> {
        match self.as_text()? {
            "" => {
                self.refuse("a path is expected, but this is empty");
                None
            }
            path => Some(self.directory().join(path)),
        }
    }

    /// A secret text. Messages do not repeat it.
    pub fn secret(&self) -> Option<Secret> {
        match self.value()? {
            Value::Secret(secret) => Some(secret.clone()),
            _ => self.as_text().map(Secret::new),
        }
    }

    /// Whether it comes from a source that may hold secrets: not from a file or a command line that others can read.
    pub fn is_secret(&self) -> bool {
        matches!(self.value(), Some(Value::Secret(_)))
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        match self.value()? {
            Value::Boolean(value) => Some(*value),
            found => self.wrong_kind("`true` or `false`", found),
        }
    }

    /// A whole number from 1 to what the type can hold.
    pub fn positive<T: TryFrom<NonZeroU64>>(&self) -> Option<T> {
        self.number("a whole number from 1 on", |number| NonZeroU64::try_from(number).ok())
    }

    /// A whole number from 0 to what the type can hold.
    pub fn natural<T: TryFrom<u64>>(&self) -> Option<T> {
        self.number("a whole number from 0 on", Some)
    }

    fn number<N, T: TryFrom<N>>(&self, expected: &str, number: impl FnOnce(u64) -> Option<N>) -> Option<T> {
        match self.value()? {
            Value::Integer(found) => {
                let Some(number) = u64::try_from(*found).ok().and_then(number) else {
                    self.refuse(match *found > 0 {
                        true => format!("{found} is too large"),
                        false => format!("{expected} is expected, but this is {found}"),
                    });
                    return None;
                };
                let read = T::try_from(number).ok();
                if read.is_none() {
                    self.refuse(format!("{found} is too large"));
                }
                read
            }
            Value::Float(found) => {
                self.refuse(format!("{expected} is expected, but this is {}", Excerpt::of(&found.to_string())));
                None
            }
            found => self.wrong_kind(expected, found),
        }
    }

    /// A value that the type parses. Bare numbers are texts here: `16` as well as `16 MiB`.
    pub fn parsed<T: FromStr<Err: Display>>(&self) -> Option<T> {
        let number = match self.value()? {
            Value::Integer(value) => Some(value.to_string()),
            _ => None,
        };
        let text = match &number {
            Some(number) => number,
            None => self.as_text()?,
        };
        text.parse().map_err(|error: T::Err| self.refuse(error.to_string())).ok()
    }

    /// One of some names.
    pub fn choice<T: Copy, const N: usize>(&self, choices: [(&'static str, T); N]) -> Option<T> {
        let text = self.as_text()?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names = choices.map(|(name, _)| name);
            let expected = names.map(|name| format!("`{name}`")).join(" or ");
            self.refuse(format!("{expected} is expected, but this is `{}`{}", Excerpt::of(text), advice(text, names)));
        }
        chosen
    }

    /// The entries of a list; empty if there is none.
    pub fn list(self) -> Vec<Self> {
        let Some(node) = self.node else { return Vec::new() };
        match node.value {
            Value::List(nodes) => {
                let field = |(index, node): (usize, Node)| Field {
                    reader: self.reader,
                    path: self.path.index(index),
                    at: node.at,
                    node: Some(node),
                };
                nodes.into_iter().enumerate().map(field).collect()
            }
            found => {
                self.reader.add(&self.path, self.at, format!("a list is expected, but this is {}", found.kind()));
                Vec::new()
            }
        }
    }

    /// The entries of a map with any keys; empty if there is no map.
    pub fn entries(self) -> Vec<(String, Self)> {
        let Self { reader, path, at, node } = self;
        let field = |Entry { key, node, .. }: Entry| {
            let (path, at) = (path.key(&key), node.at);
            (key, Field { reader, path, at, node: (node.value != Value::Null).then_some(node) })
        };
        map_of(reader, &path, at, node).unwrap_or_default().into_iter().map(field).collect()
    }

    /// Reads a map with known keys; none if there is no map.
    pub fn section<T>(self, read: impl FnOnce(&mut Section<'r>) -> Option<T>) -> Option<T> {
        let Self { reader, path, at, node } = self;
        let entries = map_of(reader, &path, at, node)?;
        let mut section = Section { reader, path, at, entries, known: Vec::new() };
        let result = read(&mut section);
        section.refuse_rest();
        result
    }

    /// The value as JSON, whatever it is.
    pub fn json(self) -> Option<serde_json::Value> {
        self.node.map(|node| node.to_json())
    }

    fn value(&self) -> Option<&Value> {
        self.node.as_ref().map(|node| &node.value)
    }

    fn wrong_kind<T>(&self, expected: &str, found: &Value) -> Option<T> {
        self.refuse(format!("{expected} is expected, but this is {}", found.kind()));
        None
    }
}

fn map_of(reader: &Reader, path: &KeyPath, at: SourcePosition, node: Option<Node>) -> Option<Vec<Entry>> {
    match node?.value {
        Value::Map(entries) => Some(entries),
        found => {
            reader.add(path, at, format!("a map is expected, but this is {}", found.kind()));
            None
        }
    }
}
