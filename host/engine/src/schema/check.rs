//! Checks a record against a schema, within a bound of work.

use super::limits::MAX_ALTERNATIVE_MISTAKES;
use super::mistake::{Collected, Mistakes, Report, Silent, mistake};
use super::place::Place;
use super::program::{Assertion, Check, Compiled, Contains, Index, Items, Members, Program};
use super::steps::{HASH, LOOK, count};
use super::words::{self, counted};
use crate::json::{Branch, Kind, Shape, Tree};

mod alternatives;
mod assertion;
mod unevaluated;

/// A check under way.
pub(super) struct Checker<'p> {
    program: &'p Program,
    /// The steps that may still be done.
    left: u64,
}

/// The work would exceed its bound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooCostly;

impl<'p> Checker<'p> {
    pub(super) fn new(program: &'p Program, budget: u64) -> Self {
        Self { program, left: budget }
    }

    /// Whether a record follows the schema.
    pub(super) fn is_valid(&mut self, record: Branch<'_>) -> Result<bool, TooCostly> {
        self.apply(0, record, &Place::ROOT, &mut Silent)
    }

    /// All that is wrong with a record, as far as the work allows.
    pub(super) fn explain(&mut self, record: Branch<'_>, most: usize) -> (Mistakes, Result<bool, TooCostly>) {
        let mut report = Collected::new(most);
        let outcome = self.apply(0, record, &Place::ROOT, &mut report);
        (report.mistakes, outcome)
    }

    /// The steps that were done, of the most that a budget can be.
    #[cfg(test)]
    pub(super) fn spent(&self) -> u64 {
        u64::MAX - self.left
    }

    fn spend(&mut self, steps: u64) -> Result<(), TooCostly> {
        self.left = self.left.checked_sub(steps).ok_or(TooCostly)?;
        Ok(())
    }

    /// Whether a value follows a subschema.
    fn apply<R: Report>(
        &mut self,
        index: Index,
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        let program = self.program;
        let Some(subschema) = program.subschemas.get(index) else { return Ok(false) };
        self.spend_on(subschema, value)?;
        let mut is_valid = true;
        for check in &subschema.checks {
            if !self.holds((index, check), value, place, report)? {
                if !R::WANTS_ALL {
                    return Ok(false);
                }
                is_valid = false;
            }
        }
        Ok(is_valid)
    }

    /// Pays for what the keywords of a subschema cost on a value.
    #[inline]
    fn spend_on(&mut self, subschema: &Compiled, value: Branch<'_>) -> Result<(), TooCostly> {
        let own = &subschema.own;
        // INVARIANT: no text is longer than 4 GiB, and no subschema costs more than 2^30 for a byte: nothing overflows.
        let more = match value.kind() {
            Kind::Text | Kind::EscapedText | Kind::Number => {
                let steps = if value.kind() == Kind::Number { own.number } else { own.text };
                steps * count(value.written())
            }
            Kind::Array if own.hashed + own.compared > 0 => {
                let inside = (own.hashed + own.compared).saturating_mul(hashing(value));
                inside.saturating_add(own.child * count(value.count()))
            }
            Kind::Array => own.child * count(value.count()),
            Kind::Object | Kind::IndexedObject => {
                let inside = if own.compared > 0 { own.compared.saturating_mul(hashing(value)) } else { 0 };
                inside.saturating_add(own.object + own.child * count(value.count()))
            }
            Kind::Null | Kind::False | Kind::True => 0,
        };
        self.spend(own.value.saturating_add(more))
    }

    fn holds<R: Report>(
        &mut self,
        (index, check): (Index, &Check),
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        match check {
            Check::Assert(assertion) => Ok(assertion::holds(assertion, value, place, report)),
            Check::Apply(index) => self.apply(*index, value, place, report),
            Check::Members(members) => self.members(members, value, place, report),
            Check::Items(items) => self.items(items, value, place, report),
            Check::Contains(contains) => self.contains(contains, value, place, report),
            Check::AnyOf(alternatives) => self.any_of(alternatives, value, place, report),
            Check::OneOf(alternatives) => self.one_of(alternatives, value, place, report),
            Check::Not(index) => {
                let matches = self.apply(*index, value, place, &mut Silent)?;
                if matches {
                    report.add(|| mistake(place, value, "not", None, "matches what it must not match"));
                }
                Ok(!matches)
            }
            Check::If(parts) => {
                let holds = self.apply(parts.condition, value, place, &mut Silent)?;
                match if holds { parts.then } else { parts.otherwise } {
                    Some(index) => self.apply(index, value, place, report),
                    None => Ok(true),
                }
            }
            Check::DependentSchema(name, index) => match value.member(name) {
                Some(_) => self.apply(*index, value, place, report),
                None => Ok(true),
            },
            Check::UnevaluatedMembers(unevaluated) => {
                self.unevaluated_members((index, unevaluated), value, place, report)
            }
            Check::UnevaluatedItems(unevaluated) => self.unevaluated_items((index, unevaluated), value, place, report),
        }
    }

