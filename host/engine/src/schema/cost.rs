//! How often subschemas can meet one value of a record, and what that costs: counted before any record is seen.
//!
//! A subschema is applied to a value together with all that it applies in place, directly or not: they form its *group*. The
//! members of a group apply further subschemas to the values inside. Going down level by level, the costs of all members are
//! added up for each member name and each item position, and the dearest name or position stands for its level.

use std::collections::{HashMap, HashSet};

use super::graph::{Graph, Own, Subschema};
use super::problem::Problem;
use super::{MAX_EVALUATIONS, MAX_NESTING, MAX_RECORD_DEPTH};
use crate::excerpt::Excerpt;

/// What one value at some depth of a record can cost at most.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Cost {
    /// Subschemas that it meets.
    pub(super) evaluations: u64,
    /// Steps for the value itself.
    pub(super) value: u64,
    /// Steps beyond that if it is an object.
    pub(super) object: u64,
    /// Steps for each byte of its text and of its name.
    pub(super) text: u64,
    /// Times that it is hashed, with everything inside it.
    pub(super) hashed: u64,
}

/// The costs at each depth of a record; the record itself is at depth 0.
pub(super) type Levels = Vec<Cost>;

/// Where counting stops. Far above all that a schema within [`MAX_EVALUATIONS`] can come to.
const MANY: u64 = 1 << 40;

/// Edges of all groups together that are looked at for each level.
const MAX_EDGES: usize = 100_000;

