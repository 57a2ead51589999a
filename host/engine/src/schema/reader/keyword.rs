//! Reads the keywords that stand for themselves.

use super::value::{names, object, text};
use super::{LOOKUP, Open, Reader};
use crate::json::Branch;
use crate::schema::problem::Problem;
use crate::schema::program::{Assertion, Check, DependentRequired, Index};
use crate::schema::resources::{Target, below};
use crate::schema::steps::count;

impl<'d> Reader<'_, 'd> {
    /// Reads one keyword that stands for itself.
    pub(super) fn keyword(
        &mut self,
        open: &mut Open<'d>,
        keyword: &'d str,
        value: Branch<'d>,
        at: &str,
    ) -> Result<(), Problem> {
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
                Check::Assert(Assertion::DependentRequired(required))
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
            _ => match self.assertion(open, keyword, value, at)? {
                Some(assertion) => Check::Assert(assertion),
                // Others are read together, or say nothing about records.
                None => return Ok(()),
            },
        };
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
