//! Applies the overrides of the environment and flags to the tree of the file.

use jurat_yaml::{Entry, Node, Source, SourcePosition, Value};

use super::overrides::{Override, Overrides, Written};

/// Replaces values of the file by overrides, and adds the sources of those.
pub(super) fn apply(overrides: &Overrides, tree: &mut Node, sources: &mut Vec<Source>) {
    if tree.value == Value::Null {
        // An empty file is like an empty map.
        tree.value = Value::Map(Vec::new());
    }
    for tier in overrides.tiers() {
        // First removes rivals of weaker tiers. Rivals of the same tier contradict each other, and the reader reports that.
        for Override { path, rival, .. } in tier {
            remove(tree, path);
            rival.iter().for_each(|rival| remove(tree, rival));
        }
        for Override { path, value, source, position, .. } in tier {
            let position = SourcePosition { source: source_of(source, overrides, sources), position: *position };
            tracing::debug!(key = path.join("."), source, "the configuration file is overridden");
            insert(tree, path, value, position);
        }
    }
}

fn source_of(name: &str, overrides: &Overrides, sources: &mut Vec<Source>) -> usize {
    // The first is the file, which may have the same name as another one.
    let found = sources.iter().skip(1).position(|source| source.name == name);
    found.map_or_else(
        || {
            sources.push(Source { name: name.to_owned(), directory: overrides.directory().to_owned() });
            sources.len() - 1
        },
        |index| index + 1,
    )
}

fn remove(node: &mut Node, path: &[String]) {
    let Value::Map(entries) = &mut node.value else { return };
    match path {
        [] => {}
        [key] => entries.retain(|entry| entry.key != *key),
        [key, rest @ ..] => {
            entries.iter_mut().filter(|entry| entry.key == *key).for_each(|entry| remove(&mut entry.node, rest));
        }
    }
}

fn insert(node: &mut Node, path: &[String], value: &Written, position: SourcePosition) {
    let Some((key, rest)) = path.split_first() else {
        *node = value.at(position);
        return;
    };
    if node.value == Value::Null {
        *node = Node { at: position, value: Value::Map(Vec::new()) };
    }
    // If this is not a map, the reader reports that.
    let Value::Map(entries) = &mut node.value else { return };
    let index = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
        entries.push(Entry { key: key.clone(), at: position, node: Node { at: position, value: Value::Null } });
        entries.len() - 1
    });
    if let Some(entry) = entries.get_mut(index) {
        insert(&mut entry.node, rest, value, position);
    }
}

impl Written {
    fn at(&self, at: SourcePosition) -> Node {
        let value = match self {
            Self::One(value) => value.clone(),
            Self::Several(texts) => {
                Value::List(texts.iter().map(|text| Node { at, value: Value::Text(text.clone()) }).collect())
            }
        };
        Node { at, value }
    }
}
