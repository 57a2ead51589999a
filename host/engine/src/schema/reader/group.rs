//! Reads the keywords that depend on each other: about members, about items, and conditions.

use super::value::{names, object, whole};
use super::{CHILD, LOOKUP, Open, Reader, SEARCH};
use crate::json::Branch;
use crate::schema::draft::Draft;
use crate::schema::problem::Problem;
use crate::schema::program::{Check, Contains, If, Items, Members, Unevaluated, UnevaluatedItems};
use crate::schema::resources::below;
use crate::schema::steps::count;

impl<'d> Reader<'_, 'd> {
    /// Reads the keywords that are about members, which depend on each other.
    pub(super) fn members(&mut self, open: &mut Open<'d>) -> Result<(), Problem> {
        let at = |keyword: &str| below(&open.edges.pointer, keyword);
        let (properties_at, patterns_at, required_at) = (at("properties"), at("patternProperties"), at("required"));
        let (additional_at, names_at) = (at("additionalProperties"), at("propertyNames"));
        let mut declared = Vec::new();
        if let Some(value) = open.value.member("properties") {
            for (name, member) in object(value, &properties_at)? {
                declared.push((name, self.part(open, member, below(&properties_at, name))?));
            }
        }
        let required = match open.value.member("required") {
            Some(value) => names(value, &required_at)?,
            None => Vec::new(),
        };
        let mut members = Members::new(&declared, &required);
        if let Some(value) = open.value.member("patternProperties") {
            for (pattern, member) in object(value, &patterns_at)? {
                let target = self.part(open, member, below(&patterns_at, pattern))?;
                let pattern = self.pattern(pattern, &patterns_at)?;
                open.edges.own.name += pattern.steps;
                open.edges.patterns.push(target);
                members.patterns.push((pattern, target));
            }
        }
        if let Some(value) = open.value.member("additionalProperties") {
            members.additional = Some(self.part(open, value, additional_at)?);
        }
        if let Some(value) = open.value.member("propertyNames") {
            members.names = Some(self.part(open, value, names_at)?);
        }
        open.edges.additional = members.additional;
        open.edges.names = members.names;
        open.edges.properties = declared;
        if !members.properties().is_empty() || !members.is_closed() {
            let names = count(members.properties().len());
            open.edges.own.object += LOOKUP;
            open.edges.own.child += CHILD + SEARCH * u64::from(names.max(1).ilog2());
            open.checks.push(Check::Members(Box::new(members)));
        }
        Ok(())
    }

    /// Reads the keywords that are about items, which depend on each other.
    pub(super) fn items(&mut self, open: &mut Open<'d>) -> Result<(), Problem> {
        let at = |keyword: &str| below(&open.edges.pointer, keyword);
        let (items_at, prefix_at, rest_at, contains_at) =
            (at("items"), at("prefixItems"), at("additionalItems"), at("contains"));
        let (min_at, max_at) = (at("minContains"), at("maxContains"));
        let is_new = open.draft == Draft::Draft202012;
        let items = open.value.member("items");
        let (prefix, prefix_at, rest, rest_at) = match items {
            _ if is_new => (open.value.member("prefixItems"), prefix_at, items, items_at),
            Some(list) if list.is_array() => (items, items_at, open.value.member("additionalItems"), rest_at),
            _ => (None, prefix_at, items, items_at),
        };
        let keyword = if !is_new && items.is_some_and(Branch::is_array) { "additionalItems" } else { "items" };
        let mut found = Items { keyword, ..Items::default() };
        if let Some(prefix) = prefix {
            if !prefix.is_array() {
                return Err(Problem::shape(&prefix_at, "a list of schemas"));
            }
            for (index, (_, item)) in prefix.children().enumerate() {
                found.prefix.push(self.part(open, item, below(&prefix_at, &index.to_string()))?);
            }
        }
        if let Some(rest) = rest {
            found.rest = Some(self.part(open, rest, rest_at)?);
        }
        open.edges.prefix.clone_from(&found.prefix);
        open.edges.rest.extend(found.rest);
        if found.rest.is_some() || !found.prefix.is_empty() {
            open.edges.own.child += CHILD;
            open.checks.push(Check::Items(found));
        }
        if let Some(contains) = open.value.member("contains") {
            let item = self.part(open, contains, contains_at)?;
            let counted = |keyword: &str, at: &str| {
                let value = open.value.member(keyword).filter(|_| open.draft != Draft::Draft7);
                value.map(|value| whole(value, at)).transpose()
            };
            let (min, max) = (counted("minContains", &min_at)?.unwrap_or(1), counted("maxContains", &max_at)?);
            open.edges.contains.push(item);
            open.edges.own.child += CHILD;
            open.checks.push(Check::Contains(Contains { item, min, max }));
        }
        Ok(())
    }

    pub(super) fn condition(&mut self, open: &mut Open<'d>) -> Result<(), Problem> {
        let pointer = open.edges.pointer.clone();
        let mut part = |keyword: &str| {
            let Some(value) = open.value.member(keyword) else { return Ok(None) };
            self.in_place(open, value, &below(&pointer, keyword)).map(Some)
        };
        let (condition, then, otherwise) = (part("if")?, part("then")?, part("else")?);
        if let Some(condition) = condition {
            open.checks.push(Check::If(If { condition, then, otherwise }));
        }
        Ok(())
    }

    /// Reads the keywords that depend on what all others apply.
    pub(super) fn unevaluated(&mut self, open: &mut Open<'d>) -> Result<(), Problem> {
        let member = |keyword: &str| open.value.member(keyword).filter(|_| open.draft.knows(keyword));
        let (members, items) = (member("unevaluatedProperties"), member("unevaluatedItems"));
        let pointer = open.edges.pointer.clone();
        if let Some(value) = members {
            let subschema = self.part(open, value, below(&pointer, "unevaluatedProperties"))?;
            open.edges.patterns.push(subschema);
            open.checks.push(Check::UnevaluatedMembers(Unevaluated { subschema }));
        }
        if let Some(value) = items {
            let subschema = self.part(open, value, below(&pointer, "unevaluatedItems"))?;
            open.edges.contains.push(subschema);
            let sees_contains = open.draft == Draft::Draft202012;
            open.checks.push(Check::UnevaluatedItems(UnevaluatedItems { subschema, sees_contains }));
        }
        if members.is_some() || items.is_some() {
            open.edges.gathers = true;
            open.edges.own.child += CHILD;
        }
        Ok(())
    }
}
