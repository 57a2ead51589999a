//! The sample release, and variants of it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context as _;
use jurat_sandbox::{Policy, Sandbox, Settings};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{ComponentEntry, FileKind, RuleEntry, SafePath, VerifiedRelease, danger};
use serde_json::json;

use crate::source::{SCHEMA_URL, append_section, component_directory, directory};

/// The release of `rules/loan` as its authors build it, including test vectors.
pub(crate) struct SampleRelease {
    sandbox: Sandbox,
    built: BuiltRelease,
}

impl SampleRelease {
    pub(crate) fn build() -> anyhow::Result<Self> {
        let sandbox = Sandbox::open(Settings::new(NonZeroUsize::MIN))?;
        let source = jurat_author::read(&directory())?;
        let components = jurat_author::built_components(&source, Some(&component_directory()?))?;
        let built = jurat_author::check(&source, components, &sandbox, &Policy::default())?.built;
        Ok(Self { sandbox, built })
    }

    pub(crate) fn verified(&self) -> VerifiedRelease {
        danger::assume_verified(&self.built)
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The sample with another version and another component digest: a custom section holds a number.
    pub(crate) fn variant(&self, number: u64) -> anyhow::Result<BuiltRelease> {
        let files = self.files().map(|mut file| {
            if file.kind == FileKind::Component {
                append_section(&mut file.bytes, number);
            }
            file
        });
        self.make(&format!("1.{number}.0"), files.collect(), self.built.manifest().components().to_vec())
    }

    /// The sample with `count` copies of its component, each with its own rule ids, all in one ruleset and without test vectors.
    pub(crate) fn multiplied(&self, count: usize) -> anyhow::Result<BuiltRelease> {
        let (mut files, mut others): (Vec<_>, Vec<_>) = self.files().partition(|file| file.kind == FileKind::Component);
        let (file, entry) = files.pop().zip(self.built.manifest().components().first()).context("no component")?;
        let (mut entries, mut rules) = (Vec::new(), vec![json!({"rule_id": "rule_001_v1"})]);
        for number in 0..count {
            let path: SafePath = format!("loan_rules_{number:03}.wasm").parse()?;
            let mut bytes = file.bytes.clone();
            let mut own = Vec::new();
            for rule in &entry.rules {
                // As long as the old id, so that it can replace it in the component.
                let id = rule.id.replacen("rule", &format!("r{number:03}"), 1);
                replace(&mut bytes, &rule.id, &id)?;
                rules.push(json!({"rule_id": id}));
                own.push(RuleEntry { id, inputs: rule.inputs.clone() });
            }
            files.push(DraftFile { path: path.clone(), kind: FileKind::Component, bytes });
            entries.push(ComponentEntry { path, rules: own, ..entry.clone() });
        }
        others.retain(|file| matches!(file.kind, FileKind::FieldMap | FileKind::Schema));
        let config = json!({
            "rulesets": {"thorough": {"metadata": {"purpose": "a benchmark"}, "rules": {SCHEMA_URL: rules}}},
            "schema_to_helper_mapping": {SCHEMA_URL: "loan_v1.json"},
            "default_helpers": {"facility": "facility_v1.json"},
        });
        let path = "business-config.yaml".parse()?;
        files.push(DraftFile { path, kind: FileKind::BusinessConfig, bytes: config.to_string().into_bytes() });
        files.extend(others);
        self.make("50.0.0", files, entries)
    }

    fn files(&self) -> impl Iterator<Item = DraftFile> {
        let bytes: BTreeMap<&SafePath, &Arc<[u8]>> = self.built.files().collect();
        let files = self.built.manifest().files().iter();
        files.filter_map(move |file| {
            let bytes = bytes.get(&file.path)?.to_vec();
            Some(DraftFile { path: file.path.clone(), kind: file.kind, bytes })
        })
    }

    fn make(
        &self,
        version: &str,
        files: Vec<DraftFile>,
        components: Vec<ComponentEntry>,
    ) -> anyhow::Result<BuiltRelease> {
        let manifest = self.built.manifest();
        Ok(BuiltRelease::build(ReleaseDraft {
            name: manifest.name().clone(),
            version: version.parse()?,
            world: manifest.world().clone(),
            files,
            components,
            builtin: manifest.builtin().to_vec(),
        })?)
    }
}

/// Replaces a text that occurs exactly once with one of the same length.
fn replace(bytes: &mut [u8], old: &str, new: &str) -> anyhow::Result<()> {
    let mut found = bytes.windows(old.len()).enumerate().filter(|(_, window)| *window == old.as_bytes());
    let (Some((at, _)), None) = (found.next(), found.next()) else {
        anyhow::bail!("`{old}` does not occur exactly once in the component")
    };
    let slot = bytes.get_mut(at..at + new.len()).context("the replacement is too long")?;
    slot.copy_from_slice(new.as_bytes());
    Ok(())
}
