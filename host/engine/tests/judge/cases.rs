//! Case files: `tests/cases/NAME.json` is a release with a request, `NAME.results.json` what must come out.
//!
//! To add a case, add a file. With `JURAT_BLESS=1` in the environment results are written instead of compared.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jurat_engine::extract::ChunkLimits;
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
                request = request.with_rows(rows);
                request = request.with_isolation(isolation);
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
        if let Some(entity_type) = &spec.entity_type {
            request = request.with_entity_type(entity_type);
        }
        if let Some(fields) = &spec.id_fields {
            request = request.with_id_fields(fields);
        }
        if let Some(given) = &self.associated {
            request = request.with_associated(Associated::parse(&serde_json::to_vec(given).unwrap()).unwrap());
        }
        if let Some(given) = &self.of_every_record {
            request = request.with_associated(Associated::of_every_record(given.get().as_bytes()).unwrap());
        }
        if let Some(answers) = self.supplied.clone() {
            request = request.with_supplier(Arc::new(Scripted::new(answers)));
        }
        let bytes = spec.chunk_bytes.map_or(request.chunk().bytes, Bytes::new);
        let (max_findings, suspend_after) = (request.max_findings(), request.run().suspension.records);
        let max_record = spec.max_record.map_or(request.max_record(), Bytes::new);
        request
            .with_expected(&spec.expected)
            .with_max_findings(spec.max_findings.unwrap_or(max_findings))
            .with_suspend_after(spec.suspend_after.unwrap_or(suspend_after))
            .with_chunk(ChunkLimits { bytes, ..ChunkLimits::default() })
            .with_max_record(max_record)
    }
}
