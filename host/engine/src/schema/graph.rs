//! A schema as a graph: which subschema applies which others, to the same value or to the values inside it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::pattern::{self, Weight};
use super::problem::Problem;
use super::{MAX_DEPTH, MAX_PATTERN_SIZES, MAX_PATTERNS, MAX_SUBSCHEMAS, Patterns};

/// Every subschema of a file. The first is the root.
pub(super) struct Graph<'s> {
    pub(super) subschemas: Vec<Subschema<'s>>,
    /// Whether any of them has `anyOf` or `oneOf`.
    pub(super) has_alternatives: bool,
    pub(super) patterns: Patterns,
}

/// What one subschema applies, and what its own keywords cost.
#[derive(Default)]
pub(super) struct Subschema<'s> {
    /// Where it stands in the file.
    pub(super) pointer: String,
    /// Subschemas applied to the same value; one that is applied twice stands here twice.
    pub(super) in_place: Vec<usize>,
    /// Subschemas applied to members by name.
    pub(super) properties: Vec<(&'s str, usize)>,
    /// Subschemas applied to members whose name matches a pattern; any number of them may.
    pub(super) patterns: Vec<usize>,
    /// Applied to members that no name and no pattern covers.
    pub(super) additional: Option<usize>,
    /// Applied to the names themselves.
    pub(super) names: Option<usize>,
    /// Subschemas applied to items by position.
    pub(super) prefix: Vec<usize>,
    /// Subschemas applied to all items after the prefix.
    pub(super) rest: Vec<usize>,
    /// Subschemas applied to every item beside the others.
    pub(super) contains: Vec<usize>,
    /// The cost of its own keywords.
    pub(super) own: Own,
}

/// What the keywords of one subschema cost, in steps of about a nanosecond.
#[derive(Clone, Copy, Default)]
pub(super) struct Own {
    /// For each value.
    pub(super) value: u64,
    /// For each object, beyond that.
    pub(super) object: u64,
    /// For each byte of the value, if it is a text.
    pub(super) text: u64,
    /// For each byte of a member's name.
    pub(super) name: u64,
    /// How often the value and everything inside it is hashed.
    pub(super) hashed: u64,
}

/// A keyword's price where nothing else is said.
const KEYWORD: u64 = 16;
/// The price of looking for one member.
const LOOKUP: u64 = 8;

pub(super) fn read<'s>(root: &'s Value, draft: Draft) -> Result<Graph<'s>, Problem> {
    shape(root, 1, true)?;
    let mut reader = Reader {
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

/// The drafts that are understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Draft {
    Draft7,
    Draft201909,
    Draft202012,
}

impl Draft {
    /// What the library calls it.
    pub(super) fn library(self) -> jsonschema::Draft {
        match self {
            Self::Draft7 => jsonschema::Draft::Draft7,
            Self::Draft201909 => jsonschema::Draft::Draft201909,
            Self::Draft202012 => jsonschema::Draft::Draft202012,
        }
    }

    /// The draft that a schema says it is written in.
    pub(super) fn of(schema: &Map<String, Value>) -> Result<Self, Problem> {
        let Some(url) = schema.get("$schema") else {
            return Ok(Self::Draft202012);
        };
        match url.as_str().map(|url| url.trim_end_matches('#')) {
            Some("http://json-schema.org/draft-07/schema") => Ok(Self::Draft7),
            Some("https://json-schema.org/draft/2019-09/schema") => Ok(Self::Draft201909),
            Some("https://json-schema.org/draft/2020-12/schema") => Ok(Self::Draft202012),
            other => Err(Problem::draft(other.unwrap_or_default())),
        }
    }
}

/// Refuses what must not stand anywhere in a file, also where no known keyword leads.
fn shape(value: &Value, depth: usize, root: bool) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        return Err(Problem::TooDeep);
    }
    match value {
        Value::Object(members) => {
            if !root && members.get("$id").is_some_and(Value::is_string) {
                return Err(Problem::NestedId);
            }
            members.values().try_for_each(|member| shape(member, depth + 1, false))
        }
        Value::Array(items) => items.iter().try_for_each(|item| shape(item, depth + 1, false)),
        _ => Ok(()),
    }
}

struct Reader<'s> {
    root: &'s Value,
    draft: Draft,
    subschemas: Vec<Subschema<'s>>,
    has_alternatives: bool,
    /// The subschema at each address, so that a value that several references name is read once.
    indices: HashMap<usize, usize>,
    unread: Vec<(usize, &'s Value)>,
    weights: HashMap<&'s str, Weight>,
}

impl<'s> Reader<'s> {
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
        if let Some(place) = self.subschemas.get_mut(index) {
            *place = subschema;
        }
        Ok(())
    }

    /// Reads one keyword. Where the drafts differ, what any of them would do is counted.
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

    /// The subschema that a `$ref` names, which must stand in the same file.
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

fn object<'s>(value: &'s Value, at: &str) -> Result<&'s Map<String, Value>, Problem> {
    value.as_object().ok_or_else(|| Problem::shape(at, "an object"))
}

/// How many names a list has. Anything but different texts is refused here, before the library compares them.
fn names(value: &Value, at: &str) -> Result<usize, Problem> {
    let refused = || Problem::shape(at, "a list of different texts");
    let mut seen = HashSet::new();
    for name in value.as_array().ok_or_else(refused)? {
        if !seen.insert(name.as_str().ok_or_else(refused)?) {
            return Err(refused());
        }
    }
    Ok(seen.len())
}

/// What it costs to compare a value with this one, or with each of these.
fn size(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 4 + items.iter().map(size).sum::<u64>(),
        Value::Object(members) => 4 + members.values().map(|member| 8 + size(member)).sum::<u64>(),
        _ => 4,
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The RFC 6901 pointer to a member or item. It stops growing where nobody would read it.
fn below(pointer: &str, name: &str) -> String {
    if pointer.len() > 256 {
        return pointer.to_owned();
    }
    let name: String = name.chars().take(64).collect();
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
