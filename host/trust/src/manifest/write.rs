//! The bytes of a manifest.

use jurat_model::{FuelSchedule, Input};
use serde_json::{Map, Value, json};

use super::{BuiltinCheck, BuiltinRule, ComponentEntry, FileEntry, LowerLimits, Manifest, RuleEntry, SCHEMA, Wasi};

impl Manifest {
    /// The manifest as JSON: the same manifest always gives the same bytes, and [`Manifest::parse`] reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { name, version, world, files, components, builtin } = self;
        let mut document = json!({
            "schema": SCHEMA,
            "name": name.as_str(),
            "version": version.as_str(),
            "world": world.as_str(),
            "files": files.iter().map(file).collect::<Vec<_>>(),
            "components": components.iter().map(component).collect::<Vec<_>>(),
            "builtin": builtin.iter().map(builtin_rule).collect::<Vec<_>>(),
        });
        // By name, whatever features the JSON library was built with.
        document.sort_all_objects();
        document.to_string().into_bytes()
    }
}

fn file(FileEntry { path, sha256, length, kind }: &FileEntry) -> Value {
    json!({ "path": path.as_str(), "sha256": sha256.to_string(), "length": length, "kind": kind.name() })
}

fn component(ComponentEntry { path, limits, wasi, rules }: &ComponentEntry) -> Value {
    let mut component = Map::new();
    component.insert("path".to_owned(), path.as_str().into());
    component.insert("rules".to_owned(), rules.iter().map(rule).collect());
    let limits = lower_limits(limits);
    if !limits.is_empty() {
        component.insert("limits".to_owned(), limits.into());
    }
    match wasi {
        Wasi::None => {}
        Wasi::Sealed => _ = component.insert("wasi".to_owned(), "sealed".into()),
    }
    component.into()
}

fn lower_limits(LowerLimits { fuel, memory, table_elements, reply, deadline }: &LowerLimits) -> Map<String, Value> {
    let milliseconds = deadline.map(|deadline| u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX));
    // As in the manifests that do not name it.
    let schedule = fuel.map(|fuel| fuel.schedule).filter(|schedule| *schedule != FuelSchedule::FIRST);
    let limits = [
        ("fuel", fuel.map(|fuel| fuel.units.get())),
        ("fuel_schedule", schedule.map(|schedule| schedule.get().into())),
        ("memory_bytes", memory.map(jurat_model::Bytes::get)),
        ("table_elements", table_elements.map(u64::from)),
        ("reply_bytes", reply.map(jurat_model::Bytes::get)),
        ("deadline_ms", milliseconds),
    ];
    limits.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), limit?.into()))).collect()
}

fn rule(RuleEntry { id, inputs }: &RuleEntry) -> Value {
    json!({ "id": id, "inputs": inputs.iter().map(input).collect::<Vec<_>>() })
}

fn input(Input { name, of, kind, required }: &Input) -> Value {
    let mut input = Map::new();
    input.insert("name".to_owned(), name.as_str().into());
    if let Some(of) = of {
        input.insert("of".to_owned(), of.as_str().into());
    }
    input.insert("kind".to_owned(), kind.name().into());
    input.insert("required".to_owned(), (*required).into());
    input.into()
}

fn builtin_rule(BuiltinRule { id, check, description }: &BuiltinRule) -> Value {
    let check = match check {
        BuiltinCheck::JsonSchema => "json_schema",
    };
    json!({ "id": id, "check": check, "description": description })
}
