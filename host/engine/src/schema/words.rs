//! The words for what is wrong with a record: short, whatever the schema and the record hold.

use super::mistake::{Mistake, Mistakes, mistake};
use super::place::Place;
use super::program::{Assertion, Bound, Constant, DependentRequired};
use crate::excerpt::{Excerpt, shortened};
use crate::json::Branch;

/// Constants that are listed.
const LISTED: usize = 8;
/// The most bytes of a value of the schema.
const EXPECTED: usize = 256;

/// What is wrong with a value for which an assertion does not hold.
pub(super) fn unmet(place: &Place<'_>, value: Branch<'_>, assertion: &Assertion) -> Mistake {
    let (keyword, expected, words) = of(assertion, value);
    mistake(place, value, keyword, expected, &words)
}

/// The keyword, its value as JSON, and the words.
fn of(assertion: &Assertion, value: Branch<'_>) -> (&'static str, Option<String>, String) {
    let number = |keyword, limit: &u64, words: String| (keyword, Some(limit.to_string()), words);
    match assertion {
        Assertion::Never => ("false", Some("false".to_owned()), "must not be there".to_owned()),
        Assertion::Type(types) => {
            let names: Vec<&str> = types.names().collect();
            let expected = match *names {
                [name] => format!("\"{name}\""),
                _ => format!("[\"{}\"]", names.join("\",\"")),
            };
            ("type", Some(expected), format!("is not of type `{}`", names.join("` or `")))
        }
        Assertion::Const(constant) => ("const", Some(json(constant)), format!("is not {}", shown(constant, value))),
        Assertion::Enum(constants) => {
            let mut expected = String::new();
            for (index, constant) in constants.all.iter().enumerate().take_while(|(index, _)| *index <= EXPECTED) {
                expected.push(if index == 0 { '[' } else { ',' });
                constant.write(&mut expected, EXPECTED);
            }
            expected.push_str(if constants.all.is_empty() { "[]" } else { "]" });
            ("enum", Some(shortened(&expected).to_owned()), listed(&constants.all, value))
        }
        Assertion::Bound(bound, limit) => {
            let (keyword, words) = match bound {
                Bound::Minimum => ("minimum", "is below"),
                Bound::Maximum => ("maximum", "is above"),
                Bound::ExclusiveMinimum => ("exclusiveMinimum", "is not above"),
                Bound::ExclusiveMaximum => ("exclusiveMaximum", "is not below"),
            };
            let limit = &*limit.token;
            (keyword, Some(shortened(limit).to_owned()), format!("{words} `{}`", Excerpt::of(limit)))
        }
        Assertion::MultipleOf(_, token) => {
            ("multipleOf", Some(shortened(token).to_owned()), format!("is not a multiple of `{}`", Excerpt::of(token)))
        }
        Assertion::MinLength(min) => number("minLength", min, format!("has fewer than {}", counted(*min, "character"))),
        Assertion::MaxLength(max) => number("maxLength", max, format!("has more than {}", counted(*max, "character"))),
        Assertion::MinItems(min) => number("minItems", min, format!("has fewer than {}", counted(*min, "item"))),
        Assertion::MaxItems(max) => number("maxItems", max, format!("has more than {}", counted(*max, "item"))),
        Assertion::MinProperties(min) => {
            number("minProperties", min, format!("has fewer than {}", counted(*min, "member")))
        }
        Assertion::MaxProperties(max) => {
            number("maxProperties", max, format!("has more than {}", counted(*max, "member")))
        }
        Assertion::UniqueItems => ("uniqueItems", Some("true".to_owned()), "has two equal items".to_owned()),
        Assertion::Pattern(pattern) => (
            "pattern",
            Some(text(&pattern.text)),
            format!("does not match the pattern `{}`", Excerpt::of(&pattern.text)),
        ),
        Assertion::DependentRequired(dependent) => lacking(dependent, value),
        Assertion::Format(format) => {
            ("format", Some(text(format.name())), format!("is not in the format `{}`", format.name()))
        }
    }
}

/// A member that is missing because of another.
fn lacking(dependent: &DependentRequired, value: Branch<'_>) -> (&'static str, Option<String>, String) {
    let lacks = |needed: &Vec<Box<str>>| needed.iter().find(|needed| value.member(needed).is_none()).cloned();
    let mut found = dependent.members.iter().filter(|(name, _)| value.member(name).is_some());
    let found = found.find_map(|(name, needed)| Some((&**name, lacks(needed)?)));
    let (name, missing) = found.unwrap_or_default();
    let words = format!("has a member `{}` and no member `{}`", Excerpt::of(name), Excerpt::of(&missing));
    (dependent.keyword, Some(text(&missing)), words)
}

/// A member that is missing.
pub(super) fn required(place: &Place<'_>, value: Branch<'_>, name: &str) -> Mistake {
    mistake(place, value, "required", Some(text(name)), &format!("has no member `{}`", Excerpt::of(name)))
}

/// A name that does not follow its subschema.
pub(super) fn name(place: &Place<'_>, found: Mistake) -> Mistake {
    let words = if found.keyword == "false" { "is not allowed" } else { &found.message };
    let message = format!("the name {words}");
    Mistake { pointer: place.pointer(), keyword: "propertyNames", message, ..found }
}

/// How far a value is from an alternative; the lower, the closer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Distance {
    has_wrong_type: bool,
    /// Wrong constants of its own members: these tell alternatives apart more often than those further inside.
    near_constants: usize,
    far_constants: usize,
    mistakes: usize,
}

/// How far a value at a depth is from the alternative that it does not follow.
pub(super) fn distance(mistakes: &Mistakes, depth: usize) -> Distance {
    let level = |mistake: &Mistake| mistake.pointer.matches('/').count();
    let has_wrong_type = mistakes.list.iter().any(|mistake| mistake.keyword == "type" && level(mistake) <= depth);
    let is_constant = |mistake: &&Mistake| matches!(mistake.keyword, "const" | "enum");
    let constants = mistakes.list.iter().filter(is_constant);
    let (near, far): (Vec<_>, Vec<_>) = constants.partition(|mistake| level(mistake) <= depth + 1);
    let mistakes = mistakes.list.len().saturating_add(usize::try_from(mistakes.more).unwrap_or(usize::MAX));
    Distance { has_wrong_type, near_constants: near.len(), far_constants: far.len(), mistakes }
}

/// `1 item`, `3 items`
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn listed(all: &[Constant], value: Branch<'_>) -> String {
    let listed: Vec<String> = all.iter().take(LISTED).map(|constant| shown(constant, value)).collect();
    match all.len().saturating_sub(LISTED) {
        0 => format!("is none of {}", listed.join(", ")),
        more => format!("is none of {} and {more} more", listed.join(", ")),
    }
}

/// A value of the schema in a sentence about a value. Quotes tell the text `1` from the number.
fn shown(constant: &Constant, value: Branch<'_>) -> String {
    match constant {
        Constant::Text(text) if value.text().is_some() => format!("`{}`", Excerpt::of(text)),
        Constant::Array(_) | Constant::Object(_) => "the value that the schema gives".to_owned(),
        scalar => format!("`{}`", Excerpt::of(&json(scalar))),
    }
}

fn json(constant: &Constant) -> String {
    let mut out = String::new();
    constant.write(&mut out, EXPECTED);
    shortened(&out).to_owned()
}

fn text(text: &str) -> String {
    shortened(&serde_json::Value::from(shortened(text)).to_string()).to_owned()
}
