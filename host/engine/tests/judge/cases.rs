//! Case files: `tests/cases/NAME.json` is a release with a request, `NAME.results.json` what must come out.
//!
//! To add a case, add a file. With `JURAT_BLESS=1` in the environment results are written instead of compared.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jurat_engine::{Associated, Request};
use jurat_model::{Bytes, Isolation};
use serde::Deserialize;
use serde_json::Value;

use crate::fixture::{Fixture, ReleaseSpec, request};
use crate::supplier::{Answers, Scripted};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    release: ReleaseSpec,
    #[serde(default)]
    request: RequestSpec,
    #[serde(default)]
    associated: Option<BTreeMap<String, Box<serde_json::value::RawValue>>>,
    #[serde(default)]
    of_every_record: Option<Box<serde_json::value::RawValue>>,
    /// What is answered when related entities are asked for.
    #[serde(default)]
    supplied: Option<Answers>,
    /// The lines of the file.
    input: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RequestSpec {
    entity_type: Option<String>,
    expected: Vec<String>,
    max_findings: Option<NonZeroU32>,
    id_fields: Option<Vec<String>>,
    suspend_after: Option<NonZeroU32>,
    chunk_bytes: Option<u64>,
    max_record: Option<u64>,
}

#[test]
fn every_case_gives_its_results_in_all_chunks_and_on_all_threads() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.retain(|file| !file.to_string_lossy().ends_with(".results.json"));
    files.sort_unstable();
    assert!(files.len() > 10);
    for file in files {
        check(&file);
    }
}

fn check(file: &Path) {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let case: Case = serde_json::from_slice(&fs::read(file).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let fixture = Fixture::new(&case.release);
    let request = case.request();
    let text = case.input.join("\n");
    let judged = |request: &Request, threads| fixture.judge(request, threads, &text).unwrap().timeless();

    let found = judged(&request, 1);
    let golden = file.with_extension("results.json");
    if std::env::var_os("JURAT_BLESS").is_some() {
        fs::write(&golden, format!("{found:#}\n")).unwrap();
    }
    let expected = fs::read(&golden).unwrap_or_else(|error| panic!("{name}: no results: {error}"));
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    assert_eq!(found, expected, "{name}: found {found:#}");

    for isolation in [Isolation::Chunk, Isolation::Record] {
        for rows in [1, 2, 3, 7, 4_096] {
            for threads in [1, 2, 4] {
                let mut request = request.clone();
                request.chunk.rows = rows;
                request.run.isolation = isolation;
                assert_eq!(
                    judged(&request, threads),
                    expected,
                    "{name}: {rows} rows, {threads} threads, {isolation:?}"
                );
            }
        }
    }
}

impl Case {
    fn request(&self) -> Request {
        let spec = &self.request;
        let mut request = request();
        request.entity_type.clone_from(&spec.entity_type);
        request.expected.clone_from(&spec.expected);
        request.max_findings = spec.max_findings.unwrap_or(request.max_findings);
        if let Some(fields) = &spec.id_fields {
            request.id_fields.clone_from(fields);
        }
        request.run.suspend_after = spec.suspend_after.unwrap_or(request.run.suspend_after);
        request.chunk.bytes = spec.chunk_bytes.map_or(request.chunk.bytes, Bytes::new);
        request.max_record = spec.max_record.map_or(request.max_record, Bytes::new);
        request.associated = self.associated.as_ref().map(|given| {
            let given = serde_json::to_vec(given).unwrap();
            Arc::new(Associated::parse(&given).unwrap())
        });
        if let Some(given) = &self.of_every_record {
            request.associated = Some(Arc::new(Associated::of_every_record(given.get().as_bytes()).unwrap()));
        }
        request.supplier = self.supplied.clone().map(|answers| Arc::new(Scripted::new(answers)) as _);
        request
    }
}
