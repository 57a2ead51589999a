//! Puts the members of objects in the order of their names.

use super::branch::Tree;
use super::entry::{Kind, TreeScratch};

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
            let first_child = match entry.kind {
                Kind::IndexedObject => self.index.get_mut(entry.content.0 as usize),
                _ => self.entries.get_mut(object).map(|entry| &mut entry.content.0),
            };
            if let Some(first_child) = first_child {
                *first_child = first;
            }
        }
    }
}
