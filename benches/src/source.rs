//! The parts of the sample release: its component, its files, and releases made of them.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset};
use jurat_model::Component;
use jurat_sandbox::{Policy, Sandbox};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{
    BuiltinCheck, BuiltinRule, ComponentEntry, FileKind, LowerLimits, RuleEntry, VerifiedRelease, Wasi, World, danger,
};

use crate::native::NativeComponent;

/// The `$schema` of the loans.
pub(crate) const SCHEMA_URL: &str = "https://schemas.example.com/loan/v1.0.0";
/// The rule that checks records against the schema, in the host.
pub(crate) const SCHEMA_RULE: &str = "rule_001_v1";

/// The component of the sample rules.
pub(crate) fn component() -> anyhow::Result<Vec<u8>> {
    let path = component_directory()?.join("loan_rules.wasm");
    std::fs::read(&path).with_context(|| format!("{}", path.display()))
}

/// The same component with another digest: a custom section holds a number.
pub(crate) fn variant(number: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = component()?;
    append_section(&mut bytes, number);
    Ok(bytes)
}

/// Adds a custom section that holds a number.
pub(crate) fn append_section(component: &mut Vec<u8>, number: u64) {
    // Section kind 0, 15 bytes: a name of 6 bytes, and the number.
    component.extend([0, 15, 6]);
    component.extend(b"number");
    component.extend(number.to_le_bytes());
}

/// A component in the sandbox, with the default limits.
pub(crate) fn sandboxed(sandbox: &Sandbox, component: Vec<u8>) -> anyhow::Result<Arc<dyn Component>> {
    let release = release(component)?;
    let file = release.components().next().context("no component")?;
    Ok(Arc::new(sandbox.load(&file, &Policy::default())?))
}

/// The release of `rules/loan` with the given component, and only the files that the benches need.
pub(crate) fn release(component: Vec<u8>) -> anyhow::Result<VerifiedRelease> {
    let native = NativeComponent::new();
    let file = |path: &str, kind, bytes| anyhow::Ok(DraftFile { path: path.parse()?, kind, bytes });
    let rules = native.declarations().iter().map(|rule| RuleEntry { id: rule.id.clone(), inputs: rule.inputs.clone() });
    let entry = ComponentEntry {
        path: "loan_rules.wasm".parse()?,
        limits: LowerLimits::default(),
        wasi: Wasi::None,
        rules: rules.collect(),
    };
    let built = BuiltRelease::build(ReleaseDraft {
        name: "loan".parse()?,
        version: "1.0.0".parse()?,
        world: World::current(),
        files: vec![
            file("business-config.yaml", FileKind::BusinessConfig, read("business-config.yaml")?)?,
            file("field-maps/loan_v1.json", FileKind::FieldMap, field_map()?)?,
            file("schemas/loan.v1.0.0.json", FileKind::Schema, read("schemas/loan.v1.0.0.json")?)?,
            file("loan_rules.wasm", FileKind::Component, component)?,
        ],
        components: vec![entry],
        builtin: vec![BuiltinRule {
            id: SCHEMA_RULE.to_owned(),
            check: BuiltinCheck::JsonSchema,
            description: String::new(),
        }],
    })?;
    Ok(danger::assume_verified(&built))
}

/// The rules of the ruleset `thorough` for loans of the first version.
pub(crate) fn thorough() -> Vec<RuleNode> {
    let [schema, soundness, status, balance, utilisation] =
        [SCHEMA_RULE, "rule_002_v1", "rule_003_v1", "rule_004_v1", "rule_005_v1"].map(rule);
    vec![schema, soundness, RuleNode { children: vec![balance], ..status }, utilisation]
}

/// A rule without children.
pub(crate) fn rule(id: &str) -> RuleNode {
    RuleNode { rule_id: id.to_owned(), ..RuleNode::default() }
}

/// A configuration with one ruleset, `thorough`, of these rules.
pub(crate) fn config(rules: Vec<RuleNode>) -> BusinessConfig {
    let ruleset = Ruleset { rules: [(SCHEMA_URL.to_owned(), rules)].into(), ..Ruleset::default() };
    BusinessConfig {
        rulesets: [("thorough".to_owned(), ruleset)].into(),
        schema_to_helper_mapping: [(SCHEMA_URL.to_owned(), "loan_v1.json".to_owned())].into(),
        ..BusinessConfig::default()
    }
}

/// The field map of loans.
pub(crate) fn field_map() -> anyhow::Result<Vec<u8>> {
    read("field-maps/loan_v1.json")
}

/// The directory of built components.
pub(crate) fn component_directory() -> anyhow::Result<PathBuf> {
    Ok(std::env::var_os("JURAT_COMPONENTS").context("run `cargo xtask bench`")?.into())
}

/// The directory with the sources of the sample release.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../rules/loan")
}

fn read(path: &str) -> anyhow::Result<Vec<u8>> {
    let path = directory().join(path);
    std::fs::read(&path).with_context(|| format!("{}", path.display()))
}
