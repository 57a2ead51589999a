//! The test suite of JSON Schema, whose authors agree on what follows a schema.
//!
//! Every exception is listed with its reason, and must be one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::*;

/// A schema with its tests.
#[derive(Deserialize)]
struct Group {
    file: String,
    description: String,
    schema: Box<RawValue>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    description: String,
    data: Box<RawValue>,
    valid: bool,
}

/// Tests that have another outcome here.
#[derive(Deserialize)]
struct Exceptions {
    /// What is different.
    reason: String,
    /// The groups, as `draft/file: description`, or whole files, as `draft/file`.
    groups: Vec<String>,
    /// Single tests, as `draft/file: description: description`.
    tests: Vec<String>,
}

/// The directories of the suite, and the drafts.
const DRAFTS: [(&str, &str); 3] = [
    ("draft7", "http://json-schema.org/draft-07/schema#"),
    ("draft2019-09", "https://json-schema.org/draft/2019-09/schema"),
    ("draft2020-12", "https://json-schema.org/draft/2020-12/schema"),
];

const WRAPPER: &str = "https://rules.example/wrapper";
const CASE: &str = "https://rules.example/case";

/// A schema with what a file of a release must have.
fn file(schema: &str, id: &str, draft: &str) -> (String, String) {
    if !schema.starts_with('{') {
        return (format!("{{\"$id\":\"{id}\",\"$schema\":\"{draft}\",\"allOf\":[{schema}]}}"), id.to_owned());
    }
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(schema).unwrap();
    let own = members.get("$id").and_then(|own| serde_json::from_str::<String>(own.get()).ok());
    // In draft-07 nothing beside a reference counts.
    let own = own.filter(|_| !draft.contains("draft-07") || !members.contains_key("$ref"));
    let mut added = String::new();
    if own.is_none() {
        assert!(!members.contains_key("$id"), "{schema}");
        added.push_str(&format!("\"$id\":\"{id}\","));
    }
    if !members.contains_key("$schema") {
        added.push_str(&format!("\"$schema\":\"{draft}\","));
    }
    let inside = schema.strip_prefix('{').unwrap();
    let added = if members.is_empty() { added.trim_end_matches(',') } else { &added };
    (format!("{{{added}{inside}"), own.unwrap_or_else(|| id.to_owned()))
}

