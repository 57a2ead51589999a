//! From a tree to settings, without stopping at the first mistake.
//!
//! Every value is asked for by its key. What is wrong is written down and the value counts as missing, so that one pass finds
//! everything; keys that nobody asked for are found at the end of their section.

use std::cell::RefCell;
use std::fmt::Display;
use std::num::NonZeroU64;
use std::str::FromStr;

use jurat_engine::Excerpt;
use jurat_engine::ruleset::KeyPath;

use super::node::Entry;
use super::{Node, Value, from_yaml};
use crate::problem::{Place, Problem, Problems, advice};

/// Reads one file, and keeps what is wrong with it.
#[derive(Debug)]
pub(crate) struct Reader {
    file: String,
    problems: RefCell<Vec<Problem>>,
}

/// A map of which the keys are known.
#[derive(Debug)]
pub(crate) struct Section<'r> {
    reader: &'r Reader,
    path: KeyPath,
    at: Place,
    entries: Vec<Entry>,
    known: Vec<&'static str>,
}

/// What stands behind a key, if anything does. `null` counts as nothing.
#[derive(Debug)]
pub(crate) struct Field<'r> {
    reader: &'r Reader,
    path: KeyPath,
    at: Place,
    node: Option<Node>,
}

impl Reader {
    /// Reads a text with `read`, which is given the map that the document consists of.
    pub(crate) fn read<T>(
        file: &str,
        text: &str,
        read: impl FnOnce(&mut Section<'_>) -> Option<T>,
    ) -> Result<T, Problems> {
        let node: Node = from_yaml(text, file)?;
        let reader = Self { file: file.to_owned(), problems: RefCell::default() };
        let at = node.at;
        let document = Field { reader: &reader, path: KeyPath::default(), at, node: Some(node) };
        let read = document.section(read);
        let mut problems = reader.problems.into_inner();
        problems.sort_by_key(|problem| problem.at);
        Problems::none(problems)?;
        // Without a problem there is a value: whoever gives none says why.
        read.ok_or_else(|| Problem::of_file(file, "it cannot be read").into())
    }

    fn add(&self, path: &KeyPath, at: Place, message: impl Into<String>) {
        let (key, message) = (path.clone(), message.into());
        self.problems.borrow_mut().push(Problem { file: self.file.clone(), at: Some(at), key, message });
    }
}

impl<'r> Section<'r> {
    /// What stands behind a key.
    pub(crate) fn take(&mut self, key: &'static str) -> Field<'r> {
        self.known.push(key);
        let entry = self.entries.iter().position(|entry| entry.key == key).map(|index| self.entries.swap_remove(index));
        let (at, node) = match entry {
            Some(Entry { node, .. }) => (node.at, (node.value != Value::Null).then_some(node)),
            None => (self.at, None),
        };
        Field { reader: self.reader, path: self.path.key(key), at, node }
    }

    fn refuse_rest(self) {
        for Entry { key, at, .. } in &self.entries {
            let advice = advice(key, self.known.iter().copied());
            self.reader.add(&self.path.key(key), *at, format!("this key is not known{advice}"));
        }
    }
}

impl<'r> Field<'r> {
    /// Whether there is something.
    pub(crate) fn is_there(&self) -> bool {
        self.node.is_some()
    }

    /// Writes down what is wrong with it.
    pub(crate) fn refuse(&self, message: impl Into<String>) {
        self.reader.add(&self.path, self.at, message);
    }

    /// The same, after writing down that it is missing if it is.
    pub(crate) fn required(self) -> Self {
        if self.node.is_none() {
            self.refuse("it is missing");
        }
        self
    }

    pub(crate) fn text(self) -> Option<String> {
        self.as_text().map(str::to_owned)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self.value()? {
            Value::Text(text) => Some(text),
            found @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => {
                self.refuse(format!("a text is expected, but this is {}: put it in quotes", found.kind()));
                None
            }
            found => self.wrong_kind("a text", found),
        }
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.value()? {
            Value::Boolean(value) => Some(*value),
            found => self.wrong_kind("`true` or `false`", found),
        }
    }

    /// A whole number from 1 to what the type can hold.
    pub(crate) fn positive<T: TryFrom<NonZeroU64>>(&self) -> Option<T> {
        const EXPECTED: &str = "a whole number from 1 on";
        match self.value()? {
            Value::Integer(found) => {
                let positive = u64::try_from(*found).ok().and_then(NonZeroU64::new);
                let read = positive.and_then(|number| T::try_from(number).ok());
                match (positive, &read) {
                    (None, _) => self.refuse(format!("{EXPECTED} is expected, but this is {found}")),
                    (Some(_), None) => self.refuse(format!("{found} is too large")),
                    (Some(_), Some(_)) => {}
                }
                read
            }
            found => self.wrong_kind(EXPECTED, found),
        }
    }

    /// A value of which the type knows how it is written. Bare numbers are texts here: `16` as well as `16 MiB`.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self) -> Option<T> {
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
    pub(crate) fn choice<T: Copy, const N: usize>(&self, choices: [(&'static str, T); N]) -> Option<T> {
        let text = self.as_text()?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names = choices.map(|(name, _)| name);
            let expected = names.map(|name| format!("`{name}`")).join(" or ");
            self.refuse(format!("{expected} is expected, but this is `{}`{}", Excerpt::of(text), advice(text, names)));
        }
        chosen
    }

    /// The entries of a list; none if there is no list.
    pub(crate) fn list(self) -> Vec<Self> {
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

    /// The entries of a map with keys of the user's choice; none if there is no map.
    pub(crate) fn entries(self) -> Vec<(String, Self)> {
        let Self { reader, path, at, node } = self;
        let field = |Entry { key, node, .. }: Entry| {
            let (path, at) = (path.key(&key), node.at);
            (key, Field { reader, path, at, node: (node.value != Value::Null).then_some(node) })
        };
        map_of(reader, &path, at, node).unwrap_or_default().into_iter().map(field).collect()
    }

    /// Reads a map with known keys; none if there is no map.
    pub(crate) fn section<T>(self, read: impl FnOnce(&mut Section<'r>) -> Option<T>) -> Option<T> {
        let Self { reader, path, at, node } = self;
        let entries = map_of(reader, &path, at, node)?;
        let mut section = Section { reader, path, at, entries, known: Vec::new() };
        let result = read(&mut section);
        section.refuse_rest();
        result
    }

    /// The value as JSON, whatever it is.
    pub(crate) fn json(self) -> Option<serde_json::Value> {
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

fn map_of(reader: &Reader, path: &KeyPath, at: Place, node: Option<Node>) -> Option<Vec<Entry>> {
    match node?.value {
        Value::Map(entries) => Some(entries),
        found => {
            reader.add(path, at, format!("a map is expected, but this is {}", found.kind()));
            None
        }
    }
}
