//! Discovery: what a release would do, without running a rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::Input;
use serde::Serialize;

use crate::field_map::{FieldMap, Path};
use crate::release::Release;
use crate::routing::{RouteError, entity_of_key, is_url};
use crate::ruleset::{CheckedRuleset, Node, RuleList};

/// One rule that judges the records of a route, as its component declares it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DiscoveredRule {
    /// The rule.
    pub rule_id: Arc<str>,
    /// The entity type that it declares; that of the route for rules of the host, and where nothing provides the rule.
    pub entity_type: Arc<str>,
    /// What it checks, in its author's words; empty if nothing provides it.
    pub description: Arc<str>,
    /// The terms of the related entities that it reads, in the order of its inputs.
    pub required_data: Vec<String>,
    /// The fields that it reads, in the order of its inputs: the logical name, or `term.name`, and its path, as field maps
    /// write it. Where no field map tells, both are the logical name.
    pub field_dependencies: Vec<(String, String)>,
    /// The schema URLs for which the ruleset lists the rule, on whichever level; sorted.
    pub applicable_schemas: Vec<String>,
}

/// One ruleset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DiscoveredRuleset {
    /// Its name.
    pub name: String,
    /// Its metadata, as written.
    pub metadata: serde_json::Value,
    /// Its content.
    pub stats: RulesetStats,
}

/// The content of a ruleset. Rules that wait for others are counted like those at the top.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RulesetStats {
    /// The rules of all lists; one that is in two lists counts twice.
    pub total_rules: usize,
    /// The rules of each list, by its schema URL or entity type.
    pub rules_by_schema: BTreeMap<String, usize>,
    /// The entity types that the lists are for, sorted.
    pub supported_entities: Vec<String>,
    /// The schema URLs that have a list of their own, sorted.
    pub supported_schemas: Vec<String>,
}

impl Release {
    /// The rules that would judge records of an entity type, which follow the given schema, in the order of their list: parents
    /// before children, siblings as written. Nothing is run.
    ///
    /// # Errors
    /// When such records have no route; see [`RouteError`].
    pub fn discover_rules(
        &self,
        ruleset: &str,
        entity_type: &str,
        schema: Option<&str>,
    ) -> Result<Vec<DiscoveredRule>, RouteError> {
        let mut routes = self.router.routes(ruleset, Some(entity_type))?;
        let route = routes.find(schema, None)?;
        let ruleset = routes.ruleset();
        let no_fields = FieldMap::default();
        let fields = route.field_map.and_then(|map| self.field_maps.get(map)).unwrap_or(&no_fields);
        let entity_type = self.entity_types.get(route.entity_type).map_or_else(|| Arc::from(entity_type), Arc::clone);
        let nodes = self.list(route.list).map(|list| &*list.nodes).unwrap_or_default();
        Ok(nodes.iter().map(|node| self.discover_rule(node, ruleset, &entity_type, fields)).collect())
    }

    /// All rulesets, in the order of their names.
    #[must_use]
    pub fn discover_rulesets(&self) -> Vec<DiscoveredRuleset> {
        let rulesets = self.router.rulesets().rulesets().iter();
        rulesets
            .map(|ruleset| DiscoveredRuleset {
                name: ruleset.name.clone(),
                metadata: ruleset.metadata.clone(),
                stats: self.stats(ruleset),
            })
            .collect()
    }

    fn discover_rule(
        &self,
        node: &Node,
        ruleset: &CheckedRuleset,
        entity_type: &Arc<str>,
        fields: &FieldMap,
    ) -> DiscoveredRule {
        let declaration = self.declaration_of(node);
        let inputs = declaration.map(|declaration| &*declaration.inputs).unwrap_or_default();
        let lists = ruleset.lists.iter().filter(|(key, list)| is_url(key) && self.contains(**list, &node.rule_id));
        DiscoveredRule {
            rule_id: Arc::clone(&node.rule_id),
            entity_type: match declaration {
                Some(declaration) if *declaration.entity_type != **entity_type => Arc::from(&*declaration.entity_type),
                _ => Arc::clone(entity_type),
            },
            description: node.rule.and_then(|rule| self.descriptions.get(rule)).cloned().unwrap_or_default(),
            required_data: once_each(inputs.iter().filter_map(|input| input.of.clone())),
            field_dependencies: once_each(
                inputs.iter().filter(|input| !input.is_now()).map(|input| self.dependency(input, fields)),
            ),
            applicable_schemas: lists.map(|(key, _)| key.clone()).collect(),
        }
    }

    /// The logical name of an input, and where it lies.
    fn dependency(&self, input: &Input, fields: &FieldMap) -> (String, String) {
        let path = match &input.of {
            None => fields.field(&input.name).map(|field| &field.path),
            Some(term) => self.related_path(term, &input.name),
        };
        let logical = input.to_string();
        (logical.clone(), path.map_or(logical, Path::to_string))
    }

    /// Where a field of a related entity lies. The entity says only when it is there which field map is its own. Until then it is
    /// the default one of the entity type that the term names, or any default one: if all that have the field agree.
    fn related_path(&self, term: &str, name: &str) -> Option<&Path> {
        let defaults = &self.router.rulesets().defaults;
        let path = |map: &usize| self.field_maps.get(*map)?.field(name).map(|field| &field.path);
        if let Some(map) = defaults.get(term) {
            return path(map);
        }
        let mut paths = defaults.values().filter_map(path);
        let first = paths.next()?;
        paths.all(|other| other == first).then_some(first)
    }

    fn stats(&self, ruleset: &CheckedRuleset) -> RulesetStats {
        let count = |list: usize| self.list(list).map_or(0, |list| list.nodes.len());
        let rules_by_schema: BTreeMap<_, _> =
            ruleset.lists.iter().map(|(key, list)| (key.clone(), count(*list))).collect();
        let mut entities: Vec<String> =
            ruleset.lists.keys().filter_map(|key| entity_of_key(key)).map(str::to_owned).collect();
        entities.sort_unstable();
        entities.dedup();
        RulesetStats {
            total_rules: rules_by_schema.values().sum(),
            supported_entities: entities,
            supported_schemas: ruleset.lists.keys().filter(|key| is_url(key)).cloned().collect(),
            rules_by_schema,
        }
    }

    fn contains(&self, list: usize, rule_id: &str) -> bool {
        self.list(list).is_some_and(|list| list.nodes.iter().any(|node| *node.rule_id == *rule_id))
    }

    fn list(&self, list: usize) -> Option<&RuleList> {
        self.router.rulesets().lists().get(list)
    }
}

/// The items in their order, each once.
fn once_each<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}
