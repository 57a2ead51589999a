//! The drafts of JSON Schema that are understood, and their keywords.

use super::problem::Problem;

/// A draft of JSON Schema.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Draft {
    Draft7,
    Draft201909,
    #[default]
    Draft202012,
}

/// Which part of a schema lies below a keyword.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Below {
    /// A subschema.
    One,
    /// A list of subschemas.
    List,
    /// A subschema for each name.
    Map,
    /// A subschema, or a list of them.
    OneOrList,
    /// For each name a subschema or a list of names.
    MapOrNames,
}

/// Keywords of every draft that check nothing.
pub(super) const ANNOTATIONS: [&str; 19] = [
    "$id",
    "$schema",
    "$anchor",
    "$comment",
    "$defs",
    "$vocabulary",
    "$recursiveAnchor",
    "$dynamicAnchor",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// Keywords that check something.
pub(super) const CHECKING: [&str; 43] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "type",
    "enum",
    "const",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "required",
    "minProperties",
    "maxProperties",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

impl Draft {
    /// The draft with a URL, with or without TLS and an empty fragment.
    pub(super) fn of(url: &str) -> Result<Self, Problem> {
        let plain = url.strip_suffix('#').unwrap_or(url);
        let path = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://"));
        match path.map(|path| path.strip_prefix("json-schema.org/").unwrap_or_default()) {
            Some("draft-07/schema") => Ok(Self::Draft7),
            Some("draft/2019-09/schema") => Ok(Self::Draft201909),
            Some("draft/2020-12/schema") => Ok(Self::Draft202012),
            _ => Err(Problem::draft(url)),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Draft7 => "draft-07",
            Self::Draft201909 => "2019-09",
            Self::Draft202012 => "2020-12",
        }
    }

    /// Whether a keyword means something in the draft.
    pub(super) fn knows(self, keyword: &str) -> bool {
        let since_2019 = matches!(
            keyword,
            "dependentRequired"
                | "dependentSchemas"
                | "minContains"
                | "maxContains"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "$anchor"
                | "$vocabulary"
        );
        match keyword {
            "prefixItems" | "$dynamicRef" | "$dynamicAnchor" => self == Self::Draft202012,
            "$recursiveRef" | "$recursiveAnchor" => self == Self::Draft201909,
            "additionalItems" => self != Self::Draft202012,
            _ if since_2019 => self != Self::Draft7,
            _ => CHECKING.contains(&keyword) || ANNOTATIONS.contains(&keyword),
        }
    }

    /// The parts of a schema below a keyword; none for keywords without any.
    pub(super) fn below(self, keyword: &str) -> Option<Below> {
        match keyword {
            _ if !self.knows(keyword) => None,
            "not"
            | "if"
            | "then"
            | "else"
            | "additionalProperties"
            | "propertyNames"
            | "contains"
            | "additionalItems"
            | "contentSchema"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Some(Below::One),
            "items" => Some(Below::OneOrList),
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => Some(Below::List),
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => Some(Below::Map),
            "dependencies" => Some(Below::MapOrNames),
            _ => None,
        }
    }
}
