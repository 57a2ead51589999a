use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use jurat_yaml::{Node, Value, from_yaml};

use super::*;
use crate::settings::{Overrides, Settings};

/// What the example says for a key, as it is written there.
fn shown(path: &str) -> Option<String> {
    let mut node: Node = from_yaml(Settings::EXAMPLE, "example").unwrap();
    for key in path.split('.') {
        let Value::Map(entries) = node.value else { return None };
        node = entries.into_iter().find(|entry| entry.key == key)?.node;
    }
    Some(match node.value {
        Value::Text(text) => text,
        other => {
            let json = Node { value: other, ..node }.to_json();
            json.to_string()
        }
    })
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    for key in Key::ALL {
        match (shown(key.path), key) {
            // No file may hold it.
            (shown, Key { path: "server.token" | "server.operator_token", .. }) => assert_eq!(shown, None),
            (None, key) => panic!("{} is not in the example", key.path),
            (Some(_), Key { default: Key::NEEDED, .. }) => {}
            (Some(shown), key) => assert_eq!(shown, key.default, "{}", key.path),
        }
    }
}

#[test]
fn the_example_shows_nothing_else() {
    fn leaves(path: &str, node: &Node, found: &mut Vec<String>) {
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    leaves(&format!("{path}{dot}{}", entry.key), &entry.node, found);
                }
            }
            _ => found.push(path.to_owned()),
        }
    }
    let mut found = Vec::new();
    leaves("", &from_yaml(Settings::EXAMPLE, "example").unwrap(), &mut found);
    for path in found {
        assert!(Key::of_path(&path).is_some(), "{path}");
    }
}

#[test]
fn the_reader_asks_for_every_key() {
    for key in Key::ALL {
        // A list with a map is what no key can be; `header_files` is no list either.
        let (parents, last) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let mut text = String::new();
        for (depth, parent) in parents.split('.').filter(|parent| !parent.is_empty()).enumerate() {
            writeln!(text, "{}{parent}:", " ".repeat(depth)).unwrap();
        }
        writeln!(text, "{}{last}: [{{}}]", " ".repeat(8)).unwrap();
        let problems = Settings::parse(&text, "x.yaml", Path::new(""), &Overrides::none()).unwrap_err();
        let about = problems
            .iter()
            .filter(|problem| problem.key.as_str().starts_with(key.path) && problem.at.unwrap().column > 1);
        let messages: Vec<_> = about.map(|problem| problem.message.as_str()).collect();
        assert!(!messages.is_empty(), "{}: {problems}", key.path);
        assert!(messages.iter().all(|message| !message.contains("not known")), "{}: {messages:?}", key.path);
    }
}

#[test]
fn the_reader_asks_for_no_other_key() {
    let known: BTreeSet<_> =
        Key::ALL.iter().flat_map(|key| key.path.split('.')).chain(["tenants", "headers"]).collect();
    for source in [include_str!("../read.rs"), include_str!("../tenant.rs")] {
        for asked in source.split("take(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(known.contains(asked), "{asked}");
        }
    }
}

#[test]
fn every_key_has_a_variable_of_its_own() {
    let variables: BTreeSet<_> = Key::ALL.iter().map(Key::variable).collect();
    assert_eq!(variables.len(), Key::ALL.len());
    for key in Key::ALL {
        assert_eq!(Key::of_path(key.path).unwrap().path, key.path);
        assert!(key.kind == Kind::Files || Key::of_variable(&key.variable()).unwrap().path == key.path);
        assert!(!key.variable().starts_with(HEADER) || key.kind == Kind::Files, "{}", key.path);
        assert!(!OWN.contains(&key.variable().as_str()) && !key.variable().starts_with("JURAT_TENANTS"));
        assert!(key.meaning.ends_with('.') && !key.meaning.contains('|'), "{}", key.path);
    }
}

/// The tables of the documentation.
fn tables() -> String {
    let mut out = String::new();
    for (scope, title) in [
        (Scope::Tenant, "At the top for the only tenant, or below `tenants.NAME`"),
        (Scope::Shared, "At the top for all tenants, or below `tenants.NAME` for one"),
        (Scope::Host, "At the top only"),
    ] {
        writeln!(out, "\n{title}:\n\n| Key | Kind | Default | Variable | Meaning |\n|---|---|---|---|---|").unwrap();
        for key in Key::ALL.iter().filter(|key| key.scope == scope) {
            let Key { path, kind, default, meaning, .. } = key;
            let default = if *default == Key::NEEDED { "needed".to_owned() } else { format!("`{default}`") };
            writeln!(out, "| `{path}` | {kind} | {default} | `{}` | {meaning} |", key.variable()).unwrap();
        }
    }
    out
}

/// With `JURAT_BLESS=1` in the environment it writes the tables instead.
#[test]
fn the_documentation_has_every_key() {
    const BEGIN: &str = "<!-- Made by the tests of the settings, from the table in the code. -->\n";
    const END: &str = "\n<!-- Up to here. -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let tables = tables();
    if std::env::var_os("JURAT_BLESS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{tables}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, tables, "docs/settings.md differs; run again with JURAT_BLESS=1");
    }
}
