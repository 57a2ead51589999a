//! `unevaluatedProperties` and `unevaluatedItems`: what no subschema that applies to the same value has looked at.

use super::{Checker, TooCostly};
use crate::json::Branch;
use crate::schema::mistake::{Report, Silent, mistake};
use crate::schema::place::Place;
use crate::schema::program::{Check, Index, Unevaluated, UnevaluatedItems};
use crate::schema::steps::{LOOK, count};

impl Checker<'_> {
    /// Whether the members that nothing has looked at follow the subschema of `unevaluatedProperties`.
    pub(super) fn unevaluated_members<R: Report>(
        &mut self,
        (index, unevaluated): (Index, &Unevaluated),
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        if !value.is_object() {
            return Ok(true);
        }
        let applied = self.applied(index, value, place)?;
        let mut is_valid = true;
        for (name, member) in value.children() {
            if self.has_evaluated_member(&applied, unevaluated, name)? {
                continue;
            }
            let place = place.member(name);
            is_valid &= self.rest(unevaluated.subschema, "unevaluatedProperties", member, &place, report)?;
            if !is_valid && !R::WANTS_ALL {
                return Ok(false);
            }
        }
        Ok(is_valid)
    }

    /// Whether the items that nothing has looked at follow the subschema of `unevaluatedItems`.
    pub(super) fn unevaluated_items<R: Report>(
        &mut self,
        (index, unevaluated): (Index, &UnevaluatedItems),
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        if !value.is_array() {
            return Ok(true);
        }
        let applied = self.applied(index, value, place)?;
        let mut is_valid = true;
        for (position, (_, item)) in value.children().enumerate() {
            let place = place.item(position);
            if self.has_evaluated_item(&applied, unevaluated, (position, item), &place)? {
                continue;
            }
            is_valid &= self.rest(unevaluated.subschema, "unevaluatedItems", item, &place, report)?;
            if !is_valid && !R::WANTS_ALL {
                return Ok(false);
            }
        }
        Ok(is_valid)
    }

    fn rest<R: Report>(
        &mut self,
        subschema: Index,
        keyword: &'static str,
        value: Branch<'_>,
        place: &Place<'_>,
        report: &mut R,
    ) -> Result<bool, TooCostly> {
        if self.refuses_all(subschema) {
            report.add(|| mistake(place, value, keyword, Some("false".to_owned()), "is not allowed here"));
            return Ok(false);
        }
        self.apply(subschema, value, place, report)
    }

    /// The subschemas that apply to a value together with one, and that it follows.
    fn applied(&mut self, index: Index, value: Branch<'_>, place: &Place<'_>) -> Result<Vec<Index>, TooCostly> {
        let mut applied = Vec::new();
        self.gather(index, value, place, &mut applied)?;
        Ok(applied)
    }

    fn gather(
        &mut self,
        index: Index,
        value: Branch<'_>,
        place: &Place<'_>,
        applied: &mut Vec<Index>,
    ) -> Result<(), TooCostly> {
        let program = self.program;
        let Some(subschema) = program.subschemas.get(index) else { return Ok(()) };
        self.spend(LOOK)?;
        applied.push(index);
        for check in &subschema.checks {
            match check {
                Check::Apply(index) => self.gather(*index, value, place, applied)?,
                Check::AnyOf(alternatives) | Check::OneOf(alternatives) => {
                    for index in alternatives {
                        if self.apply(*index, value, place, &mut Silent)? {
                            self.gather(*index, value, place, applied)?;
                        }
                    }
                }
                Check::If(parts) => {
                    let holds = self.apply(parts.condition, value, place, &mut Silent)?;
                    let condition = holds.then_some(parts.condition);
                    for index in condition.into_iter().chain(if holds { parts.then } else { parts.otherwise }) {
                        self.gather(index, value, place, applied)?;
                    }
                }
                Check::DependentSchema(name, index) if value.member(name).is_some() => {
                    self.gather(*index, value, place, applied)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn has_evaluated_member(
        &mut self,
        applied: &[Index],
        unevaluated: &Unevaluated,
        name: &str,
    ) -> Result<bool, TooCostly> {
        let program = self.program;
        self.spend(LOOK * count(applied.len()))?;
        for subschema in applied.iter().filter_map(|index| program.subschemas.get(*index)) {
            for check in &subschema.checks {
                match check {
                    Check::Members(members) => {
                        let mut expected = 0;
                        let declared = members.property(name, &mut expected);
                        if members.additional.is_some() || declared.is_some_and(|found| found.subschema.is_some()) {
                            return Ok(true);
                        }
                        for (pattern, _) in &members.patterns {
                            self.spend(pattern.steps.saturating_mul(count(name.len())))?;
                            if pattern.matches(name) {
                                return Ok(true);
                            }
                        }
                    }
                    Check::UnevaluatedMembers(other) if !std::ptr::eq(other, unevaluated) => return Ok(true),
                    _ => {}
                }
            }
        }
        Ok(false)
    }

    fn has_evaluated_item(
        &mut self,
        applied: &[Index],
        unevaluated: &UnevaluatedItems,
        (position, item): (usize, Branch<'_>),
        place: &Place<'_>,
    ) -> Result<bool, TooCostly> {
        let program = self.program;
        self.spend(LOOK * count(applied.len()))?;
        for subschema in applied.iter().filter_map(|index| program.subschemas.get(*index)) {
            for check in &subschema.checks {
                match check {
                    Check::Items(items) if items.rest.is_some() || position < items.prefix.len() => return Ok(true),
                    Check::Contains(contains)
                        if unevaluated.sees_contains && self.apply(contains.item, item, place, &mut Silent)? =>
                    {
                        return Ok(true);
                    }
                    Check::UnevaluatedItems(other) if !std::ptr::eq(other, unevaluated) => return Ok(true),
                    _ => {}
                }
            }
        }
        Ok(false)
    }
}
