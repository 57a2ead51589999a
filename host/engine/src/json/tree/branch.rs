//! The values of a tree, and how they are found.

use std::cmp::Ordering;

use super::entry::{Entry, Kind, Words, compare};
use crate::json::number::Number;

/// A text's tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree<'a> {
    pub(super) text: &'a str,
    pub(super) unescaped: &'a str,
    pub(super) entries: &'a [Entry],
    pub(super) index: &'a [u32],
}

/// One value of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch<'a> {
    tree: &'a Tree<'a>,
    entry: &'a Entry,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape<'a> {
    Null,
    Boolean(bool),
    Number(Number<'a>),
    Text(&'a str),
    Array,
    Object,
}

impl<'a> Tree<'a> {
    /// The whole; none where nothing has been read.
    pub(crate) fn root(&'a self) -> Option<Branch<'a>> {
        self.branch(0)
    }

    /// Calls `use_it` with a text as if it were a value of a tree.
    pub(crate) fn with_text<T>(text: &str, use_it: impl FnOnce(Branch<'_>) -> T) -> T {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let entry = Entry { name: Words::default(), kind: Kind::Text, content: (0, end), next: 0 };
        let tree = Tree { text, unescaped: "", entries: &[], index: &[] };
        use_it(Branch { tree: &tree, entry: &entry })
    }

    #[inline]
    fn branch(&'a self, at: u32) -> Option<Branch<'a>> {
        self.entry(at).map(|entry| Branch { tree: self, entry })
    }

    #[inline]
    pub(super) fn entry(&self, at: u32) -> Option<&'a Entry> {
        self.entries.get(at as usize)
    }

    #[inline]
    fn words(&self, words: Words) -> &'a str {
        let all = if words.is_escaped { self.unescaped } else { self.text };
        all.get(words.start as usize..words.end as usize).unwrap_or_default()
    }

    #[inline]
    pub(super) fn name_of(&self, at: u32) -> &'a str {
        self.entry(at).map(|entry| self.words(entry.name)).unwrap_or_default()
    }

    /// The index of the first child of an array or object.
    #[inline]
    pub(super) fn first(&self, entry: &Entry) -> u32 {
        let (start, _) = entry.content;
        match entry.kind {
            Kind::IndexedObject => self.index.get(start as usize).copied().unwrap_or_default(),
            _ => start,
        }
    }
}

impl<'a> Branch<'a> {
    #[inline]
    pub(crate) fn shape(self) -> Shape<'a> {
        match self.entry.kind {
            Kind::Null => Shape::Null,
            Kind::False => Shape::Boolean(false),
            Kind::True => Shape::Boolean(true),
            Kind::Number => Shape::Number(Number::of(self.words())),
            Kind::Text | Kind::EscapedText => Shape::Text(self.words()),
            Kind::Array => Shape::Array,
            Kind::Object | Kind::IndexedObject => Shape::Object,
        }
    }

    #[inline]
    pub(crate) fn text(self) -> Option<&'a str> {
        matches!(self.entry.kind, Kind::Text | Kind::EscapedText).then(|| self.words())
    }

    /// What tells it from all other values of its tree and of other trees.
    #[inline]
    pub(crate) fn identity(self) -> usize {
        std::ptr::from_ref(self.entry).addr()
    }

    /// Its value, if it is a boolean.
    #[inline]
    pub(crate) fn boolean(self) -> Option<bool> {
        match self.entry.kind {
            Kind::False => Some(false),
            Kind::True => Some(true),
            _ => None,
        }
    }

    /// Its kind alone, which costs less than its shape.
    #[inline]
    pub(crate) fn kind(self) -> Kind {
        self.entry.kind
    }

    /// How many bytes a number or an unescaped text has.
    #[inline]
    pub(crate) fn written(self) -> usize {
        let (start, end) = self.entry.content;
        (end - start) as usize
    }

    /// A number as it is written.
    #[inline]
    pub(crate) fn number_token(self) -> Option<&'a str> {
        (self.entry.kind == Kind::Number).then(|| self.words())
    }

    #[inline]
    pub(crate) fn is_array(self) -> bool {
        self.entry.kind == Kind::Array
    }

    #[inline]
    pub(crate) fn is_object(self) -> bool {
        matches!(self.entry.kind, Kind::Object | Kind::IndexedObject)
    }

    /// How many items or members it has.
    #[inline]
    pub(crate) fn count(self) -> usize {
        match self.entry.kind {
            Kind::Array | Kind::Object | Kind::IndexedObject => self.entry.content.1 as usize,
            _ => 0,
        }
    }

    /// Its items or members, the latter with their names.
    #[inline]
    pub(crate) fn children(self) -> Children<'a> {
        Children { tree: self.tree, at: self.tree.first(self.entry), left: self.count() }
    }

    /// Its member of that name.
    #[inline]
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        self.member_by(|other| compare(other, name))
    }

    /// Its member for which `order` finds nothing to choose; `order` must be in accord with [`compare`].
    #[inline]
    pub(super) fn member_by(self, mut order: impl FnMut(&str) -> Ordering) -> Option<Self> {
        match self.entry.kind {
            Kind::Object => self.children().find(|(name, _)| order(name).is_eq()).map(|(_, member)| member),
            Kind::IndexedObject => {
                let from = self.entry.content.0 as usize + 1;
                let sorted = self.tree.index.get(from..from + self.count()).unwrap_or_default();
                let index = sorted.binary_search_by(|at| order(self.tree.name_of(*at))).ok()?;
                self.tree.branch(*sorted.get(index)?)
            }
            _ => None,
        }
    }

    #[inline]
    fn words(self) -> &'a str {
        let (start, end) = self.entry.content;
        self.tree.words(Words { start, end, is_escaped: self.entry.kind == Kind::EscapedText })
    }
}

/// The children of one value.
#[derive(Clone, Debug)]
pub(crate) struct Children<'a> {
    tree: &'a Tree<'a>,
    at: u32,
    left: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = (&'a str, Branch<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let child = self.tree.branch(self.at)?;
        self.at = child.entry.next;
        Some((self.tree.words(child.entry.name), child))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
