//! Everything about a way through the rules that is the same for all records that go it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jurat_model::Input;

use crate::excerpt::Excerpt;
use crate::extract::{ColumnId, Plan, PlanError, RelatedPlan};
use crate::field_map::{FieldMap, Path};
use crate::release::{Provider, Release};
use crate::ruleset::Node;

/// What decides how records are read and judged.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct PlanKey {
    /// The rules, as an index into the rule lists.
    pub(crate) list: usize,
    /// The entity type, as an index into the router's.
    pub(crate) entity_type: usize,
    /// The field map; none where there are no rules.
    pub(crate) field_map: Option<usize>,
    /// Where the record's id is read from, with dots between keys.
    pub(crate) id_fields: Arc<[String]>,
}

/// How records that go one way are read and judged.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) plan: Arc<Plan>,
    /// One for each node of the list, in its order.
    pub(crate) steps: Vec<Step>,
    /// The order in which nodes are run: parents first, and the rules of one component together as far as that allows, so
    /// that a worker has one instance at a time.
    pub(crate) stages: Vec<Stage>,
    /// Whether a rule reads the time of the run.
    pub(crate) reads_now: bool,
    /// How related entities are read, as far as they have come up.
    related: RwLock<HashMap<RelatedKey, Arc<RelatedPlan>>>,
}

/// A term, by its place in the plan, and the field map of what stands behind it; none for a list of entities.
type RelatedKey = (usize, Option<usize>);

/// One node of the list.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) runner: Runner,
    /// The columns of the rule's inputs.
    pub(crate) columns: Vec<ColumnId>,
}

/// What judges a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Runner {
    /// A rule of a component.
    Component { component: usize, rule: u32 },
    /// The host, with the release's schemas.
    JsonSchema,
    /// Nothing provides the rule.
    Unknown,
    /// The rule is for records of another type.
    OtherEntity { declared: String },
}

/// Nodes that are run one after the other.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Stage {
    /// The component that all of them need; none = no component at all.
    pub(crate) component: Option<usize>,
    pub(crate) nodes: Vec<usize>,
}

/// The captured paths that every plan begins with; the id fields follow.
pub(crate) const SCHEMA: usize = 0;
pub(crate) const ENTITY_TYPE: usize = 1;
pub(crate) const FIRST_ID: usize = 2;

/// The paths that are read of every record, whatever the rules: `$schema`, `entity_type` and the id fields.
fn captures(id_fields: &[String]) -> Vec<Path> {
    let names = ["$schema", "entity_type"].into_iter().chain(id_fields.iter().map(String::as_str));
    names.filter_map(|name| name.parse().ok()).collect()
}

/// A plan for records whose way is not known yet.
///
/// # Errors
/// With an id field that is no path.
pub(crate) fn first_look(id_fields: &[String]) -> Result<Plan, Excerpt> {
    if let Some(field) = id_fields.iter().find(|field| field.parse::<Path>().is_err()) {
        return Err(Excerpt::of(field));
    }
    // Without inputs there is nothing that could be wrong.
    Plan::new(&FieldMap::default(), [], &captures(id_fields)).map_err(|_| Excerpt::of(""))
}

impl Prepared {
    pub(crate) fn new(release: &Release, key: &PlanKey) -> Result<Self, Vec<PlanError>> {
        let no_fields = FieldMap::default();
        let map = key.field_map.and_then(|map| release.field_maps.get(map)).unwrap_or(&no_fields);
        let list = release.router.rulesets().lists().get(key.list);
        let nodes = list.map(|list| &*list.nodes).unwrap_or_default();
        let entity_type = release.entity_types.get(key.entity_type).map(|name| &**name).unwrap_or_default();

        let runners: Vec<_> = nodes.iter().map(|node| runner(release, node, entity_type)).collect();
        let inputs: Vec<&Input> = runners.iter().flat_map(|runner| inputs(release, runner)).collect();
        let plan = Plan::new(map, inputs.iter().copied(), &captures(&key.id_fields))?;
        let reads_now = inputs.iter().any(|input| input.is_now());
        let stages = stages(nodes, &runners);
        let steps = runners
            .into_iter()
            .map(|runner| Step { columns: plan.columns_of(inputs_of(release, &runner)).unwrap_or_default(), runner })
            .collect();
        Ok(Self { plan: Arc::new(plan), steps, stages, reads_now, related: RwLock::default() })
    }

