//! The case files, for every caller: the results are what the cases expect, and the same to the byte.

use std::fmt::Write as _;

use jurat_tests::site::Site;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::callers::{Ask, Caller, Question, Told};
use crate::cases::{self, CaseFile, ExpectedError, ListCase, Only, RecordCase, reduced};
use crate::server::{Server, Transport};
use crate::sites;

/// What a case expects of one record.
enum Expected {
    /// The results.
    Results(Vec<Value>),
    /// The reason for which there are none.
    Error(ExpectedError),
    /// The whole entry, id and all.
    Entry(Value),
}

/// What a question should be answered with.
enum Answer {
    Record(Expected),
    List(Vec<Expected>),
}

/// A site, everything that can be asked in it, and what should be answered.
fn everything() -> (Site, Vec<(Question, Answer)>) {
    let site = sites::of_cases();
    let records = cases::records();
    let lists = cases::lists();
    let of_records = records.iter().flat_map(|file| of_records(&site, file));
    let of_lists = lists.iter().flat_map(|file| of_lists(&site, file));
    let questions = of_records.chain(of_lists).collect();
    (site, questions)
}

#[test]
fn the_library_says_what_the_cases_expect() {
    let (site, questions) = everything();
    let mut library = Caller::library(&site);
    let mut wrong = String::new();
    for (question, answer) in questions {
        if let Err(difference) = answer.check(&library.ask(&question)) {
            let _ = writeln!(wrong, "{}:\n{difference}\n", question.label);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn stdio_says_the_same_to_the_byte() {
    says_the_same(Transport::Stdio);
}

#[test]
fn tcp_says_the_same_to_the_byte() {
    says_the_same(Transport::Tcp);
}

#[test]
fn a_unix_socket_says_the_same_to_the_byte() {
    says_the_same(Transport::Unix);
}

#[test]
fn http_says_the_same_to_the_byte() {
    let everything = everything();
    let server = Server::serve(&everything.0, &[]);
    agrees_with_the_library(everything, Caller::Http(server.http()));
}

#[track_caller]
fn says_the_same(transport: Transport) {
    let everything = everything();
    let mut server = Server::start(&everything.0, transport);
    let caller = Caller::Rpc(server.connect());
    agrees_with_the_library(everything, caller);
}

#[track_caller]
fn agrees_with_the_library((site, questions): (Site, Vec<(Question, Answer)>), mut caller: Caller) {
    let mut library = Caller::library(&site);
    for (question, _) in questions {
        assert_eq!(caller.ask(&question), library.ask(&question), "{}", question.label);
    }
}

/// One call for each record, and all of them together as a list, as a file, and as a file of lines.
fn of_records(site: &Site, file: &CaseFile<RecordCase>) -> Vec<(Question, Answer)> {
    let alone = file.cases.iter().filter(|case| case.only.is_none_or(|only| only == Only::Validate)).map(|case| {
        let ask = Ask::Validate { entity_type: case.entity_type.clone(), record: case.record.get().to_owned() };
        let associated = case.associated.as_deref().map(on_one_line);
        (question(file, &case.name, associated, ask), Answer::Record(expected(case)))
    });
    let listed: Vec<_> = file.cases.iter().filter(|case| case.only.is_none_or(|only| only == Only::Lists)).collect();
    let records: Vec<_> = listed.iter().map(|case| &*case.record).collect();
    let related = listed.iter().filter_map(|case| {
        let associated = case.associated.as_ref()?;
        Some(format!("{}: {associated}", json!(case.id())))
    });
    let related: Vec<_> = related.collect();
    let associated = (!related.is_empty()).then(|| format!("{{{}}}", related.join(", ")));
    let id_fields = vec!["id".to_owned()];
    let asks = lists(site, &file.file, &records, &id_fields, &[]);
    let together = asks.into_iter().map(|(name, ask)| {
        let answer = Answer::List(listed.iter().map(|case| expected(case)).collect());
        (question(file, name, associated.clone(), ask), answer)
    });
    alone.chain(together).collect()
}

fn of_lists(site: &Site, file: &CaseFile<ListCase>) -> Vec<(Question, Answer)> {
    let mut questions = Vec::new();
    for (index, case) in file.cases.iter().enumerate() {
        let records: Vec<_> = case.records.iter().map(|record| &**record).collect();
        let stem = format!("{}-{index}", file.file);
        for (name, ask) in lists(site, &stem, &records, &case.id_fields, &case.entity_types) {
            if case.only == Some(Only::File) && matches!(ask, Ask::Batch { .. }) {
                continue;
            }
            let associated = case.associated.as_deref().map(on_one_line);
            let answer = Answer::List(case.expect.iter().cloned().map(Expected::Entry).collect());
            questions.push((question(file, &format!("{}, {name}", case.name), associated, ask), answer));
        }
    }
    questions
}

/// The ways to ask for a list.
fn lists(
    site: &Site,
    stem: &str,
    records: &[&RawValue],
    id_fields: &[String],
    entity_types: &[String],
) -> [(&'static str, Ask); 3] {
    let texts: Vec<_> = records.iter().map(|record| record.get()).collect();
    let file = |extension: &str, text: &str| {
        let name = format!("data/{stem}.{extension}");
        site.write(&name, text);
        let uri = format!("file://{}", site.path(&name).display());
        Ask::File { uri, entity_types: entity_types.to_owned(), id_fields: id_fields.to_owned() }
    };
    let batch = Ask::Batch { records: format!("[{}]", texts.join(", ")), id_fields: id_fields.to_owned() };
    [
        ("as a list", batch),
        ("as a file", file("json", &format!("[\n{}\n]\n", texts.join(",\n")))),
        ("as a file of lines", file("ndjson", &texts.iter().map(|text| format!("{text}\n")).collect::<String>())),
    ]
}

fn question<T>(file: &CaseFile<T>, name: &str, associated: Option<String>, ask: Ask) -> Question {
    Question { label: format!("{}: {name}", file.file), ruleset: file.ruleset.clone(), associated, ask }
}

fn on_one_line(json: &RawValue) -> String {
    // Line feeds are between tokens only.
    json.get().replace('\n', " ")
}

fn expected(case: &RecordCase) -> Expected {
    match case.expected() {
        Ok(results) => Expected::Results(results.to_vec()),
        Err(error) => Expected::Error(error.clone()),
    }
}

impl Answer {
    fn check(&self, told: &Told) -> Result<(), String> {
        let found = told.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
        match (self, found) {
            (Self::Record(Expected::Error(error)), Err(refused)) => {
                equal(&json!([error.code, error.message]), &json!(refused))
            }
            (Self::Record(Expected::Results(results)), Ok(found)) => equal(&json!(results), &all_reduced(&found)),
            (Self::List(records), Ok(found)) => {
                let found = found.as_array().cloned().unwrap_or_default();
                equal(&json!(records.len()), &json!(found.len()))?;
                records.iter().zip(&found).try_for_each(|(expected, found)| expected.check(found))
            }
            (_, found) => Err(format!("found {found:?}")),
        }
    }
}

impl Expected {
    /// Compares with an entry of a list.
    fn check(&self, found: &Value) -> Result<(), String> {
        match self {
            Self::Results(results) => equal(&json!(results), &all_reduced(&found["results"])),
            Self::Error(error) => {
                let entry =
                    json!({"error": {"code": error.code, "message": error.message}, "entity_id": found["entity_id"]});
                equal(&entry, &entry_reduced(found))
            }
            Self::Entry(entry) => equal(entry, &entry_reduced(found)),
        }
    }
}

/// An entry of a list as cases write it.
fn entry_reduced(found: &Value) -> Value {
    if found.get("error").is_none() {
        let results = all_reduced(&found["results"]);
        return json!({"entity_id": found["entity_id"], "entity_type": found["entity_type"], "results": results});
    }
    let error = &found["error"];
    let has_position = error["line"].is_u64() && error["offset"].is_u64();
    let is_empty = found["entity_type"].is_null() && found["status"] == "ERROR" && found["results"] == json!([]);
    assert!(has_position && is_empty, "{found}");
    json!({"entity_id": found["entity_id"], "error": {"code": error["code"], "message": error["message"]}})
}

fn all_reduced(results: &Value) -> Value {
    Value::Array(results.as_array().into_iter().flatten().map(reduced).collect())
}

fn equal(expected: &Value, found: &Value) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected {expected}\nfound    {found}")) }
}
