//! The paths whose values a scan is to find.

use super::keys::fingerprint;
use super::limits::MAX_DEPTH;

/// Paths of object keys. Each has a slot: its index in the order in which the paths were first added.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    root: Node,
    slots: u32,
}

/// An object that some path goes through, or the value that one leads to, or both.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) slot: Option<u32>,
    /// Sorted by their fingerprints.
    children: Vec<Child>,
    /// The bits of the children's fingerprints in a mask of 64: it rules out most keys that lead nowhere.
    mask: u64,
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
    /// One path may lead through the value of another. A path without segments leads to the whole text and is never found. Neither is
    /// one that leads deeper than any text may be nested: it gets a new slot whenever it is added.
    pub fn add<S: AsRef<str>>(&mut self, segments: impl IntoIterator<Item = S>) -> u32 {
        let new = self.slots;
        let segments: Vec<S> = segments.into_iter().take(MAX_DEPTH + 1).collect();
        if segments.len() > MAX_DEPTH {
            self.slots += 1;
            return new;
        }
        let mut node = &mut self.root;
        for segment in segments {
            node = node.child_mut(segment.as_ref().as_bytes());
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

fn bit(print: u64) -> u64 {
    1 << (print >> 58)
}
