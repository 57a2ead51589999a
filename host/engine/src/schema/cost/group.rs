//! Groups of subschemas that are applied to the same value.

use std::collections::{HashMap, HashSet};

use super::value::MANY;
use crate::excerpt::Excerpt;
use crate::schema::graph::{Graph, Subschema};
use crate::schema::problem::Problem;

/// Edges of all groups together that are followed for each level.
const MAX_EDGES: usize = 100_000;

/// All subschemas, those that are applied in place before those that apply them.
pub(super) fn order(graph: &Graph<'_>) -> Result<Vec<usize>, Problem> {
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
pub(super) struct Group {
    pub(super) members: Vec<Member>,
    /// The subschemas for each member name, each with the member of the group that applies it.
    pub(super) names: Vec<Vec<(usize, usize)>>,
    /// The same for each position of an item.
    pub(super) positions: Vec<Vec<(usize, usize)>>,
    /// How many subschemas are inside each other, without what is applied to the values inside.
    pub(super) nesting: u64,
}

pub(super) struct Member {
    pub(super) subschema: usize,
    /// In how many ways the group's head comes to apply it.
    pub(super) times: u64,
}

/// The groups of the root and of all subschemas that can be applied to a value inside the record.
#[derive(Default)]
pub(super) struct Groups {
    /// Each with its head.
    pub(super) groups: Vec<(usize, Group)>,
    /// Subschemas that only pass a value on, with the one that gets it, and over how many others. Most references are of that kind.
    pub(super) passing: Vec<(usize, usize, u64)>,
}

pub(super) fn groups(graph: &Graph<'_>, order: &[usize]) -> Result<Groups, Problem> {
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
pub(super) fn inside(subschema: &Subschema<'_>) -> impl Iterator<Item = usize> {
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
            if let Some(applied) = group.positions.get_mut(position) {
                applied.push((member, *target));
            }
        }
        group.members.push(Member { subschema: index, times });
    }
    group.names = names.into_values().collect();
    Ok(group)
}

/// Sets an entry of a list.
pub(super) fn set<T>(entries: &mut [T], index: usize, value: T) {
    if let Some(entry) = entries.get_mut(index) {
        *entry = value;
    }
}
