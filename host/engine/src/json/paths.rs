//! The paths whose values a scan is to find.

use super::keys::fingerprint;
use super::limits::MAX_DEPTH;
use super::span::Span;

/// One step of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PathStep<'a> {
    /// The member of an object that has this key.
    Key(&'a str),
    /// The element of a list that has this index, from 0.
    Element(u32),
}

impl<'a> From<&'a str> for PathStep<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

/// Paths through objects and lists. Each has a slot: its index in the order in which the paths were first added.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    root: Node,
    slots: u32,
}

/// An object or a list that some path goes through, or the value that one leads to, or both.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) slot: Option<u32>,
    /// Sorted by their fingerprints.
    children: Vec<Child>,
    /// The bits of the children's fingerprints in a mask of 64: it rules out most keys that lead nowhere.
    mask: u64,
    /// The elements of a list, rising.
    elements: Vec<Element>,
}

/// An element that some path goes through or leads to.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) index: u32,
    pub(super) node: Node,
}

#[derive(Clone, Debug)]
struct Child {
    print: u64,
    key: Box<[u8]>,
    node: Node,
}

impl Paths {
    /// Adds a path, if it is not among them yet, and returns its slot.
    ///
    /// One path may lead through the value of another. A path without steps leads to the whole text and is never found. Neither is
    /// one that leads deeper than any text may be nested: it gets a new slot whenever it is added.
    pub fn add<'a, S: Into<PathStep<'a>>>(&mut self, steps: impl IntoIterator<Item = S>) -> u32 {
        let new = self.slots;
        let steps: Vec<PathStep<'a>> = steps.into_iter().take(MAX_DEPTH + 1).map(Into::into).collect();
        if steps.len() > MAX_DEPTH {
            self.slots += 1;
            return new;
        }
        let mut node = &mut self.root;
        for step in steps {
            node = match step {
                PathStep::Key(key) => node.child_mut(key.as_bytes()),
                PathStep::Element(index) => node.element_mut(index),
            };
        }
        let slot = *node.slot.get_or_insert(new);
        if slot == new {
            self.slots += 1;
        }
        slot
    }

    /// How many slots there are.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots as usize
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }
}

impl Node {
    /// The child of a key.
    #[inline]
    pub(super) fn child(&self, print: u64, key: &[u8]) -> Option<&Self> {
        if self.mask & bit(print) == 0 {
            return None;
        }
        let alike = self.children.partition_point(|child| child.print < print);
        let mut alike = self.children.get(alike..)?.iter().take_while(|child| child.print == print);
        alike.find(|child| *child.key == *key).map(|child| &child.node)
    }

    /// The elements that paths go through or lead to, rising.
    pub(super) fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Paths lead through a value. If it is not of the kind that they expect, this marks everything behind it as unreachable. `span` is the
    /// span of the value, and `first` its first byte.
    ///
    /// Behind a `null` everything is absent, and not unreachable.
    #[inline]
    pub(super) fn pass_through(&self, first: u8, span: Span, spans: &mut [Span]) {
        if first != b'{' && first != b'n' && !self.children.is_empty() {
            obstruct(&mut self.children.iter().map(|child| &child.node), spans, span.obstacle());
        }
        if first != b'[' && first != b'n' && !self.elements.is_empty() {
            obstruct(&mut self.elements.iter().map(|element| &element.node), spans, span.obstacle());
        }
    }

    /// Some slot at or behind this node.
    fn any_slot(&self) -> Option<u32> {
        let mut node = self;
        loop {
            if node.slot.is_some() {
                return node.slot;
            }
            let child = node.children.first().map(|child| &child.node);
            node = child.or_else(|| node.elements.first().map(|element| &element.node))?;
        }
    }

    fn element_mut(&mut self, index: u32) -> &mut Self {
        let at = self.elements.partition_point(|element| element.index < index);
        if self.elements.get(at).is_none_or(|element| element.index != index) {
            self.elements.insert(at, Element { index, node: Self::default() });
        }
        #[expect(clippy::indexing_slicing, reason = "the element was found or added")]
        &mut self.elements[at].node
    }

    fn child_mut(&mut self, key: &[u8]) -> &mut Self {
        let print = fingerprint(key);
        self.mask |= bit(print);
        let index = match self.children.iter().position(|child| child.print == print && *child.key == *key) {
            Some(index) => index,
            None => {
                let index = self.children.partition_point(|child| child.print <= print);
                self.children.insert(index, Child { print, key: key.into(), node: Self::default() });
                index
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the child was found or added")]
        &mut self.children[index].node
    }
}

/// Marks the slots at and behind nodes.
///
/// A text that repeats a key is refused only later, and may lead here any number of times. Then the first slot is marked already, and there
/// is nothing to do: so all of it takes no longer than the paths are long.
#[cold]
fn obstruct(nodes: &mut dyn Iterator<Item = &Node>, spans: &mut [Span], obstacle: Span) {
    for node in nodes {
        let marked = node.any_slot().and_then(|slot| spans.get(slot as usize));
        if marked.is_some_and(|span| !span.is_none()) {
            return;
        }
        if let Some(span) = node.slot.and_then(|slot| spans.get_mut(slot as usize)) {
            *span = obstacle;
        }
        obstruct(&mut node.children.iter().map(|child| &child.node), spans, obstacle);
        obstruct(&mut node.elements.iter().map(|element| &element.node), spans, obstacle);
    }
}

fn bit(print: u64) -> u64 {
    1 << (print >> 58)
}
