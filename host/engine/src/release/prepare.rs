//! Works out how the records of one route are read and judged.

use std::sync::{Arc, PoisonError, RwLock};

use jurat_model::Input;

use super::captures::captures;
use super::content::{Provider, Release};
use super::prepared::{PlanKey, Prepared, Runner, Stage, Step};
use crate::extract::{Plan, PlanError, RelatedPlan};
use crate::field_map::FieldMap;
use crate::ruleset::Node;

impl Release {
    /// How records of one route are judged. It is made once, then kept.
    pub(crate) fn prepare(&self, key: &PlanKey) -> Result<Arc<Prepared>, Vec<PlanError>> {
        if let Some(known) = self.plans.get(key) {
            return Ok(known);
        }
        let made = Arc::new(Prepared::new(self, key)?);
        self.plans.insert(key.clone(), Arc::clone(&made));
        Ok(made)
    }
}

impl Prepared {
    pub(super) fn new(release: &Release, key: &PlanKey) -> Result<Self, Vec<PlanError>> {
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

    /// How the entities of a term are read with one of the release's field maps. Without one, only a list can be read.
    pub(crate) fn related(
        &self,
        release: &Release,
        (index, term): (usize, &str),
        map: Option<usize>,
    ) -> Result<Option<Arc<RelatedPlan>>, Vec<PlanError>> {
        if let Some(known) = self.related.read().unwrap_or_else(PoisonError::into_inner).get(&(index, map)) {
            return Ok(Some(Arc::clone(known)));
        }
        let no_fields = FieldMap::default();
        let fields = map.and_then(|map| release.field_maps.get(map)).unwrap_or(&no_fields);
        let Some(made) = self.plan.related(term, fields)?.map(Arc::new) else { return Ok(None) };
        // As many as there are terms and field maps in the release.
        self.related.write().unwrap_or_else(PoisonError::into_inner).insert((index, map), Arc::clone(&made));
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
    // Nodes follow their parents, so every round finds at least one.
    while let Some(first) = done.iter().position(|done| !done) {
        let mut stage = Stage { component: component(first), nodes: Vec::new() };
        for (index, node) in nodes.iter().enumerate().skip(first) {
            let is_done = |index: usize| done.get(index).copied().unwrap_or(false);
            if !is_done(index) && component(index) == stage.component && node.parent.is_none_or(is_done) {
                if let Some(done) = done.get_mut(index) {
                    *done = true;
                }
                stage.nodes.push(index);
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
        let nodes: Vec<_> = tree
            .iter()
            .map(|&(_, parent)| Node { rule_id: Arc::from("rule"), rule: None, parent, depth: 0, must_run: false })
            .collect();
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
