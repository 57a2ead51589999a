//! Reads the keywords that stand for themselves.

use super::value::{check_numbers, names, number_token, object, size, text, whole};
use super::{LOOKUP, Open, Reader};
use crate::json::{Branch, Number};
use crate::schema::problem::Problem;
use crate::schema::program::{Bound, Check, Constant, Constants, DependentRequired, Index, Own, Types};
use crate::schema::resources::{Target, below};
use crate::schema::steps::count;

const DIVISOR: &str = "a number above 0 of at most 19 digits";

impl<'d> Reader<'_, 'd> {
    /// Reads one keyword that stands for itself.
    pub(super) fn keyword(
        &mut self,
        open: &mut Open<'d>,
        keyword: &'d str,
        value: Branch<'d>,
        at: &str,
    ) -> Result<(), Problem> {
        let own = &mut open.edges.own;
        let check = match keyword {
            "$ref" => {
                let reference = text(value, at)?;
                let (target, base) = self.resources.refer(&open.base, reference, at)?;
                let fragment = reference.split_once('#').map_or("", |(_, fragment)| fragment);
                let mut pointer: String = fragment.chars().take(256).collect();
                if target.document != open.document {
                    // Positions in other files begin with their names.
                    let file = self.documents.get(target.document).map_or("", |document| document.file.as_str());
                    pointer = format!("{file}#{pointer}");
                }
                let target = self.subschema(target, base, pointer)?;
                open.edges.in_place.push(target);
                Check::Apply(target)
            }
            "$dynamicRef" | "$recursiveRef" => return Err(Problem::keyword(at, keyword)),
            "not" => Check::Not(self.in_place(open, value, at)?),
            "allOf" => {
                for target in self.list(open, value, at)? {
                    open.checks.push(Check::Apply(target));
                }
                return Ok(());
            }
            "anyOf" => Check::AnyOf(self.list(open, value, at)?),
            "oneOf" => Check::OneOf(self.list(open, value, at)?),
            "dependentSchemas" => {
                for (name, member) in object(value, at)? {
                    self.dependent(open, name, member, &below(at, name))?;
                }
                return Ok(());
            }
            "dependencies" | "dependentRequired" => {
                let is_old = keyword == "dependencies";
                let keyword = if is_old { "dependencies" } else { "dependentRequired" };
                let mut required = DependentRequired { keyword, members: Vec::new() };
                for (name, needed) in object(value, at)? {
                    let at = below(at, name);
                    if needed.is_array() {
                        let needed: Vec<Box<str>> = names(needed, &at)?.into_iter().map(Box::from).collect();
                        open.edges.own.object += LOOKUP * (1 + count(needed.len()));
                        required.members.push((Box::from(name), needed));
                    } else if is_old {
                        self.dependent(open, name, needed, &at)?;
                    } else {
                        return Err(Problem::shape(&at, "a list of different texts"));
                    }
                }
                if required.members.is_empty() {
                    return Ok(());
                }
                Check::DependentRequired(required)
            }
            "$defs" | "definitions" => {
                for (name, member) in object(value, at)? {
                    self.part(open, member, below(at, name))?;
                }
                return Ok(());
            }
            "contentSchema" => {
                self.part(open, value, at.to_owned())?;
                return Ok(());
            }
            "type" => Check::Type(types(value, at)?),
            "enum" => {
                if !value.is_array() {
                    return Err(Problem::shape(at, "a list"));
                }
                check_numbers(value, at)?;
                own.value += size(value);
                own.text += 1;
                own.number += 1;
                own.compared += count(value.children().filter(|(_, item)| item.is_array() || item.is_object()).count());
                Check::Enum(Constants::of(value))
            }
            "const" => {
                check_numbers(value, at)?;
                own.value += size(value);
                own.text += 1;
                own.number += 1;
                own.compared += u64::from(value.is_array() || value.is_object());
                Check::Const(Constant::of(value))
            }
            "minimum" => Check::Bound(Bound::Minimum, number_token(value, at)?),
            "maximum" => Check::Bound(Bound::Maximum, number_token(value, at)?),
            "exclusiveMinimum" => Check::Bound(Bound::ExclusiveMinimum, number_token(value, at)?),
            "exclusiveMaximum" => Check::Bound(Bound::ExclusiveMaximum, number_token(value, at)?),
            "multipleOf" => {
                let token = number_token(value, at)?;
                let divisor = Number::of(&token).as_divisor();
                own.number += 4;
                own.value += 256;
                Check::MultipleOf(divisor.ok_or_else(|| Problem::shape(at, DIVISOR))?, token)
            }
            "minLength" => Check::MinLength(whole(value, at)?),
            "maxLength" => Check::MaxLength(whole(value, at)?),
            "minItems" => Check::MinItems(whole(value, at)?),
            "maxItems" => Check::MaxItems(whole(value, at)?),
            "minProperties" => Check::MinProperties(whole(value, at)?),
            "maxProperties" => Check::MaxProperties(whole(value, at)?),
            "uniqueItems" => match value.boolean().ok_or_else(|| Problem::shape(at, "a boolean"))? {
                true => Check::UniqueItems,
                false => return Ok(()),
            },
            "pattern" => {
                let pattern = self.pattern(text(value, at)?, at)?;
                own.text += pattern.steps;
                Check::Pattern(pattern)
            }
            "format" => match self.format(open, text(value, at)?, at) {
                Some(format) => Check::Format(format),
                None => return Ok(()),
            },
            // Others are read together, or say nothing about records.
            _ => return Ok(()),
        };
        match check {
            Check::UniqueItems => own_of(open).hashed += 1,
            Check::MinLength(_) | Check::MaxLength(_) => own_of(open).text += 1,
            Check::Bound(..) => {
                own_of(open).number += 1;
                own_of(open).value += 32;
            }
            Check::Type(_) => own_of(open).number += 1,
            Check::Format(format) => own_of(open).text += format.steps(),
            _ => {}
        }
        open.checks.push(check);
        Ok(())
    }

    /// A subschema below the one that is being read.
    pub(super) fn part(&mut self, open: &Open<'d>, value: Branch<'d>, at: String) -> Result<Index, Problem> {
        self.subschema(Target { document: open.document, value }, open.base.clone(), at)
    }

    pub(super) fn in_place(&mut self, open: &mut Open<'d>, value: Branch<'d>, at: &str) -> Result<Index, Problem> {
        let target = self.part(open, value, at.to_owned())?;
        open.edges.in_place.push(target);
        Ok(target)
    }

    fn list(&mut self, open: &mut Open<'d>, value: Branch<'d>, at: &str) -> Result<Vec<Index>, Problem> {
        if !value.is_array() || value.count() == 0 {
            return Err(Problem::shape(at, "a list of schemas that is not empty"));
        }
        let items = value.children().enumerate();
        items.map(|(index, (_, item))| self.in_place(open, item, &below(at, &index.to_string()))).collect()
    }

    fn dependent(&mut self, open: &mut Open<'d>, name: &str, value: Branch<'d>, at: &str) -> Result<(), Problem> {
        let target = self.in_place(open, value, at)?;
        open.edges.own.object += LOOKUP;
        open.checks.push(Check::DependentSchema(Box::from(name), target));
        Ok(())
    }
}

fn own_of<'o>(open: &'o mut Open<'_>) -> &'o mut Own {
    &mut open.edges.own
}

fn types(value: Branch<'_>, at: &str) -> Result<Types, Problem> {
    const EXPECTED: &str = "the name of a type, or a list of them";
    let mut types = Types::default();
    if value.is_array() {
        for name in names(value, at).map_err(|_| Problem::shape(at, EXPECTED))? {
            if !types.add(name) {
                return Err(Problem::shape(at, EXPECTED));
            }
        }
        if value.count() == 0 {
            return Err(Problem::shape(at, EXPECTED));
        }
    } else if !value.text().is_some_and(|name| types.add(name)) {
        return Err(Problem::shape(at, EXPECTED));
    }
    Ok(types)
}