    fn members<R: Report>(
        &mut self,
        members: &Members,
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        if !value.is_object() {
            return Ok(true);
        }
        let properties = members.properties();
        let mut is_valid = true;
        if !R::WANTS_ALL && members.is_closed() && value.count() > 4 * properties.len() {
            // Many members, of which few matter.
            for property in properties {
                let holds = match (value.member(&property.name), property.subschema) {
                    (None, _) => !property.is_required,
                    (Some(member), Some(index)) => self.apply(index, member, place, report)?,
                    (Some(_), None) => true,
                };
                if !holds {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let (mut required, mut expected) = (0, 0);
        for (name, member) in value.children() {
            let place = place.member(name);
            let property = members.property(name, &mut expected);
            required += usize::from(property.is_some_and(|property| property.is_required));
            let declared = property.and_then(|property| property.subschema);
            let holds = if members.is_closed() {
                declared.map_or(Ok(true), |index| self.apply(index, member, &place, report))?
            } else {
                self.member(members, declared, (name, member), &place, report)?
            };
            if !holds {
                if !R::WANTS_ALL {
                    return Ok(false);
                }
                is_valid = false;
            }
        }
        if required < members.required {
            if !R::WANTS_ALL {
                return Ok(false);
            }
            self.spend(LOOK * count(properties.len()))?;
            let missing = properties.iter().filter(|property| property.is_required);
            for property in missing.filter(|property| value.member(&property.name).is_none()) {
                report.add(|| words::required(place, value, &property.name));
            }
            is_valid = false;
        }
        Ok(is_valid)
    }

    /// Whether a member and its name follow all that is applied to them.
    fn member<R: Report>(
        &mut self,
        members: &Members,
        declared: Option<Index>,
        (name, member): (&str, Branch<'_>),
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        let mut is_valid = true;
        if let Some(index) = members.names {
            let mut found = Collected::new(MAX_ALTERNATIVE_MISTAKES);
            let holds = Tree::with_text(name, |text| {
                if R::WANTS_ALL {
                    self.apply(index, text, place, &mut found)
                } else {
                    self.apply(index, text, place, &mut Silent)
                }
            })?;
            if !holds {
                for mistake in found.mistakes.list {
                    report.add(|| words::name(place, mistake));
                }
                is_valid = false;
            }
        }
        let mut is_covered = declared.is_some();
        if let Some(index) = declared {
            is_valid &= self.apply(index, member, place, report)?;
        }
        for (pattern, index) in &members.patterns {
            self.spend(pattern.steps.saturating_mul(count(name.len())))?;
            if pattern.matches(name) {
                is_covered = true;
                is_valid &= self.apply(*index, member, place, report)?;
            }
            if !is_valid && !R::WANTS_ALL {
                return Ok(false);
            }
        }
        if let Some(index) = members.additional.filter(|_| !is_covered) {
            if self.refuses_all(index) {
                report.add(|| {
                    mistake(place, member, "additionalProperties", Some("false".to_owned()), "is not allowed here")
                });
                return Ok(false);
            }
            is_valid &= self.apply(index, member, place, report)?;
        }
        Ok(is_valid)
    }

    fn items<R: Report>(
        &mut self,
        items: &Items,
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        if !value.is_array() {
            return Ok(true);
        }
        let mut is_valid = true;
        for (position, (_, item)) in value.children().enumerate() {
            let place = place.item(position);
            let Some(index) = items.prefix.get(position).copied().or(items.rest) else { break };
            if position >= items.prefix.len() && self.refuses_all(index) {
                report.add(|| mistake(&place, item, items.keyword, Some("false".to_owned()), "is not allowed here"));
                is_valid = false;
            } else if !self.apply(index, item, &place, report)? {
                is_valid = false;
            }
            if !is_valid && !R::WANTS_ALL {
                return Ok(false);
            }
        }
        Ok(is_valid)
    }

    fn contains<R: Report>(
        &mut self,
        contains: &Contains,
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        if !value.is_array() {
            return Ok(true);
        }
        let mut found = 0;
        for (position, (_, item)) in value.children().enumerate() {
            found += u64::from(self.apply(contains.item, item, &place.item(position), &mut Silent)?);
            if contains.max.map_or(found >= contains.min, |max| found > max) {
                break;
            }
        }
        let (keyword, limit, words) = if found < contains.min {
            let keyword = if contains.min == 1 { "contains" } else { "minContains" };
            let words = match contains.min {
                1 => "has none of the items that it must contain".to_owned(),
                min => format!("has {found} of the items that it must contain, and needs {min}"),
            };
            (keyword, contains.min, words)
        } else if let Some(max) = contains.max.filter(|max| found > *max) {
            ("maxContains", max, format!("has more than {} that it may contain so often", counted(max, "item")))
        } else {
            return Ok(true);
        };
        let expected = (keyword != "contains").then(|| limit.to_string());
        report.add(|| mistake(place, value, keyword, expected, &words));
        Ok(false)
    }

    fn refuses_all(&self, index: Index) -> bool {
        self.program
            .subschemas
            .get(index)
            .is_some_and(|subschema| matches!(*subschema.checks, [Check::Assert(Assertion::Never)]))
    }
}

/// What it costs to hash a value and everything inside it.
fn hashing(value: Branch<'_>) -> u64 {
    let own = HASH
        + match value.shape() {
            Shape::Text(text) => count(text.len()),
            Shape::Number(_) => value.number_token().map_or(0, |token| count(token.len())),
            _ => 0,
        };
    value
        .children()
        .fold(own, |sum, (name, child)| sum.saturating_add(count(name.len())).saturating_add(hashing(child)))
}
