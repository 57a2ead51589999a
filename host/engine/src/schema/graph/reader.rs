//! Reads a schema as a graph.

use std::collections::HashMap;

use serde_json::Value;

use super::draft::Draft;
use super::subschema::{Graph, Own, Subschema};
use super::value::{below, count, names, object, shape, size};
use crate::schema::limits::{MAX_PATTERN_SIZES, MAX_PATTERNS, MAX_SUBSCHEMAS};
use crate::schema::pattern::{self, Patterns, Weight};
use crate::schema::problem::Problem;

/// The cost of a keyword without a cost of its own.
const KEYWORD: u64 = 16;
/// The cost of finding one member.
const LOOKUP: u64 = 8;

/// Reads the graph of a schema.
pub(in crate::schema) fn read<'s>(root: &'s Value, draft: Draft) -> Result<Graph<'s>, Problem> {
    shape(root, 1, true)?;
    let mut reader = GraphReader {
        root,
        draft,
        subschemas: Vec::new(),
        has_alternatives: false,
        indices: HashMap::new(),
        unread: Vec::new(),
        weights: HashMap::new(),
    };
    reader.subschema(root, String::new())?;
    while let Some((index, value)) = reader.unread.pop() {
        reader.read(index, value)?;
    }
    let patterns = reader.patterns();
    Ok(Graph { subschemas: reader.subschemas, has_alternatives: reader.has_alternatives, patterns })
}

struct GraphReader<'s> {
    root: &'s Value,
    draft: Draft,
    subschemas: Vec<Subschema<'s>>,
    has_alternatives: bool,
    /// The subschema at each address, so that a value that several references name is read once.
    indices: HashMap<usize, usize>,
    unread: Vec<(usize, &'s Value)>,
    weights: HashMap<&'s str, Weight>,
}

impl<'s> GraphReader<'s> {
    /// The index of a subschema, which is read later.
    fn subschema(&mut self, value: &'s Value, pointer: String) -> Result<usize, Problem> {
        let address = std::ptr::from_ref(value).addr();
        if let Some(index) = self.indices.get(&address) {
            return Ok(*index);
        }
        if !matches!(value, Value::Object(_) | Value::Bool(_)) {
            return Err(Problem::shape(&pointer, "a schema, which is an object or a boolean"));
        }
        if self.subschemas.len() == MAX_SUBSCHEMAS {
            return Err(Problem::TooManySubschemas);
        }
        let index = self.subschemas.len();
        let own = Own { value: KEYWORD, ..Own::default() };
        self.subschemas.push(Subschema { pointer, own, ..Subschema::default() });
        self.indices.insert(address, index);
        self.unread.push((index, value));
        Ok(index)
    }

    fn read(&mut self, index: usize, value: &'s Value) -> Result<(), Problem> {
        let Value::Object(keywords) = value else {
            return Ok(());
        };
        let mut subschema = self.subschemas.get_mut(index).map(std::mem::take).unwrap_or_default();
        for (keyword, value) in keywords {
            let at = below(&subschema.pointer, keyword);
            self.keyword(&mut subschema, keyword, value, at)?;
        }
        if let Some(entry) = self.subschemas.get_mut(index) {
            *entry = subschema;
        }
        Ok(())
    }

