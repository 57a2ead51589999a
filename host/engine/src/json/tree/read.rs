//! From a text to its tree, in one pass.
//!
//! The text is known to be valid, so only the ends of values are searched: no two passes over a byte, no call on the way that
//! is not rare.

use super::branch::Tree;
use super::cursor::Cursor;
use super::entry::{Entry, FEW, Kind, MAX_TREE_DEPTH, Open, TreeError, TreeScratch, Words, compare, narrow};

impl TreeScratch {
    /// Reads a text that has been found valid.
    ///
    /// # Errors
    /// When a value lies too deep or the exponent of a number is too long. A text that is not valid is refused or read as something; where an
    /// object has a name twice, either member may be found.
    pub(crate) fn read(&mut self, text: &str) -> Result<(), TreeError> {
        self.entries.clear();
        self.unescaped.clear();
        self.index.clear();
        self.open.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(TreeError::Syntax);
        }
        let mut at = Cursor { text, bytes: text.as_bytes(), at: 0 };
        let mut level = Open { entry: 0, children: 0, close: 0 };
        let mut name = Words::default();
        at.skip_space();
        loop {
            let (kind, content) = match at.peek() {
                b'"' => {
                    let words = at.string(&mut self.unescaped)?;
                    (if words.is_escaped { Kind::EscapedText } else { Kind::Text }, (words.start, words.end))
                }
                begin @ (b'{' | b'[') => {
                    at.pass();
                    let (kind, close) = if begin == b'{' { (Kind::Object, b'}') } else { (Kind::Array, b']') };
                    let entry = self.entries.len();
                    let content = (narrow(entry + 1), 0);
                    if at.skip_space() == close {
                        at.pass();
                        (kind, content)
                    } else {
                        self.push(name, kind, content);
                        self.open.push(std::mem::replace(&mut level, Open { entry, children: 0, close }));
                        if self.open.len() > MAX_TREE_DEPTH {
                            return Err(TreeError::Depth);
                        }
                        name = at.name(close, &mut self.unescaped)?;
                        continue;
                    }
                }
                b't' => at.word(b"true", Kind::True)?,
                b'f' => at.word(b"false", Kind::False)?,
                b'n' => at.word(b"null", Kind::Null)?,
                _ => at.number()?,
            };
            self.push(name, kind, content);
            // Close the arrays and objects that end with this value.
            loop {
                level.children += 1;
                let byte = at.skip_space();
                if byte == b',' && level.close != 0 {
                    at.pass();
                    at.skip_space();
                    name = at.name(level.close, &mut self.unescaped)?;
                    break;
                }
                if byte != level.close {
                    return Err(TreeError::Syntax);
                }
                let Some(outer) = self.open.pop() else {
                    return if at.at == text.len() { Ok(()) } else { Err(TreeError::Syntax) };
                };
                at.pass();
                self.end(text, level);
                level = outer;
            }
        }
    }

    /// The tree of the text that was read last.
    pub(crate) fn tree<'a>(&'a self, text: &'a str) -> Tree<'a> {
        Tree { text, unescaped: &self.unescaped, entries: &self.entries, index: &self.index }
    }

    #[inline]
    fn push(&mut self, name: Words, kind: Kind, content: (u32, u32)) {
        let next = narrow(self.entries.len() + 1);
        self.entries.push(Entry { name, kind, content, next });
    }

    /// Notes where an array or object has ended.
    #[inline]
    fn end(&mut self, text: &str, level: Open) {
        let next = narrow(self.entries.len());
        let Some(entry) = self.entries.get_mut(level.entry) else { return };
        entry.next = next;
        entry.content.1 = level.children;
        if level.children as usize > FEW && entry.kind == Kind::Object {
            entry.kind = Kind::IndexedObject;
            let first = std::mem::replace(&mut entry.content.0, narrow(self.index.len()));
            self.index(text, first, level.children);
        }
    }

    /// Adds the members of an object to the index.
    #[cold]
    fn index(&mut self, text: &str, first: u32, children: u32) {
        self.index.push(first);
        let from = self.index.len();
        let tree = Tree { text, unescaped: &self.unescaped, entries: &self.entries, index: &[] };
        let mut at = first;
        for _ in 0..children {
            self.index.push(at);
            at = tree.entry(at).map_or(u32::MAX, |member| member.next);
        }
        let members = self.index.get_mut(from..).unwrap_or_default();
        members.sort_unstable_by(|left, right| compare(tree.name_of(*left), tree.name_of(*right)));
    }
}
