//! What the documentation says, held against the code.

use std::path::{Path, PathBuf};

use super::super::envelope::number;
use crate::error::ErrorKind;
use crate::methods::METHODS;
use crate::parameters::Signature;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/json-rpc.md")).unwrap()
}

#[test]
fn the_page_has_every_kind_with_its_code() {
    let page = page();
    for kind in ErrorKind::all() {
        let (of_call, of_record) =
            (format!("| `{}` | {} |", kind.code(), number(kind)), format!("| `{}` |", kind.code()));
        let is_there = match kind {
            ErrorKind::UnknownPath
            | ErrorKind::MethodNotAllowed
            | ErrorKind::AmbiguousRequest
            | ErrorKind::HostNotTrusted
            | ErrorKind::OriginRefused
            | ErrorKind::UnsupportedMediaType
            | ErrorKind::ParametersTooLarge
            | ErrorKind::TooManyRecords
            | ErrorKind::TooBusy
            | ErrorKind::RequestTimeout
            | ErrorKind::Stopping => true, // Of HTTP only.
            // Errors of records have a table of their own.
            ErrorKind::Call(_) => page.contains(&of_call) || page.contains(&of_record),
            _ => page.contains(&of_call),
        };
        assert!(is_there, "docs/json-rpc.md has no row that begins with {of_call}");
    }
}

/// Where results get their codes, and the words there that only resemble codes.
const SOURCES: [(&str, &[&str]); 6] = [
    ("host/coordination/src/fetch_failure.rs", &[]),
    ("host/engine/src/supplier.rs", &[]),
    ("host/engine/src/schema/verdict.rs", &[]),
    ("host/engine/src/schema/schemas.rs", &["schema_aliases", "schema_formats"]),
    ("host/model/src/fault.rs", &[]),
    (
        "host/engine/src/judge",
        &["another", "correlation_id", "data", "entity_type", "is_observed", "rule_id", "text", "unknown"],
    ),
];

#[test]
fn the_page_has_every_code_of_the_host_in_results() {
    // The coordination service has a page of its own.
    let pages = page() + &std::fs::read_to_string(root().join("docs/coordination-service.md")).unwrap();
    for (path, others) in SOURCES {
        let mut found = Vec::new();
        for source in sources(&root().join(path)) {
            found.extend(codes(&source));
        }
        found.retain(|name| !others.contains(&name.as_str()));
        assert!(!found.is_empty(), "{path}");
        for name in found {
            assert!(pages.contains(&format!("| `{name}` |")), "docs/json-rpc.md has no row for `{name}` of {path}");
        }
    }
}

/// The text of a file, or of all below a directory, without their tests.
fn sources(path: &Path) -> Vec<String> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries
            .filter(|path| !path.ends_with("tests") && !path.ends_with("tests.rs"))
            .flat_map(|path| sources(&path))
            .collect();
    }
    let text = std::fs::read_to_string(path).unwrap();
    vec![text.split("#[cfg(test)]").next().unwrap().to_owned()]
}

/// The texts that can be codes: words with underscores anywhere, and single words where an arm of a `match` or a member gives one.
fn codes(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with(['/', '#']));
    let mut found = Vec::new();
    for line in lines {
        let parts: Vec<_> = line.split('"').collect();
        for around in parts.windows(2).step_by(2).map(|parts| (parts[0], parts[1])) {
            let (before, text) = around;
            let is_word = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
            let gives = ["=> ", "code: ", "&str = ", "Some("].iter().any(|end| before.ends_with(end))
                || before.trim().is_empty();
            if is_word && (text.contains('_') || gives) {
                found.push(text.to_owned());
            }
        }
    }
    found
}

#[test]
fn the_page_has_every_method_with_its_parameters() {
    let page = page();
    for method in &METHODS {
        let (_, section) =
            page.split_once(&format!("\n### `{}`\n", method.signature.method)).expect(method.signature.method);
        let section = section.split("\n##").next().unwrap();
        for name in method.signature.names().chain(method.of_envelopes.iter().flat_map(Signature::names)) {
            assert!(section.contains(&format!("| `{name}` |")), "{} {name}", method.signature.method);
        }
    }
}
