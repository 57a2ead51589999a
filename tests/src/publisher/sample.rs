//! Releases of the sample rules, each of which can be told from the others by a verdict.

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use jurat_model::FuelSchedule;
use jurat_sandbox::{Policy, Sandbox};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{FileKind, LowerFuel};
use serde_json::{Value, json};

use crate::{guest, site};

/// The schema that is another one in each release.
const SCHEMA: &str = "schemas/loan.v1.0.0.json";

/// A release of the sample rules, version `<number>.0.0`. It passes [`record`]s with its own number, and fails all others.
#[must_use]
pub fn release(number: u64) -> BuiltRelease {
    made(draft(number, &probe(number)))
}

/// The same release with a limit of fuel that was measured by the first price list, with or without its test vectors.
#[must_use]
pub fn release_of_old_prices(number: u64, fuel: u64, has_vectors: bool) -> BuiltRelease {
    let mut draft = draft(number, &probe(number));
    let fuel = LowerFuel { units: fuel.try_into().unwrap(), schedule: FuelSchedule::FIRST };
    draft.components.iter_mut().for_each(|component| component.limits.fuel = Some(fuel));
    draft.files.retain(|file| has_vectors || file.kind != FileKind::Vectors);
    made(draft)
}

/// The same with a component that has other bytes: it is compiled anew.
pub(super) fn release_of_another_component(number: u64) -> BuiltRelease {
    // A custom section of eleven bytes: the length of its name, the name, and a number.
    let section = [&[0, 11, 2], &b"no"[..], &number.to_le_bytes()].concat();
    with_component(number, |component| [component, section.clone()].concat())
}

/// The same with a component whose shape is that of any other, and in which a function does not give what it says.
pub(super) fn release_that_does_not_compile(number: u64) -> BuiltRelease {
    with_component(number, |component| guest::with_module(component, "(module (func (result i32)))"))
}

fn with_component(number: u64, change: impl Fn(Vec<u8>) -> Vec<u8>) -> BuiltRelease {
    let mut draft = draft(number, &probe(number));
    let components = draft.files.iter_mut().filter(|file| file.kind == FileKind::Component);
    components.for_each(|file| file.bytes = change(mem::take(&mut file.bytes)));
    made(draft)
}

fn probe(number: u64) -> Value {
    json!({ "properties": { "probe": { "const": number } } })
}

/// A release that does not judge its own test vectors as it says.
pub(super) fn broken_release(number: u64) -> BuiltRelease {
    made(draft(number, &json!({ "required": ["probe"] })))
}

fn made(draft: ReleaseDraft) -> BuiltRelease {
    BuiltRelease::build(draft).unwrap()
}

/// A release with something added to a schema.
fn draft(number: u64, addition: &Value) -> ReleaseDraft {
    let sample = sample();
    let manifest = sample.manifest();
    let files: BTreeMap<_, &Arc<[u8]>> = sample.files().collect();
    let files = manifest.files().iter().map(|file| DraftFile {
        path: file.path.clone(),
        kind: file.kind,
        bytes: match file.path.as_str() {
            SCHEMA => schema(files[&file.path], addition),
            _ => files[&file.path].to_vec(),
        },
    });
    ReleaseDraft {
        name: manifest.name().clone(),
        version: format!("{number}.0.0").parse().unwrap(),
        world: manifest.world().clone(),
        files: files.collect(),
        components: manifest.components().to_vec(),
        builtin: manifest.builtin().to_vec(),
    }
}

/// A loan that only the release with this number passes.
#[must_use]
pub fn record(number: u64) -> String {
    let mut loans: Value = serde_json::from_slice(&site::sample("loans.json")).unwrap();
    loans[0]["probe"] = number.into();
    loans[0].to_string()
}

/// The sample rules as `jurat release build` makes a release of them.
fn sample() -> &'static BuiltRelease {
    static SAMPLE: OnceLock<BuiltRelease> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let sandbox = Sandbox::open(jurat_sandbox::Settings::new(NonZeroUsize::MIN)).unwrap();
        let source = jurat_author::read(&site::loan_rules()).unwrap();
        let components = jurat_author::built_components(&source, Some(&site::built_components())).unwrap();
        jurat_author::check(&source, components, &sandbox, &Policy::default()).unwrap().built
    })
}

/// A schema that demands what it did, and something more.
fn schema(original: &[u8], addition: &Value) -> Vec<u8> {
    let original: Value = serde_json::from_slice(original).unwrap();
    let mut schema = json!({ "allOf": [addition] });
    schema.as_object_mut().unwrap().extend(original.as_object().unwrap().clone());
    schema.to_string().into_bytes()
}
