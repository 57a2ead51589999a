//! Lays what the environment and flags say over the tree of the file, so that one reader sees one tree.

use jurat_yaml::{Entry, Node, Origin, Source, Value};

use super::overrides::{Override, Overrides, Written};

/// Lays each value over the one of the file, which is not looked at any more. New sources are added to those there are.
pub(super) fn lay(overrides: &Overrides, tree: &mut Node, sources: &mut Vec<Source>) {
    if tree.value == Value::Null {
        // An empty file says nothing, like an empty map.
        tree.value = Value::Map(Vec::new());
    }
    for tier in overrides.tiers() {
        // First all rivals of weaker tiers: those of the same tier contradict each other, and the reader says so.
        for Override { path, rival, .. } in tier {
            remove(tree, path);
            rival.iter().for_each(|rival| remove(tree, rival));
        }
        for Override { path, value, source, place, .. } in tier {
            let origin = Origin { source: source_of(source, overrides, sources), place: *place };
            tracing::debug!(key = path.join("."), source, "the configuration file is overridden");
            insert(tree, path, value, origin);
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

fn insert(node: &mut Node, path: &[String], value: &Written, origin: Origin) {
    let Some((key, rest)) = path.split_first() else {
        *node = value.at(origin);
        return;
    };
    if node.value == Value::Null {
        *node = Node { at: origin, value: Value::Map(Vec::new()) };
    }
    // Where something else stands than a map, the reader says so.
    let Value::Map(entries) = &mut node.value else { return };
    let index = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
        entries.push(Entry { key: key.clone(), at: origin, node: Node { at: origin, value: Value::Null } });
        entries.len() - 1
    });
    if let Some(entry) = entries.get_mut(index) {
        insert(&mut entry.node, rest, value, origin);
    }
}

impl Written {
    fn at(&self, at: Origin) -> Node {
        let value = match self {
            Self::One(value) => value.clone(),
            Self::Several(texts) => {
                Value::List(texts.iter().map(|text| Node { at, value: Value::Text(text.clone()) }).collect())
            }
        };
        Node { at, value }
    }
}
