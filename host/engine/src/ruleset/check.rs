//! From a configuration as written to trees that can be walked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jurat_model::KeyPath;

use super::config::{BusinessConfig, RuleNode};
use super::error::{MAX_LEVELS, MAX_RULES, RulesetError, RulesetProblem};
use super::list::{CheckedRuleset, Node, RuleList, Rulesets};
use crate::excerpt::{Excerpt, nearest};

impl Rulesets {
    /// Checks a configuration against the rules and field maps that a release provides.
    ///
    /// `rule_ids` are the rules of all components and the built-in ones, `field_maps` the names of the field maps. Both lists
    /// are what the indices in the result point into; of equal names, the first one counts.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the key paths: ids that are empty or repeated in one list, more than
    /// [`MAX_LEVELS`] levels or [`MAX_RULES`] rules, empty names, field maps that do not exist.
    pub fn new(config: BusinessConfig, rule_ids: &[&str], field_maps: &[&str]) -> Result<Self, Vec<RulesetError>> {
        check(config, rule_ids, field_maps)
    }
}

fn check(config: BusinessConfig, rule_ids: &[&str], field_maps: &[&str]) -> Result<Rulesets, Vec<RulesetError>> {
    let mut errors = Errors::default();
    let rules = positions(rule_ids);
    let maps = positions(field_maps);

    let default_path = KeyPath::default().key("default_helpers");
    let mut defaults = BTreeMap::new();
    for (entity_type, name) in config.default_helpers {
        let path = default_path.key(&entity_type);
        errors.name(&path, &entity_type);
        if let Some(map) = errors.field_map(&path, &name, &maps) {
            defaults.insert(entity_type, map);
        }
    }

    let mut rulesets = Vec::with_capacity(config.rulesets.len());
    let mut lists = Vec::new();
    for (name, ruleset) in config.rulesets {
        let path = KeyPath::default().key("rulesets").key(&name);
        errors.name(&path, &name);
        let mut keys = BTreeMap::new();
        for (key, tree) in ruleset.rules {
            let path = path.key("rules").key(&key);
            errors.name(&path, &key);
            let key = plain(key);
            let nodes = flatten(&tree, &path, &rules, &mut errors);
            keys.insert(key.clone(), lists.len());
            lists.push(RuleList { ruleset: rulesets.len(), key, nodes });
        }
        let unknown_schema = ruleset.unknown_schema.unwrap_or(config.unknown_schema);
        rulesets.push(CheckedRuleset { name, metadata: ruleset.metadata, lists: keys, unknown_schema });
    }

    let mapping_path = KeyPath::default().key("schema_to_helper_mapping");
    let mut mapping = Vec::with_capacity(config.schema_to_helper_mapping.len());
    for (url, name) in config.schema_to_helper_mapping {
        let path = mapping_path.key(&url);
        errors.name(&path, &url);
        mapping.extend(errors.field_map(&path, &name, &maps).map(|map| (plain(url), map)));
    }

    if !errors.0.is_empty() {
        return Err(errors.0);
    }
    Ok(Rulesets {
        rulesets,
        lists,
        mapping,
        defaults,
        minor_fallback: config.allow_minor_version_fallback,
        strict_major: config.strict_major_version,
        aliases: config.schemas.aliases.into_iter().map(|(alias, id)| (plain(alias), plain(id))).collect(),
    })
}

/// A schema URL without its empty fragment, as those of records are looked up.
fn plain(mut url: String) -> String {
    if url.ends_with('#') {
        url.pop();
    }
    url
}

/// A rule that is to be written down, with its path.
struct Pending<'a> {
    node: &'a RuleNode,
    path: KeyPath,
    parent: Option<usize>,
    depth: usize,
}

/// Writes a tree down in pre-order. It keeps its own stack, so that a hostile depth costs memory that is already spent.
fn flatten(tree: &[RuleNode], path: &KeyPath, rules: &HashMap<&str, usize>, errors: &mut Errors) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut seen = HashSet::new();
    let mut stack: Vec<Pending<'_>> = Vec::new();
    push_siblings(&mut stack, tree, path, None, 0);

    while let Some(Pending { node, path, parent, depth }) = stack.pop() {
        if nodes.len() == MAX_RULES {
            errors.add(path, RulesetProblem::TooManyRules);
            break;
        }
        errors.name(&path.key("rule_id"), &node.rule_id);
        if !node.rule_id.is_empty() && !seen.insert(node.rule_id.as_str()) {
            let rule = Excerpt::of(&node.rule_id);
            errors.add(path.key("rule_id"), RulesetProblem::DuplicateRule { rule });
        }
        let rule = rules.get(node.rule_id.as_str()).copied();
        let index = nodes.len();
        let rule_id = Arc::from(node.rule_id.as_str());
        nodes.push(Node { rule_id, rule, parent, depth, must_run: node.must_run });
        if node.children.is_empty() {
            continue;
        }
        let children = path.key("children");
        if depth + 1 == MAX_LEVELS {
            errors.add(children, RulesetProblem::TooDeep);
            continue;
        }
        push_siblings(&mut stack, &node.children, &children, Some(index), depth + 1);
    }
    nodes
}

fn push_siblings<'a>(
    stack: &mut Vec<Pending<'a>>,
    siblings: &'a [RuleNode],
    path: &KeyPath,
    parent: Option<usize>,
    depth: usize,
) {
    // One more than is allowed is enough to find out that there are too many.
    let siblings = siblings.iter().enumerate().take(MAX_RULES + 1).rev();
    stack.extend(siblings.map(|(index, node)| Pending { node, path: path.index(index), parent, depth }));
}

/// All that is wrong so far.
#[derive(Default)]
struct Errors(Vec<RulesetError>);

impl Errors {
    fn add(&mut self, path: KeyPath, problem: RulesetProblem) {
        self.0.push(RulesetError { path, problem });
    }

    fn name(&mut self, path: &KeyPath, name: &str) {
        if name.is_empty() {
            self.add(path.clone(), RulesetProblem::EmptyName);
        }
    }

    fn field_map(&mut self, path: &KeyPath, name: &str, maps: &HashMap<&str, usize>) -> Option<usize> {
        let found = maps.get(name).copied();
        if found.is_none() {
            let nearest = nearest(name, maps.keys().copied()).map(Excerpt::of);
            self.add(path.clone(), RulesetProblem::UnknownFieldMap { name: Excerpt::of(name), nearest });
        }
        found
    }
}

/// The first index of each name.
fn positions<'a>(names: &[&'a str]) -> HashMap<&'a str, usize> {
    let mut positions = HashMap::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        positions.entry(*name).or_insert(index);
    }
    positions
}
