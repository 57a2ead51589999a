//! How the records of one route are read and judged: everything that is the same for all of them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::extract::{ColumnId, Plan, RelatedPlan};

/// Plans that are kept for further requests. One is needed for each rule list, field map and choice of id fields. When there are
/// more, all are dropped.
const KEPT_PLANS: usize = 1_024;

/// The key of a prepared route: it decides how records are read and judged.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct PlanKey {
    /// The rules, as an index into the rule lists.
    pub(crate) list: usize,
    /// The entity type, as an index into the router's.
    pub(crate) entity_type: usize,
    /// The field map; none without rules.
    pub(crate) field_map: Option<usize>,
    /// The paths to the record's id.
    pub(crate) id_fields: Arc<[String]>,
}

/// How the records of one route are read and judged.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) plan: Arc<Plan>,
    /// One for each node of the list, in its order.
    pub(crate) steps: Vec<Step>,
    /// The order in which nodes run: parents first, and the rules of one component together as far as that allows, so that a
    /// worker has one instance at a time.
    pub(crate) stages: Vec<Stage>,
    /// Whether a rule reads the time of the run.
    pub(crate) reads_now: bool,
    /// How related entities are read, as far as they have come up.
    pub(super) related: RwLock<HashMap<RelatedKey, Arc<RelatedPlan>>>,
}

/// A term, by its index in the plan, and the field map of its entity; none for a list of entities.
pub(super) type RelatedKey = (usize, Option<usize>);

/// One node of the list.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) runner: Runner,
    /// The columns of the rule's inputs.
    pub(crate) columns: Vec<ColumnId>,
}

/// The judge of a node.
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

/// Nodes that run one after the other.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Stage {
    /// The component that all of them need; none = no component at all.
    pub(crate) component: Option<usize>,
    pub(crate) nodes: Vec<usize>,
}

/// The routes that were prepared so far.
#[derive(Debug, Default)]
pub(super) struct PlanCache(RwLock<HashMap<PlanKey, Arc<Prepared>>>);

impl PlanCache {
    pub(super) fn get(&self, key: &PlanKey) -> Option<Arc<Prepared>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).map(Arc::clone)
    }

    pub(super) fn insert(&self, key: PlanKey, prepared: Arc<Prepared>) {
        let mut plans = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Callers choose the id fields, and with that the number of keys. They still cannot keep others from their plans.
        if plans.len() >= KEPT_PLANS {
            plans.clear();
        }
        plans.insert(key, prepared);
    }
}