    /// Reads one keyword. Where the drafts differ, counts what any of them would do.
    fn keyword(
        &mut self,
        subschema: &mut Subschema<'s>,
        keyword: &'s str,
        value: &'s Value,
        at: String,
    ) -> Result<(), Problem> {
        let own = &mut subschema.own;
        match keyword {
            "$ref" => {
                let target = self.reference(value, &at)?;
                subschema.in_place.push(target);
            }
            "$dynamicRef" | "$recursiveRef" | "unevaluatedItems" | "unevaluatedProperties" => {
                return Err(Problem::keyword(&at, keyword));
            }
            "$schema" if !subschema.pointer.is_empty() => return Err(Problem::keyword(&at, keyword)),
            "not" | "if" | "then" | "else" => {
                let target = self.subschema(value, at)?;
                subschema.in_place.push(target);
            }
            "allOf" | "anyOf" | "oneOf" => {
                self.has_alternatives |= keyword != "allOf";
                subschema.in_place.extend(self.list(value, &at)?);
            }
            "dependentSchemas" => {
                let members = self.members(value, &at)?;
                own.object += LOOKUP * count(members.len());
                subschema.in_place.extend(members.into_iter().map(|(_, target)| target));
            }
            "dependencies" | "dependentRequired" => {
                for (name, needed) in object(value, &at)? {
                    let at = below(&at, name);
                    if needed.is_array() {
                        own.object += LOOKUP * (1 + count(names(needed, &at)?));
                    } else {
                        own.object += LOOKUP;
                        subschema.in_place.push(self.subschema(needed, at)?);
                    }
                }
            }
            "properties" => {
                subschema.properties = self.members(value, &at)?;
                own.object += LOOKUP * count(subschema.properties.len());
            }
            "patternProperties" => {
                for (pattern, target) in self.members(value, &at)? {
                    // `additionalProperties` matches every name once more.
                    own.name += 2 * self.pattern(pattern, &at)?;
                    subschema.patterns.push(target);
                }
            }
            "additionalProperties" => subschema.additional = Some(self.subschema(value, at)?),
            "propertyNames" => subschema.names = Some(self.subschema(value, at)?),
            "prefixItems" if self.draft == Draft::Draft202012 => subschema.prefix = self.list(value, &at)?,
            "items" if value.is_array() && self.draft != Draft::Draft202012 => {
                subschema.prefix = self.list(value, &at)?;
            }
            "items" | "additionalItems" => subschema.rest.push(self.subschema(value, at)?),
            "contains" => subschema.contains.push(self.subschema(value, at)?),
            "$defs" | "definitions" => drop(self.members(value, &at)?),
            "contentSchema" => drop(self.subschema(value, at)?),
            "pattern" => {
                let text = value.as_str().ok_or_else(|| Problem::shape(&at, "a text"))?;
                own.text += self.pattern(text, &at)?;
            }
            "required" => own.object += LOOKUP * count(names(value, &at)?),
            "type" if value.is_array() => drop(names(value, &at)?),
            "enum" | "const" => {
                own.value += size(value);
                own.text += 1;
            }
            "uniqueItems" => own.hashed += u64::from(value == &Value::Bool(true)),
            "minLength" | "maxLength" => own.text += 1,
            _ => own.value += 1,
        }
        Ok(())
    }

    /// The subschema that a `$ref` names. It must be in the same file.
    fn reference(&mut self, value: &'s Value, at: &str) -> Result<usize, Problem> {
        let text = value.as_str().ok_or_else(|| Problem::shape(at, "a text"))?;
        let outside = || Problem::reference(at, text);
        let pointer = text.strip_prefix('#').ok_or_else(outside)?;
        if pointer.contains('%') || !(pointer.is_empty() || pointer.starts_with('/')) {
            return Err(outside());
        }
        let target = self.root.pointer(pointer).ok_or_else(|| Problem::nowhere(at, text))?;
        // A schema on the way that claims another draft would change how the target is read.
        let ends = pointer.char_indices().filter(|(end, letter)| *letter == '/' && *end > 0).map(|(end, _)| end);
        for end in ends.chain([pointer.len()]).filter(|end| *end > 0) {
            let passed = pointer.get(..end).and_then(|way| self.root.pointer(way));
            if passed.and_then(|passed| passed.get("$schema")).is_some_and(Value::is_string) {
                return Err(Problem::keyword(at, "$schema"));
            }
        }
        self.subschema(target, pointer.chars().take(256).collect())
    }

    fn list(&mut self, value: &'s Value, at: &str) -> Result<Vec<usize>, Problem> {
        let items = value.as_array().ok_or_else(|| Problem::shape(at, "a list of schemas"))?;
        items.iter().enumerate().map(|(index, item)| self.subschema(item, below(at, &index.to_string()))).collect()
    }

    fn members(&mut self, value: &'s Value, at: &str) -> Result<Vec<(&'s str, usize)>, Problem> {
        let mut members = Vec::new();
        for (name, member) in object(value, at)? {
            members.push((name.as_str(), self.subschema(member, below(at, name))?));
        }
        Ok(members)
    }

    /// The steps that a pattern takes for each byte of text.
    fn pattern(&mut self, pattern: &'s str, at: &str) -> Result<u64, Problem> {
        if let Some(weight) = self.weights.get(pattern) {
            return Ok(weight.steps);
        }
        let weight = pattern::weigh(pattern).map_err(|refusal| Problem::pattern(at, pattern, refusal))?;
        self.weights.insert(pattern, weight);
        let patterns = self.patterns();
        if patterns.count > MAX_PATTERNS || patterns.size > MAX_PATTERN_SIZES {
            return Err(Problem::TooManyPatterns);
        }
        Ok(weight.steps)
    }

    fn patterns(&self) -> Patterns {
        Patterns { count: self.weights.len(), size: self.weights.values().map(|weight| weight.size).sum() }
    }
}
