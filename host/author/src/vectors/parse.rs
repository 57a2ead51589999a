//! Reads files of test vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jurat_engine::json::{Paths, Position, Records, Scratch, scan};
use jurat_model::{Bytes, Excerpt, KeyPath, Status, advice};
use jurat_yaml::{LineColumn, Problem, Problems};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::vector::{MAX_FILE, MAX_VECTORS, Vector};

/// The longest vector, related entities included.
const MAX_VECTOR: Bytes = Bytes::mebi(4);
/// The most problems that are reported.
const MAX_PROBLEMS: usize = 100;

/// One vector in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    name: String,
    /// The ruleset that judges.
    pub(crate) ruleset: String,
    #[serde(default)]
    entity_type: Option<String>,
    /// The time of the run, for rules that read it.
    #[serde(default)]
    now: Option<String>,
    record: Box<RawValue>,
    #[serde(default)]
    associated: Option<Box<RawValue>>,
    /// The expected verdicts.
    pub(crate) expect: BTreeMap<String, String>,
}

/// Reads a file of test vectors: a JSON array of objects, none with a key twice at any depth.
///
/// `file` is the name of the file in messages.
///
/// # Errors
/// With all problems. A file has at most 10,000 vectors and 16 MiB, a vector at most 4 MiB and 64 levels.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Vector>, Problems> {
    let mut problems = Vec::new();
    let written = written(file, bytes)?;
    let vectors = read(file, written, &mut problems);
    Problems::none(problems).map(|()| vectors)
}

/// The vectors of a file as they are written.
pub(crate) fn written(file: &str, bytes: &[u8]) -> Result<Vec<Written>, Problems> {
    if bytes.len() > MAX_FILE.to_usize() {
        return Err(Problem::of_file(file, format!("it has more than {MAX_FILE}")).into());
    }
    if !bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::of_file(file, "it is not a list of test vectors: write `[`, objects, and `]`").into());
    }
    let mut vectors = Vec::new();
    let mut problems = Vec::new();
    let mut scratch = Scratch::new(MAX_VECTOR);
    for (index, entry) in Records::new(bytes, MAX_VECTOR).enumerate() {
        let problem = |at: Position, message| {
            let key = KeyPath::default().index(index);
            Problem { at: Some(line_column(bytes, at)), key, ..Problem::of_file(file, message) }
        };
        if index == MAX_VECTORS {
            problems
                .push(problem(entry.at, format!("it is one more than the {MAX_VECTORS} vectors that a file may have")));
        }
        if index == MAX_VECTORS || problems.len() >= MAX_PROBLEMS {
            break;
        }
        let scanned = entry.text.and_then(|text| {
            let scanned = scan(text, &Paths::default(), &mut scratch).map_err(|error| error.within(entry.at))?;
            Ok(scanned.text)
        });
        match scanned.map(serde_json::from_str) {
            Ok(Ok(vector)) => vectors.push(vector),
            Ok(Err(error)) => problems.push(problem(entry.at, format!("it is not a test vector: {}", reason(&error)))),
            Err(error) => problems.push(problem(error.at, error.problem.to_string())),
        }
    }
    Problems::none(problems).map(|()| vectors)
}

/// The valid vectors; problems of the others are recorded.
pub(crate) fn read(file: &str, written: Vec<Written>, problems: &mut Vec<Problem>) -> Vec<Vector> {
    let file = Arc::from(file);
    let mut names = BTreeSet::new();
    let mut vectors = Vec::with_capacity(written.len());
    for (index, vector) in written.into_iter().enumerate() {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        let path = KeyPath::default().index(index);
        if !names.insert(vector.name.clone()) {
            let message = format!("another vector of this file is called `{}`", Excerpt::of(&vector.name));
            problems.push(Problem { key: path.key("name"), ..Problem::of_file(&*file, message) });
        }
        vectors.push(vector.read(&file, index, problems));
    }
    vectors
}

impl Written {
    fn read(self, file: &Arc<str>, index: usize, problems: &mut Vec<Problem>) -> Vector {
        let path = KeyPath::default().index(index);
        let mut refuse = |key, message: String| problems.push(Problem { key, ..Problem::of_file(&**file, message) });
        if self.name.is_empty() {
            refuse(path.key("name"), "a name is expected".to_owned());
        }
        let now = self.now.and_then(|now| match now.parse() {
            Ok(time) => Some(time),
            Err(_) => {
                let message = format!("`{}` is not a time like `2026-01-31T12:00:00Z`", Excerpt::of(&now));
                refuse(path.key("now"), message);
                None
            }
        });
        for (key, text) in [("record", Some(&self.record)), ("associated", self.associated.as_ref())] {
            if text.is_some_and(|text| !text.get().starts_with('{')) {
                refuse(path.key(key), "an object is expected".to_owned());
            }
        }
        if self.expect.is_empty() {
            refuse(path.key("expect"), "it expects nothing: name a rule, and what it must say".to_owned());
        }
        let mut expect = BTreeMap::new();
        for (rule, status) in self.expect {
            match Status::ALL.into_iter().find(|known| known.name() == status) {
                Some(status) => _ = expect.insert(rule, status),
                None => {
                    let advice = advice(&status, Status::ALL.iter().map(|known| known.name()));
                    let message = format!("`{}` is not a status{advice}", Excerpt::of(&status));
                    refuse(path.key("expect").key(&rule), message);
                }
            }
        }
        Vector {
            file: Arc::clone(file),
            index,
            name: self.name,
            ruleset: self.ruleset,
            entity_type: self.entity_type,
            now,
            record: text(self.record),
            associated: self.associated.map(text),
            expect,
        }
    }
}

fn text(value: Box<RawValue>) -> Box<str> {
    value.into()
}

/// A position in the file as line and column.
fn line_column(bytes: &[u8], at: Position) -> LineColumn {
    let offset = usize::try_from(at.offset).unwrap_or(usize::MAX);
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    LineColumn { line: at.line, column: String::from_utf8_lossy(line).chars().count() as u64 + 1 }
}

/// The message without its position, which counts from the beginning of the vector.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&suffix).map(str::to_owned).unwrap_or(text)
}
