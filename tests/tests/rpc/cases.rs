//! The files below `tests/cases/rules`: what they hold, and that they cover everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jurat_tests::guest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseFile<T> {
    /// The file's name.
    #[serde(skip)]
    pub(crate) file: String,
    #[serde(rename = "about")]
    _about: String,
    pub(crate) ruleset: String,
    pub(crate) cases: Vec<T>,
}

/// A record and what is said of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordCase {
    pub(crate) name: String,
    pub(crate) record: Box<RawValue>,
    pub(crate) associated: Option<Box<RawValue>>,
    #[serde(default = "loan")]
    pub(crate) entity_type: String,
    pub(crate) only: Option<Only>,
    expect: Option<Vec<Value>>,
    error: Option<ExpectedError>,
}

/// Records and what is said of each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListCase {
    pub(crate) name: String,
    pub(crate) records: Vec<Box<RawValue>>,
    pub(crate) id_fields: Vec<String>,
    #[serde(default)]
    pub(crate) entity_types: Vec<String>,
    pub(crate) associated: Option<Box<RawValue>>,
    pub(crate) only: Option<Only>,
    pub(crate) expect: Vec<Value>,
}

/// Where a case makes sense.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Only {
    Validate,
    Lists,
    File,
}

/// Why a record cannot be judged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    pub(crate) code: String,
    pub(crate) message: String,
}

fn loan() -> String {
    "loan".to_owned()
}

impl RecordCase {
    /// The results, or why there are none.
    pub(crate) fn expected(&self) -> Result<&[Value], &ExpectedError> {
        match (&self.expect, &self.error) {
            (Some(results), None) => Ok(results),
            (None, Some(error)) => Err(error),
            _ => panic!("{}: it expects both or nothing", self.name),
        }
    }

    /// The id of the record, by which related entities come with a list.
    pub(crate) fn id(&self) -> String {
        let record: Value = serde_json::from_str(self.record.get()).unwrap();
        record["id"].as_str().unwrap().to_owned()
    }
}

/// Single records.
pub(crate) fn records() -> Vec<CaseFile<RecordCase>> {
    read("records")
}

/// Lists of records.
pub(crate) fn lists() -> Vec<CaseFile<ListCase>> {
    read("lists")
}

/// The rulesets that the cases need besides those of the sample release.
pub(crate) fn rulesets() -> String {
    fs::read_to_string(directory().join("rulesets.yaml")).unwrap()
}

/// The part of a result that cases speak of: no times, no descriptions, no evidence, and nothing that is empty.
pub(crate) fn reduced(result: &Value) -> Value {
    let mut reduced = Map::new();
    for (key, value) in result.as_object().unwrap() {
        let is_empty = value == "" || value.as_array().is_some_and(Vec::is_empty);
        match key.as_str() {
            "description" | "execution_time_ms" | "component" | "release" => {}
            "children" if !is_empty => {
                let children = value.as_array().unwrap().iter().map(self::reduced).collect();
                reduced.insert(key.clone(), Value::Array(children));
            }
            _ if !is_empty => {
                reduced.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    Value::Object(reduced)
}

fn read<T: DeserializeOwned>(kind: &str) -> Vec<CaseFile<T>> {
    let entries = fs::read_dir(directory().join(kind)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let parsed: Result<CaseFile<T>, _> = serde_json::from_slice(&fs::read(path).unwrap());
        let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        CaseFile { file: path.file_stem().unwrap().to_str().unwrap().to_owned(), ..parsed }
    };
    paths.iter().map(|path| read(path)).collect()
}

fn directory() -> std::path::PathBuf {
    guest::package().join("cases/rules")
}

/// What each rule can say. Nothing else is possible: only `rule_005_v1` warns, and it never fails.
const SAYS: [(&str, &[&str]); 6] = [
    ("rule_001_v1", &["ERROR", "FAIL", "NORUN", "PASS"]),
    ("rule_002_v1", &["ERROR", "FAIL", "NORUN", "PASS"]),
    ("rule_003_v1", &["ERROR", "FAIL", "NORUN", "PASS"]),
    ("rule_004_v1", &["ERROR", "FAIL", "NORUN", "PASS"]),
    ("rule_005_v1", &["ERROR", "NORUN", "PASS", "WARN"]),
    ("rule_006_v1", &["ERROR", "FAIL", "NORUN", "PASS"]),
];

#[test]
fn the_cases_have_every_rule_say_everything_that_it_can_say() {
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut below: BTreeSet<String> = BTreeSet::new();
    for result in all_expected() {
        let status = result["status"].as_str().unwrap().to_owned();
        if result.get("children").is_some() {
            below.insert(status.clone());
        }
        said.entry(result["rule_id"].as_str().unwrap().to_owned()).or_default().insert(status);
    }
    let expected: BTreeMap<String, BTreeSet<String>> = SAYS
        .iter()
        .map(|(rule, says)| ((*rule).to_owned(), says.iter().map(|status| (*status).to_owned()).collect()))
        .collect();
    assert_eq!(said, expected);
    let all = ["ERROR", "FAIL", "NORUN", "PASS", "WARN"];
    assert!(below.iter().eq(all.iter()), "children below parents that say only {below:?}");
}

#[test]
fn the_cases_have_records_of_every_schema_version_for_every_rule() {
    for (rule, _) in SAYS {
        let mut versions = BTreeSet::new();
        for file in records() {
            for case in file.cases.iter().filter(|case| case.expected().is_ok_and(|results| names(results, rule))) {
                let record: Value = serde_json::from_str(case.record.get()).unwrap();
                let schema = record["$schema"].as_str().unwrap_or("none").to_owned();
                versions.insert(schema.rsplit('/').next().unwrap().to_owned());
            }
        }
        for version in ["v1.0.0", "v2.0.0"] {
            assert!(versions.contains(version), "{rule}: {versions:?}");
        }
        // The others are judged as one of these two: what that takes is shown with one ruleset.
        if !matches!(rule, "rule_006_v1") {
            assert!(versions.contains("v1.4.0") && versions.contains("none"), "{rule}: {versions:?}");
        }
    }
}

fn names(results: &[Value], rule: &str) -> bool {
    let children = |result: &Value| result["children"].as_array().is_some_and(|children| names(children, rule));
    results.iter().any(|result| result["rule_id"] == rule || children(result))
}

/// Every result that any case expects, children included.
fn all_expected() -> Vec<Value> {
    let records = records();
    let of_records = records.iter().flat_map(|file| &file.cases).filter_map(|case| case.expected().ok()).flatten();
    let lists = lists();
    let of_lists = lists.iter().flat_map(|file| &file.cases).flat_map(|case| &case.expect);
    let of_lists = of_lists.filter_map(|record| record["results"].as_array()).flatten();
    let mut open: Vec<Value> = of_records.chain(of_lists).cloned().collect();
    let mut all = Vec::new();
    while let Some(result) = open.pop() {
        open.extend(result["children"].as_array().into_iter().flatten().cloned());
        all.push(result);
    }
    all
}