pub(super) fn measure(graph: &Graph<'_>) -> Result<Levels, Problem> {
    let order = order(graph)?;
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

impl Cost {
    fn own(own: &Own) -> Self {
        Self { evaluations: 1, value: own.value, object: own.object, text: own.text, hashed: own.hashed }
    }

    /// Of member names that a pattern is tried on.
    fn named(own: &Own) -> Self {
        Self { text: own.name, ..Self::default() }
    }

    fn each(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let combine = |left, right| combine(left, right).min(MANY);
        Self {
            evaluations: combine(self.evaluations, other.evaluations),
            value: combine(self.value, other.value),
            object: combine(self.object, other.object),
            text: combine(self.text, other.text),
            hashed: combine(self.hashed, other.hashed),
        }
    }

    fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    fn times(self, count: u64) -> Self {
        self.each(Self::default(), |cost, _| cost.saturating_mul(count))
    }

    pub(super) fn max(self, other: Self) -> Self {
        self.each(other, u64::max)
    }
}

/// All subschemas, those that are applied in place before those that apply them.
fn order(graph: &Graph<'_>) -> Result<Vec<usize>, Problem> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; graph.subschemas.len()];
    let mut order = Vec::with_capacity(marks.len());
    for start in 0..graph.subschemas.len() {
        let mut stack = vec![(start, 0)];
        while let Some((index, next)) = stack.pop() {
            let Some((mark, subschema)) = marks.get_mut(index).zip(graph.subschemas.get(index)) else { continue };
            if next == 0 {
                match mark {
                    Mark::Done => continue,
                    Mark::Open => return Err(Problem::Cycle { at: Excerpt::of(&subschema.pointer) }),
                    Mark::New => *mark = Mark::Open,
                }
            }
            match subschema.in_place.get(next) {
                Some(target) => stack.extend([(index, next + 1), (*target, 0)]),
                None => {
                    *mark = Mark::Done;
                    order.push(index);
                }
            }
        }
    }
    Ok(order)
}

/// A subschema and all that it applies in place, as far as they apply anything to the values inside.
#[derive(Default)]
struct Group {
    members: Vec<Member>,
    /// The subschemas for each member name, each with the member of the group that applies it.
    names: Vec<Vec<(usize, usize)>>,
    /// The same for each position of an item.
    positions: Vec<Vec<(usize, usize)>>,
    /// How many subschemas are inside each other, without what is applied to the values inside.
    nesting: u64,
}

struct Member {
    subschema: usize,
    /// In how many ways the group's head comes to apply it.
    times: u64,
}

/// The groups of the root and of all subschemas that can be applied to a value inside the record.
#[derive(Default)]
struct Groups {
    /// Each with its head.
    groups: Vec<(usize, Group)>,
    /// Subschemas that only pass a value on, to whom, and over how many others. Most references are of that kind.
    passing: Vec<(usize, usize, u64)>,
}

fn groups(graph: &Graph<'_>, order: &[usize]) -> Result<Groups, Problem> {
    let mut rank = vec![0; order.len()];
    for (position, index) in order.iter().enumerate() {
        set(&mut rank, *index, position);
    }
    let mut found = Groups::default();
    let mut heads = HashSet::new();
    let mut edges = 0;
    let mut waiting = vec![0];
    while let Some(head) = waiting.pop() {
        if !heads.insert(head) {
            continue;
        }
        let (target, passed) = end(graph, head);
        if passed > 0 {
            found.passing.push((head, target, passed));
            waiting.push(target);
            continue;
        }
        let group = group(graph, &rank, head, &mut edges)?;
        for member in &group.members {
            let Some(subschema) = graph.subschemas.get(member.subschema) else { continue };
            waiting.extend(inside(subschema));
        }
        found.groups.push((head, group));
    }
    Ok(found)
}

/// Follows subschemas that do no more than apply one other in place. The order has shown that this ends.
fn end(graph: &Graph<'_>, head: usize) -> (usize, u64) {
    let (mut at, mut passed) = (head, 0);
    while let Some(subschema) = graph.subschemas.get(at) {
        match *subschema.in_place {
            [next] if inside(subschema).next().is_none() => (at, passed) = (next, passed + 1),
            _ => break,
        }
    }
    (at, passed)
}

/// All subschemas that one applies to the values inside.
fn inside(subschema: &Subschema<'_>) -> impl Iterator<Item = usize> {
    let named = subschema.properties.iter().map(|(_, target)| *target);
    let single = subschema.additional.into_iter().chain(subschema.names);
    let lists = [&subschema.patterns, &subschema.prefix, &subschema.rest, &subschema.contains];
    named.chain(single).chain(lists.into_iter().flatten().copied())
}

fn group(graph: &Graph<'_>, rank: &[usize], head: usize, edges: &mut usize) -> Result<Group, Problem> {
    let mut reached = HashSet::from([head]);
    let mut stack = vec![head];
    while let Some(index) = stack.pop() {
        let targets = graph.subschemas.get(index).map_or(&[][..], |subschema| &subschema.in_place);
        *edges += 1 + targets.len();
        if *edges > MAX_EDGES {
            return Err(Problem::TooEntangled);
        }
        stack.extend(targets.iter().filter(|target| reached.insert(**target)));
    }
    // From the head downwards, so that a subschema's count is complete before it is handed on.
    let mut reached: Vec<usize> = reached.into_iter().collect();
    reached.sort_unstable_by_key(|index| std::cmp::Reverse(rank.get(*index).copied()));

    let mut ways: HashMap<usize, (u64, u64)> = HashMap::from([(head, (1, 1))]);
    let mut group = Group::default();
    let mut names: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for index in reached {
        let (times, depth) = ways.get(&index).copied().unwrap_or_default();
        let Some(subschema) = graph.subschemas.get(index) else { continue };
        for target in &subschema.in_place {
            let (more, deeper) = ways.entry(*target).or_default();
            *more = more.saturating_add(times).min(MANY);
            *deeper = (*deeper).max(depth + 1);
        }
        group.nesting = group.nesting.max(depth);
        let children = inside(subschema).count();
        *edges += children;
        if *edges > MAX_EDGES {
            return Err(Problem::TooEntangled);
        }
        if children == 0 {
            continue;
        }
        let member = group.members.len();
        for (name, target) in &subschema.properties {
            names.entry(name).or_default().push((member, *target));
        }
        for (position, target) in subschema.prefix.iter().enumerate() {
            if group.positions.len() == position {
                group.positions.push(Vec::new());
            }
            if let Some(place) = group.positions.get_mut(position) {
                place.push((member, *target));
            }
        }
        group.members.push(Member { subschema: index, times });
    }
    group.names = names.into_values().collect();
    Ok(group)
}

/// Goes down the levels of a record.
fn descend(graph: &Graph<'_>, found: &Groups, at_once: Vec<Cost>) -> Result<Levels, Problem> {
    let mut levels = vec![at_once.first().copied().unwrap_or_default()];
    // What a value so many levels further down costs, and how many subschemas are inside each other there, for each head.
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

/// Gives subschemas that only pass values on what those have that they pass them to.
fn pass_on<T: Copy + Default>(found: &Groups, places: &mut [T], over: impl Fn(T, u64) -> T) {
    for (from, to, passed) in &found.passing {
        let value = places.get(*to).copied().unwrap_or_default();
        set(places, *from, over(value, *passed));
    }
}

fn set<T>(places: &mut [T], index: usize, value: T) {
    if let Some(place) = places.get_mut(index) {
        *place = value;
    }
}

impl Group {
    /// The cost of the dearest value so many levels below, given what its subschemas cost one level less below.
    fn below(&self, graph: &Graph<'_>, costs: &[Cost], next: bool) -> Cost {
        let cost = |target: &usize| costs.get(*target).copied().unwrap_or_default();
        let sum = |targets: &[usize]| targets.iter().map(cost).fold(Cost::default(), Cost::plus);

        // For each member: what every member value or item may meet, and what only those do that nothing else covers.
        let mut parts = Vec::with_capacity(self.members.len());
        let mut other_members = Cost::default();
        let mut other_items = Cost::default();
        for member in &self.members {
            let Some(subschema) = graph.subschemas.get(member.subschema) else { continue };
            let mut names = Cost::default();
            if next {
                // Names are texts: nothing is inside them.
                names = subschema.names.as_ref().map(cost).unwrap_or_default().plus(Cost::named(&subschema.own));
            }
            let patterns = sum(&subschema.patterns);
            let uncovered = patterns.max(subschema.additional.as_ref().map(cost).unwrap_or_default()).plus(names);
            let patterns = patterns.plus(names);
            let contains = sum(&subschema.contains);
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
/// all, in place of what they apply to others.
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

#[cfg(test)]
mod tests;