/// The verdicts of a group's tests, or why there are none.
fn verdicts(
    group: &Group,
    draft: &str,
    remotes: &BTreeMap<String, Box<RawValue>>,
) -> Result<Vec<SchemaVerdict>, String> {
    let (schema, id) = file(group.schema.get(), CASE, draft);
    let wrapper = format!("{{\"$id\":\"{WRAPPER}\",\"properties\":{{\"a\":{{\"$ref\":{}}}}}}}", serde_json::json!(id));
    let mut files = vec![("case.json".to_owned(), schema), ("wrapper.json".to_owned(), wrapper)];
    let mut unread = 0;
    while let Some((_, text)) = files.get(unread).cloned() {
        unread += 1;
        for (url, remote) in remotes {
            let path = url.trim_start_matches("http://localhost:1234/");
            let directory = path.split('/').next().unwrap();
            let of_draft = DRAFTS.iter().find(|(other, _)| *other == directory).map(|(_, draft)| *draft);
            // Of one draft by the name, of another by the whole path.
            let name =
                if of_draft.is_none_or(|other| other == draft) { path.rsplit('/').next().unwrap() } else { path };
            let is_replaced = of_draft.is_none()
                && remotes.keys().any(|other| {
                    other.len() > url.len()
                        && other.ends_with(path)
                        && DRAFTS.iter().any(|(directory, of)| other.contains(directory) && *of == draft)
                });
            if text.contains(name) && !is_replaced && !files.iter().any(|(file, _)| file == url) {
                files.push((url.clone(), file(remote.get(), url, of_draft.unwrap_or(draft)).0));
            }
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let formats = if group.file.contains("format/") { Formats::Asserted } else { Formats::Ignored };
    let options =
        SchemaOptions { formats: [(id, formats), (WRAPPER.to_owned(), formats)].into(), ..SchemaOptions::default() };
    let schemas = Schemas::compile(&files, &options).map_err(|errors| errors[0].to_string())?;
    let check = |test: &Test| {
        let record = format!("{{\"$schema\":\"{WRAPPER}\",\"a\":{}}}", test.data.get());
        schemas.check(&record, None, 10, &mut SchemaScratch::default())
    };
    Ok(group.tests.iter().map(check).collect())
}

#[test]
fn the_suites_agree_apart_from_what_is_listed() {
    let suites = [
        (
            "draft-07",
            "http://json-schema.org/draft-07/schema#",
            include_str!("../../../../../tests/cases/json-schema/draft-07.json"),
        ),
        (
            "2019-09",
            "https://json-schema.org/draft/2019-09/schema",
            include_str!("../../../../../tests/cases/json-schema/2019-09.json"),
        ),
        (
            "2020-12",
            "https://json-schema.org/draft/2020-12/schema",
            include_str!("../../../../../tests/cases/json-schema/2020-12.json"),
        ),
    ];
    let remotes = include_str!("../../../../../tests/cases/json-schema/remotes.json");
    let remotes: BTreeMap<String, Box<RawValue>> = serde_json::from_str(remotes).unwrap();
    let exceptions = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/json-schema/exceptions.json");
    let exceptions = std::fs::read_to_string(exceptions).unwrap();
    let exceptions: Vec<Exceptions> = serde_json::from_str(&exceptions).unwrap();
    assert!(exceptions.iter().all(|exception| !exception.reason.is_empty()));
    let groups: BTreeSet<&str> = exceptions.iter().flat_map(|listed| &listed.groups).map(String::as_str).collect();
    let tests: BTreeSet<&str> = exceptions.iter().flat_map(|listed| &listed.tests).map(String::as_str).collect();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas.md")).unwrap();
    let (mut met, mut wrong) = (BTreeSet::new(), Vec::new());
    for (name, draft, text) in suites {
        let (mut count, mut excepted) = (0_u32, 0);
        let suite: Vec<Group> = serde_json::from_str(text).unwrap();
        for group in &suite {
            let file = format!("{name}/{}", group.file);
            let title = format!("{file}: {}", group.description);
            let verdicts = verdicts(group, draft, &remotes);
            let whole = [file.as_str(), title.as_str()].into_iter().find_map(|title| groups.get(title));
            for (index, test) in group.tests.iter().enumerate() {
                count += 1;
                let label = format!("{title}: {}", test.description);
                let outcome = match &verdicts {
                    Ok(verdicts) => match &verdicts[index] {
                        SchemaVerdict::Pass => Ok(true),
                        SchemaVerdict::Fail(_) => Ok(false),
                        other => Err(format!("{other:?}")),
                    },
                    Err(problem) => Err(problem.clone()),
                };
                let is_right = outcome == Ok(test.valid);
                let listed = whole.or_else(|| tests.get(label.as_str()));
                match listed {
                    Some(listed) if !is_right => {
                        excepted += 1;
                        met.insert(*listed);
                    }
                    None if !is_right => wrong.push(format!("{label}: {outcome:?}")),
                    _ => {}
                }
            }
        }
        let row = format!("| {name} | {} | {} | {excepted} |", thousands(count), thousands(count - excepted));
        assert!(!wrong.is_empty() || page.contains(&row), "docs/schemas.md should have the row\n{row}");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let stale: Vec<_> = groups.union(&tests).filter(|listed| !met.contains(*listed)).collect();
    assert!(stale.is_empty(), "listed as exceptions, and as the suite has them: {stale:?}");
}

/// A number as the page writes it: `1,465`.
fn thousands(number: u32) -> String {
    format!("{},{:03}", number / 1_000, number % 1_000)
}
