//! What `unevaluatedProperties` and `unevaluatedItems` cost: they look again at what applies to the same value.

use super::group::set;
use crate::schema::graph::Graph;
use crate::schema::limits::MAX_EVALUATIONS;
use crate::schema::problem::Problem;
use crate::schema::steps::LOOK;

/// What a subschema and all that it applies in place come to.
#[derive(Clone, Default)]
struct Below {
    /// How many levels of subschemas are inside each other.
    levels: usize,
    /// How many subschemas are applied, each as often as it is.
    count: u64,
    /// Steps for each byte of a name.
    name: u64,
    /// Subschemas that are applied to every item.
    contains: Vec<usize>,
}

/// The most subschemas of items that are listed again: no schema within the other limits has more.
const MAX_CONTAINS: usize = 2_000;

/// Adds the cost of looking again to the subschemas that do.
///
/// # Errors
/// When a value could meet too many subschemas: then nothing is repeated.
pub(super) fn add(graph: &mut Graph<'_>, order: &[usize]) -> Result<(), Problem> {
    if !graph.subschemas.iter().any(|subschema| subschema.gathers) {
        return Ok(());
    }
    let mut all = vec![Below::default(); graph.subschemas.len()];
    for index in order {
        let Some(subschema) = graph.subschemas.get_mut(*index) else { continue };
        let mut below = Below { count: 1, name: subschema.own.name, contains: subschema.contains.clone(), levels: 0 };
        for target in subschema.in_place.iter().filter_map(|target| all.get(*target)) {
            below.levels = below.levels.max(target.levels + 1);
            below.count = below.count.saturating_add(target.count);
            below.name = below.name.saturating_add(target.name);
            below.contains.extend(target.contains.iter().take(MAX_CONTAINS.saturating_sub(below.contains.len())));
        }
        if below.count > MAX_EVALUATIONS {
            return Err(Problem::TooManyEvaluations { depth: 0 });
        }
        if subschema.gathers {
            below.count = below.count.saturating_mul(1 + crate::schema::steps::count(below.levels));
            if below.count > MAX_EVALUATIONS {
                return Err(Problem::TooManyEvaluations { depth: 0 });
            }
            // Each level is tried once more for the level above it.
            subschema.in_place = subschema.in_place.repeat(1 + below.levels);
            subschema.own.child =
                subschema.own.child.saturating_add(LOOK.saturating_mul(below.count)).min(super::value::MANY);
            subschema.own.name = subschema.own.name.saturating_add(below.name).min(super::value::MANY);
            subschema.contains.extend(&below.contains);
        }
        set(&mut all, *index, below);
    }
    Ok(())
}