    /// How the entities behind a term are read with one of the release's field maps; without one, only a list can be read.
    pub(crate) fn related(
        &self,
        release: &Release,
        (place, term): (usize, &str),
        map: Option<usize>,
    ) -> Result<Option<Arc<RelatedPlan>>, Vec<PlanError>> {
        if let Some(known) = self.related.read().unwrap_or_else(PoisonError::into_inner).get(&(place, map)) {
            return Ok(Some(Arc::clone(known)));
        }
        let no_fields = FieldMap::default();
        let fields = map.and_then(|map| release.field_maps.get(map)).unwrap_or(&no_fields);
        let Some(made) = self.plan.related(term, fields)?.map(Arc::new) else { return Ok(None) };
        // As many as there are terms and field maps in the release.
        self.related.write().unwrap_or_else(PoisonError::into_inner).insert((place, map), Arc::clone(&made));
        Ok(Some(made))
    }
}

fn runner(release: &Release, node: &Node, entity_type: &str) -> Runner {
    match node.rule.and_then(|rule| release.providers.get(rule)) {
        None => Runner::Unknown,
        Some(Provider::JsonSchema) => Runner::JsonSchema,
        Some(&Provider::Component { component, rule }) => match release.declaration(component, rule) {
            None => Runner::Unknown,
            Some(declaration) if declaration.entity_type != entity_type => {
                Runner::OtherEntity { declared: declaration.entity_type.clone() }
            }
            Some(_) => Runner::Component { component, rule },
        },
    }
}

fn inputs_of<'a>(release: &'a Release, runner: &Runner) -> &'a [Input] {
    match runner {
        Runner::Component { component, rule } => {
            release.declaration(*component, *rule).map(|rule| &*rule.inputs).unwrap_or_default()
        }
        _ => &[],
    }
}

fn inputs<'a>(release: &'a Release, runner: &Runner) -> std::slice::Iter<'a, Input> {
    inputs_of(release, runner).iter()
}

/// Orders the nodes: as long as there are any left, all that can run on one component, and then those of the next.
fn stages(nodes: &[Node], runners: &[Runner]) -> Vec<Stage> {
    let component = |node: usize| match runners.get(node) {
        Some(Runner::Component { component, .. }) => Some(*component),
        _ => None,
    };
    let mut stages: Vec<Stage> = Vec::new();
    let mut done = vec![false; nodes.len()];
    // Nodes stand behind their parents, so every round finds at least one.
    while let Some(first) = done.iter().position(|done| !done) {
        let mut stage = Stage { component: component(first), nodes: Vec::new() };
        for (place, node) in nodes.iter().enumerate().skip(first) {
            let is_done = |place: usize| done.get(place).copied().unwrap_or(false);
            if !is_done(place) && component(place) == stage.component && node.parent.is_none_or(is_done) {
                if let Some(done) = done.get_mut(place) {
                    *done = true;
                }
                stage.nodes.push(place);
            }
        }
        stages.push(stage);
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tree: &[(Option<usize>, Option<usize>)], expected: &[(Option<usize>, &[usize])]) {
        let nodes: Vec<_> =
            tree.iter().map(|&(_, parent)| Node { rule_id: Arc::from("rule"), rule: None, parent, depth: 0 }).collect();
        let runners: Vec<_> = tree
            .iter()
            .map(|(component, _)| match component {
                Some(component) => Runner::Component { component: *component, rule: 0 },
                None => Runner::JsonSchema,
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(component, nodes)| Stage { component: *component, nodes: nodes.to_vec() }).collect();
        assert_eq!(stages(&nodes, &runners), expected);
    }

    #[test]
    fn rules_of_one_component_run_together() {
        check(&[(Some(0), None), (Some(1), None), (Some(0), None)], &[(Some(0), &[0, 2]), (Some(1), &[1])]);
        check(&[(None, None), (Some(0), None), (Some(0), Some(1))], &[(None, &[0]), (Some(0), &[1, 2])]);
    }

    #[test]
    fn a_child_waits_for_a_parent_of_another_component() {
        check(
            &[(Some(0), None), (Some(1), Some(0)), (Some(0), Some(1)), (Some(0), None)],
            &[(Some(0), &[0, 3]), (Some(1), &[1]), (Some(0), &[2])],
        );
        check(&[], &[]);
    }
}
