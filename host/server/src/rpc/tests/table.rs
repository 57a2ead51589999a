//! What the documentation says, held against the code.

use std::path::{Path, PathBuf};

use super::super::call::METHODS;
use super::super::failure::Kind;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/json-rpc.md")).unwrap()
}

#[test]
fn the_page_has_every_kind_with_its_code() {
    let page = page();
    for kind in Kind::OWN {
        let row = format!("| `{}` | {} |", kind.name(), kind.code());
        assert!(page.contains(&row), "docs/json-rpc.md has no row that begins with {row}");
    }
}

#[test]
fn the_page_has_every_kind_of_the_service() {
    let page = page();
    for file in [
        "jurat/src/service/call.rs",
        "jurat/src/data/error.rs",
        "engine/src/routing/error.rs",
        "engine/src/json/error.rs",
    ] {
        let source = std::fs::read_to_string(root().join("host").join(file)).unwrap();
        let names = source.lines().filter_map(|line| line.trim().split_once("=> \"")?.1.strip_suffix("\","));
        // Words for people have spaces in them.
        let names: Vec<_> =
            names.filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')).collect();
        assert!(!names.is_empty(), "{file}");
        for name in names {
            assert!(page.contains(&format!("| `{name}` |")), "docs/json-rpc.md has no row for `{name}` of {file}");
        }
    }
}

#[test]
fn the_page_has_every_method_with_its_parameters() {
    let page = page();
    for method in &METHODS {
        let (_, section) = page.split_once(&format!("\n### `{}`\n", method.name)).expect(method.name);
        let section = section.split("\n##").next().unwrap();
        for name in method.required.iter().chain(method.optional) {
            assert!(section.contains(&format!("| `{name}` |")), "{} {name}", method.name);
        }
    }
}
