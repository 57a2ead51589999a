//! A record as a tree that lies flat: one list of values, in the order of the text.
//!
//! The schema check asks for members and items in its own order, which one pass over the text cannot answer. The tree is built
//! for that from text that [`scan`](super::scan) has accepted: numbers are read, text stays where it stands in the record, and
//! only what is escaped is written out, into one buffer. Nothing is allocated once the buffers of [`TreeScratch`] have grown to
//! the size of the records.
//!
//! A member is found by going through its object, and in an object of more than [`FEW`] members by halving a sorted index: no
//! object makes a look-up cost more than the logarithm of its size.

mod read;

use std::cmp::Ordering;

use thiserror::Error;

/// How deep a value may lie; the whole is at depth 0.
pub(crate) const MAX_TREE_DEPTH: usize = super::MAX_DEPTH;

/// Objects of more members have an index.
const FEW: usize = 16;

/// What reading a tree needs and what the next one can use again.
#[derive(Debug, Default)]
pub(crate) struct TreeScratch {
    entries: Vec<Entry>,
    /// What escaped texts and names say, end to end.
    unescaped: String,
    /// For each object of many members: the first of them, then all of them sorted by [`compare`].
    index: Vec<u32>,
    open: Vec<read::Open>,
}

/// Why a text has no tree.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum TreeError {
    /// It is not JSON. Not every text that is not is refused.
    #[error("not JSON")]
    Syntax,
    /// A value lies deeper than [`MAX_TREE_DEPTH`].
    #[error("nested deeper than {MAX_TREE_DEPTH} levels")]
    Depth,
    /// A number is too large for a 64-bit float.
    #[error("a number that is too large")]
    Number,
}

/// A text's tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree<'a> {
    text: &'a str,
    unescaped: &'a str,
    entries: &'a [Entry],
    index: &'a [u32],
}

/// One value of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch<'a> {
    tree: &'a Tree<'a>,
    entry: &'a Entry,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape<'a> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(&'a str),
    Array,
    Object,
}

/// A number as it is compared: a whole one that was written as such and fits 64 bits, or a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Float(f64),
}

/// One value in the list.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// What it is called in its object.
    name: Words,
    kind: Kind,
    /// By kind: the bits of a number; where a text begins and ends; where the first child lies and how many there are.
    content: (u32, u32),
    /// Where its next sibling lies, if it has one.
    next: u32,
}

/// Where a text begins and ends, in the record or among what is unescaped.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    start: u32,
    end: u32,
    is_escaped: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Null,
    False,
    True,
    Unsigned,
    Negative,
    Float,
    Text,
    EscapedText,
    Array,
    Object,
    /// An object of more than [`FEW`] members: its content is where its part of the index begins, and how many there are.
    IndexedObject,
}

impl TreeScratch {
    /// The tree of the text that was read last.
    pub(crate) fn tree<'a>(&'a self, text: &'a str) -> Tree<'a> {
        Tree { text, unescaped: &self.unescaped, entries: &self.entries, index: &self.index }
    }

    /// How many values the text has that was read last.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts the members of all objects in the order of their names, byte by byte.
    pub(crate) fn sort(&mut self, text: &str) {
        let mut members: Vec<u32> = Vec::new();
        for object in 0..self.entries.len() {
            let Some(entry) = self.entries.get(object).copied() else { continue };
            let (_, count) = entry.content;
            if !matches!(entry.kind, Kind::Object | Kind::IndexedObject) || count == 0 {
                continue;
            }
            members.clear();
            let tree = self.tree(text);
            let mut at = tree.first(&entry);
            for _ in 0..count {
                members.push(at);
                at = tree.entry(at).map_or(u32::MAX, |member| member.next);
            }
            members.sort_unstable_by(|left, right| tree.name_of(*left).cmp(tree.name_of(*right)));
            for (left, right) in members.iter().zip(members.iter().skip(1)) {
                if let Some(member) = self.entries.get_mut(*left as usize) {
                    member.next = *right;
                }
            }
            let first = members.first().copied().unwrap_or_default();
            let place = match entry.kind {
                Kind::IndexedObject => self.index.get_mut(entry.content.0 as usize),
                _ => self.entries.get_mut(object).map(|entry| &mut entry.content.0),
            };
            if let Some(place) = place {
                *place = first;
            }
        }
    }
}

impl<'a> Tree<'a> {
    /// The whole; none where nothing has been read.
    pub(crate) fn root(&'a self) -> Option<Branch<'a>> {
        self.branch(0)
    }

    /// Has `use_it` use a text as if it were a value of a tree.
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
    fn entry(&self, at: u32) -> Option<&'a Entry> {
        self.entries.get(at as usize)
    }

    #[inline]
    fn words(&self, words: Words) -> &'a str {
        let all = if words.is_escaped { self.unescaped } else { self.text };
        all.get(words.start as usize..words.end as usize).unwrap_or_default()
    }

    #[inline]
    fn name_of(&self, at: u32) -> &'a str {
        self.entry(at).map(|entry| self.words(entry.name)).unwrap_or_default()
    }

    /// Where the first child of an array or object lies.
    #[inline]
    fn first(&self, entry: &Entry) -> u32 {
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
            Kind::Unsigned => Shape::Number(Number::Unsigned(self.bits())),
            Kind::Negative => Shape::Number(Number::Negative(self.bits().cast_signed())),
            Kind::Float => Shape::Number(Number::Float(f64::from_bits(self.bits()))),
            Kind::Text | Kind::EscapedText => Shape::Text(self.words()),
            Kind::Array => Shape::Array,
            Kind::Object | Kind::IndexedObject => Shape::Object,
        }
    }

    #[inline]
    pub(crate) fn text(self) -> Option<&'a str> {
        matches!(self.entry.kind, Kind::Text | Kind::EscapedText).then(|| self.words())
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
    fn member_by(self, mut order: impl FnMut(&str) -> Ordering) -> Option<Self> {
        match self.entry.kind {
            Kind::Object => self.children().find(|(name, _)| order(name).is_eq()).map(|(_, member)| member),
            Kind::IndexedObject => {
                let from = self.entry.content.0 as usize + 1;
                let sorted = self.tree.index.get(from..from + self.count()).unwrap_or_default();
                let place = sorted.binary_search_by(|at| order(self.tree.name_of(*at))).ok()?;
                self.tree.branch(*sorted.get(place)?)
            }
            _ => None,
        }
    }

    fn bits(self) -> u64 {
        u64::from(self.entry.content.0) | u64::from(self.entry.content.1) << 32
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

/// The order of names in an index: the shorter one first. Most names are told apart by that alone.
#[inline]
fn compare(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.as_bytes().cmp(right.as_bytes()))
}

#[cfg(test)]
mod tests;
