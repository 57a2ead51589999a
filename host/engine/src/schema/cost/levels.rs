//! The cost of each level of a record.

use super::again;
use super::group::{Group, Groups, groups, inside, order, set};
use super::value::Cost;
use crate::schema::graph::Graph;
use crate::schema::limits::{MAX_EVALUATIONS, MAX_NESTING, MAX_RECORD_DEPTH};
use crate::schema::problem::Problem;
use crate::schema::steps::HASH;

/// The costs at each depth of a record; the record itself is at depth 0.
pub(in crate::schema) type Levels = Vec<Cost>;

/// Counts what each depth of a record can cost.
pub(in crate::schema) fn measure(graph: &mut Graph<'_>) -> Result<Levels, Problem> {
    let order = order(graph)?;
    again::add(graph, &order)?;
    let mut at_once = vec![Cost::default(); graph.subschemas.len()];
    for index in &order {
        let Some(subschema) = graph.subschemas.get(*index) else { continue };
        let mut cost = Cost::own(&subschema.own);
        for target in &subschema.in_place {
            cost = cost.plus(at_once.get(*target).copied().unwrap_or_default());
        }
        if cost.evaluations > MAX_EVALUATIONS {
            return Err(Problem::TooManyEvaluations { depth: 0 });
        }
        set(&mut at_once, *index, cost);
    }
    let groups = groups(graph, &order)?;
    descend(graph, &groups, at_once)
}

/// Goes down the levels of a record.
fn descend(graph: &Graph<'_>, found: &Groups, at_once: Vec<Cost>) -> Result<Levels, Problem> {
    let mut levels = vec![at_once.first().copied().unwrap_or_default()];
    // What a value further down costs, and how many subschemas are inside each other there, for each head.
    let mut costs = at_once;
    let mut nesting = vec![0; costs.len()];
    for (head, group) in &found.groups {
        set(&mut nesting, *head, group.nesting);
    }
    pass_on(found, &mut nesting, |nesting, passed| nesting + passed);
    while levels.len() <= MAX_RECORD_DEPTH {
        let mut next = vec![Cost::default(); costs.len()];
        let mut deeper = vec![0; nesting.len()];
        for (head, group) in &found.groups {
            set(&mut next, *head, group.below(graph, &costs, levels.len() == 1));
            let members = group.members.iter().filter_map(|member| graph.subschemas.get(member.subschema));
            let inner = members.flat_map(inside).filter_map(|target| nesting.get(target)).max();
            set(&mut deeper, *head, group.nesting + inner.copied().unwrap_or_default());
        }
        pass_on(found, &mut next, |cost, _| cost);
        pass_on(found, &mut deeper, |nesting, passed| nesting + passed);
        let root = next.first().copied().unwrap_or_default();
        if root.evaluations > MAX_EVALUATIONS {
            return Err(Problem::TooManyEvaluations { depth: levels.len() });
        }
        if deeper.first().is_some_and(|nesting| *nesting > MAX_NESTING) {
            return Err(Problem::TooNested);
        }
        if next == costs && deeper == nesting {
            break;
        }
        levels.push(root);
        (costs, nesting) = (next, deeper);
    }
    levels.resize(MAX_RECORD_DEPTH + 1, levels.last().copied().unwrap_or_default());
    Ok(levels)
}

/// Gives subschemas that only pass values on what the targets of the values have.
fn pass_on<T: Copy + Default>(found: &Groups, entries: &mut [T], over: impl Fn(T, u64) -> T) {
    for (from, to, passed) in &found.passing {
        let value = entries.get(*to).copied().unwrap_or_default();
        set(entries, *from, over(value, *passed));
    }
}

impl Group {
    /// The cost of the most expensive value some levels below, by what its subschemas cost one level less below.
    fn below(&self, graph: &Graph<'_>, costs: &[Cost], next: bool) -> Cost {
        let cost = |target: &usize| costs.get(*target).copied().unwrap_or_default();
        let sum = |targets: &[usize]| targets.iter().map(cost).fold(Cost::default(), Cost::plus);

        // For each member: what every member value or item may meet, and what only those do that nothing else covers.
        let mut parts = Vec::with_capacity(self.members.len());
        let mut other_members = Cost::default();
        let mut other_items = Cost::default();
        for member in &self.members {
            let Some(subschema) = graph.subschemas.get(member.subschema) else { continue };
            let (mut names, mut passing) = (Cost::default(), Cost::default());
            if next {
                // Names are texts: nothing is inside them.
                passing = Cost::child(&subschema.own);
                names = subschema.names.as_ref().map(cost).unwrap_or_default().plus(passing);
            }
            let patterns = sum(&subschema.patterns);
            let uncovered = patterns.max(subschema.additional.as_ref().map(cost).unwrap_or_default()).plus(names);
            let patterns = patterns.plus(names);
            let contains = sum(&subschema.contains).plus(passing);
            let rest = contains.plus(sum(&subschema.rest));
            other_members = other_members.plus(uncovered.times(member.times));
            other_items = other_items.plus(rest.times(member.times));
            parts.push(Part { times: member.times, patterns, uncovered, contains, rest });
        }

        let mut dearest = other_members.max(other_items);
        for name in &self.names {
            dearest = dearest.max(named(name, other_members, &parts, cost, |part| (part.patterns, part.uncovered)));
        }
        for position in &self.positions {
            dearest = dearest.max(named(position, other_items, &parts, cost, |part| (part.contains, part.rest)));
        }
        dearest
    }
}

/// What one member of a group applies to the values inside.
struct Part {
    times: u64,
    patterns: Cost,
    uncovered: Cost,
    contains: Cost,
    rest: Cost,
}

/// The cost of a member or item for which some of the group have a subschema of its own: those add it to what they apply to
/// all, instead of what they apply to others.
fn named(
    applied: &[(usize, usize)],
    others: Cost,
    parts: &[Part],
    cost: impl Fn(&usize) -> Cost,
    of: impl Fn(&Part) -> (Cost, Cost),
) -> Cost {
    applied.iter().fold(others, |sum, (member, target)| {
        let Some(part) = parts.get(*member) else { return sum };
        let (always, replaced) = of(part);
        let without = sum.each(replaced.times(part.times), u64::saturating_sub);
        without.plus(always.plus(cost(target)).times(part.times))
    })
}

/// The most steps that a byte of any record can need.
///
/// A value takes at least two bytes with the comma behind it. It is hashed once for each list around it that must not repeat items.
pub(in crate::schema) fn steps_per_byte(levels: &Levels) -> u64 {
    let of_level = |cost: &Cost| {
        cost.value.div_ceil(2).max((cost.value + cost.object).div_ceil(3)).max(cost.text).max(cost.number)
    };
    let hashed = levels.iter().map(|cost| cost.hashed).fold(0, u64::saturating_add);
    let hashing = hashed.saturating_mul(HASH.div_ceil(2) + 1);
    levels.iter().map(of_level).max().unwrap_or_default().saturating_add(hashing)
}
