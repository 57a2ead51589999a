//! Checks that the parts of a release fit together.

use std::collections::{BTreeMap, BTreeSet};

use jurat_engine::field_map::FieldMap;
use jurat_engine::ruleset::{BusinessConfig, RuleNode};
use jurat_engine::schema_url::SchemaUrl;
use jurat_model::{Declaration, Excerpt, Input, KeyPath, advice};
use jurat_trust::FileKind;
use jurat_trust::publish::DraftFile;
use jurat_yaml::Problem;

use super::source::{ReleaseSource, file_name};

/// A release that is being checked.
pub(super) struct Checks<'a> {
    pub(super) source: &'a ReleaseSource,
    pub(super) config: &'a BusinessConfig,
    declarations: &'a [&'a Declaration],
    /// Those that can be read; the engine reports the others.
    field_maps: BTreeMap<&'a str, FieldMap>,
}

impl<'a> Checks<'a> {
    pub(super) fn new(
        source: &'a ReleaseSource,
        config: &'a BusinessConfig,
        declarations: &'a [&'a Declaration],
        files: &'a [DraftFile],
    ) -> Self {
        let maps = files.iter().filter(|file| file.kind == FileKind::FieldMap);
        let field_maps =
            maps.filter_map(|file| Some((file_name(&file.path), FieldMap::parse(&file.bytes).ok()?))).collect();
        Self { source, config, declarations, field_maps }
    }

    /// The ids of all rules that the release has.
    pub(super) fn known(&self) -> impl Iterator<Item = &'a str> {
        let builtin = self.source.builtin.iter().map(|rule| rule.id.as_str());
        self.declarations.iter().map(|rule| rule.id.as_str()).chain(builtin)
    }

    /// Rules that a ruleset lists and no component has.
    pub(super) fn rule_ids(&self, problems: &mut Vec<Problem>) {
        let known: BTreeSet<_> = self.known().collect();
        let rulesets = KeyPath::default().key("rulesets");
        for (name, ruleset) in &self.config.rulesets {
            for (key, nodes) in &ruleset.rules {
                self.nodes(nodes, &rulesets.key(name).key("rules").key(key), &known, problems);
            }
        }
    }

    /// The depth of the tree is bounded by that of the text.
    fn nodes(&self, nodes: &[RuleNode], path: &KeyPath, known: &BTreeSet<&str>, problems: &mut Vec<Problem>) {
        for (index, node) in nodes.iter().enumerate() {
            let path = path.index(index);
            if !known.contains(node.rule_id.as_str()) {
                let advice = advice(&node.rule_id, known.iter().copied());
                let message = format!("no component has a rule `{}`{advice}", Excerpt::of(&node.rule_id));
                let file = self.source.path_of(&self.source.business_config);
                problems.push(Problem { key: path.key("rule_id"), ..Problem::of_file(file, message) });
            }
            self.nodes(&node.children, &path.key("children"), known, problems);
        }
    }

    /// Inputs that no field map of the rule's entity type has: the rule would never run, or never see the field.
    pub(super) fn inputs(&self, problems: &mut Vec<Problem>, warnings: &mut Vec<Problem>) {
        for rule in self.declarations {
            let maps = self.maps_of(&rule.entity_type);
            for input in rule.inputs.iter().filter(|input| !input.is_now()) {
                let is_mapped = match &input.of {
                    // The entity type of a term is known only from the entity.
                    Some(_) => self.field_maps.values().any(|map| map.field(&input.name).is_some()),
                    None => maps.iter().any(|map| map.field(&input.name).is_some()),
                };
                if is_mapped || is_whole_entity(input) {
                    continue;
                }
                let names = self.field_maps.values().flat_map(|map| map.fields().map(|(name, _)| name));
                let advice = advice(&input.name, names);
                let (consequence, found) = match input.required {
                    true => ("it would never run", &mut *problems),
                    false => ("it would never see it", &mut *warnings),
                };
                let of = format!("entity type `{}`", Excerpt::of(&rule.entity_type));
                let maps = if input.of.is_some() { "this release".to_owned() } else { of };
                let message = format!(
                    "rule `{}` reads `{}`, which no field map of {maps} has{advice}; {consequence}",
                    Excerpt::of(&rule.id),
                    Excerpt::of(&input.to_string()),
                );
                found.push(Problem::of_file(self.source.file(), message));
            }
        }
    }

    /// The field maps that records of an entity type can be routed to.
    fn maps_of(&self, entity_type: &str) -> Vec<&FieldMap> {
        let mapping = self.config.schema_to_helper_mapping.iter();
        let mapped = mapping.filter(|(url, _)| SchemaUrl::parse(url).entity_type == Some(entity_type));
        let names = mapped.map(|(_, name)| name).chain(self.config.default_helpers.get(entity_type));
        names.filter_map(|name| self.field_maps.get(name.as_str())).collect()
    }
}

/// Whether an input is a whole related entity, which needs no field map.
fn is_whole_entity(input: &Input) -> bool {
    input.of.is_some() && input.kind == jurat_model::Kind::Json
}
