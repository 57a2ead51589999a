//! From the text of a path to its segments, and back.

use std::fmt::{self, Write};

use super::error::PathError;
use super::segment::{MAX_INDEX, Segment};
use crate::excerpt::Excerpt;
use crate::json::MAX_DEPTH;

/// Reads a path.
pub(super) fn segments(path: &str) -> Result<Vec<Segment>, PathError> {
    foreign(path)?;
    let mut segments = Vec::new();
    let mut rest = path;
    loop {
        let key;
        (key, rest) = read_key(rest, segments.is_empty())?;
        segments.push(Segment::Key(key));
        while let Some(inside) = rest.strip_prefix('[') {
            let element;
            (element, rest) = read_element(inside)?;
            segments.push(Segment::Element(element));
        }
        if segments.len() > MAX_DEPTH {
            return Err(PathError::TooDeep);
        }
        if rest.is_empty() {
            return Ok(segments);
        }
        rest = rest.strip_prefix('.').ok_or(PathError::BehindElement)?;
    }
}

/// Writes a key so that it is read again.
pub(super) fn write_key(out: &mut impl Write, key: &str, is_first: bool) -> fmt::Result {
    let last = key.chars().next_back().map_or(0, |last| key.len() - last.len_utf8());
    let begins_specially = is_number(key) || (is_first && foreign(key).is_err());
    for (at, character) in key.char_indices() {
        let is_special = match character {
            '.' | '[' | ']' | '*' | '\\' => true,
            '"' | '\'' | '`' => at == 0,
            other if other.is_whitespace() => at == 0 || at == last,
            // No letter and no digit behind a sign: those never begin a key specially.
            _ => at == 0 && begins_specially,
        };
        if is_special {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    Ok(())
}

/// Refuses what is written in another language for paths.
fn foreign(path: &str) -> Result<(), PathError> {
    let mut characters = path.chars();
    match (characters.next(), characters.next()) {
        (Some('/'), _) => Err(PathError::JsonPointer { sign: '/' }),
        (Some('#'), Some('/')) => Err(PathError::JsonPointer { sign: '#' }),
        (Some(sign @ ('$' | '@')), None | Some('.' | '[')) => Err(PathError::JsonPath { sign }),
        _ => Ok(()),
    }
}

/// Reads the key at the beginning of a text, up to a dot, a bracket or the end. Returns the rest.
fn read_key(text: &str, is_first: bool) -> Result<(Box<str>, &str), PathError> {
    let mut key = String::new();
    let mut end = text.len();
    let mut has_escape = false;
    let mut ends_in_space = false;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if matches!(character, '.' | '[') {
            end = at;
            break;
        }
        ends_in_space = false;
        match character {
            '\\' => match characters.next() {
                None => return Err(PathError::OpenEscape),
                Some((_, letter)) if letter.is_alphabetic() => return Err(PathError::UnknownEscape { letter }),
                Some((_, escaped)) => {
                    has_escape = true;
                    key.push(escaped);
                }
            },
            ']' => return Err(PathError::Unopened),
            '*' => return Err(PathError::Wildcard),
            quote @ ('"' | '\'' | '`') if at == 0 => return Err(PathError::Quote { quote }),
            space if space.is_whitespace() && at == 0 => return Err(PathError::Space),
            other => {
                ends_in_space = other.is_whitespace();
                key.push(other);
            }
        }
    }
    let rest = text.get(end..).unwrap_or_default();
    if ends_in_space {
        return Err(PathError::Space);
    }
    if !key.is_empty() {
        let is_ambiguous = !has_escape && is_number(&key);
        return if is_ambiguous { Err(PathError::Number { key: Excerpt::of(&key) }) } else { Ok((key.into(), rest)) };
    }
    Err(match rest {
        _ if rest.starts_with("[]") => PathError::Lists,
        _ if !rest.starts_with('[') => PathError::EmptyKey,
        _ if is_first => PathError::ElementFirst,
        _ => PathError::DotBeforeElement,
    })
}

/// Reads an index and its closing bracket. Returns the rest.
fn read_element(inside: &str) -> Result<(u32, &str), PathError> {
    if inside.starts_with(['"', '\'', '`']) {
        return Err(PathError::KeyInBrackets);
    }
    let (index, rest) = inside.split_once(']').ok_or(PathError::Unclosed)?;
    match index.as_bytes() {
        [] => Err(PathError::Lists),
        b"*" => Err(PathError::Wildcard),
        [b'-', ..] if is_number(index) => Err(PathError::Negative { index: Excerpt::of(index) }),
        [b'0'] | [b'1'..=b'9', ..] if is_number(index) => match index.parse() {
            Ok(element @ 0..=MAX_INDEX) => Ok((element, rest)),
            _ => Err(PathError::TooLarge { index: Excerpt::of(index) }),
        },
        _ => Err(PathError::NotIndex { inside: Excerpt::of(index) }),
    }
}

/// Whether a key could be an index.
fn is_number(key: &str) -> bool {
    let digits = key.strip_prefix('-').unwrap_or(key);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
