//! Rust as words with line numbers, without comments and tests, and usually without strings: enough to see what a file imports.

/// A word or a sign of the source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Token {
    /// A name or a keyword, `::`, or a single character.
    pub(crate) text: String,
    /// Its line, from 1.
    pub(crate) line: usize,
}

/// The text of the token that stands for a string.
pub(crate) const STRING: &str = "\"";

/// The tokens of a file that are not part of tests.
pub(crate) fn of_product(text: &str) -> Vec<Token> {
    without_tests(&all(text))
}

/// The same with a token for each string.
pub(crate) fn of_product_with_strings(text: &str) -> Vec<Token> {
    without_tests(&with_strings(text))
}

/// All tokens of a file.
pub(crate) fn all(text: &str) -> Vec<Token> {
    with_strings(text).into_iter().filter(|token| token.text != STRING).collect()
}

fn with_strings(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => {
                tokens.push(Token { text: STRING.to_owned(), line });
                string(rest)
            }
            '\'' => character(rest).unwrap_or(1),
            _ if let Some(length) = prefixed_string(rest) => {
                if !rest.get(..length).is_some_and(|literal| literal.ends_with('\'')) {
                    tokens.push(Token { text: STRING.to_owned(), line });
                }
                length
            }
            _ if is_name(first) => {
                let raw = if rest.starts_with("r#") { 2 } else { 0 };
                let name = rest.get(raw..).unwrap_or_default();
                let end = name.find(|char| !is_name(char)).unwrap_or(name.len());
                tokens.push(Token { text: name.get(..end).unwrap_or_default().to_owned(), line });
                raw + end
            }
            ':' if rest.starts_with("::") => {
                tokens.push(Token { text: "::".to_owned(), line });
                2
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(Token { text: first.to_string(), line });
                }
                first.len_utf8()
            }
        };
        let (read, unread) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        line += read.matches('\n').count();
        rest = unread;
    }
    tokens
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The length of a comment, with the comments inside it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (step, is_end) = match rest {
            _ if rest.starts_with("/*") => {
                depth += 1;
                (2, false)
            }
            _ if rest.starts_with("*/") => {
                depth -= 1;
                (2, depth == 0)
            }
            _ => (rest.chars().next().map_or(1, char::len_utf8), false),
        };
        at += step;
        if is_end {
            return at;
        }
    }
    text.len()
}

/// The length of a string that begins with a quote.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a string or character such as `b".."`, `c".."`, `r".."`, `br#".."#` or `b'.'`.
fn prefixed_string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.trim_start_matches('#').starts_with('"') || rest.starts_with('\''))
    })?;
    let rest = text.strip_prefix(prefix)?;
    if rest.starts_with('\'') {
        return character(rest).map(|length| prefix.len() + length);
    }
    if !prefix.ends_with('r') {
        return rest.starts_with('"').then(|| prefix.len() + string(rest));
    }
    let hashes = rest.find('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let body = rest.get(hashes + 1..)?;
    let close = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + close)
}

/// The length of a character in quotes; none for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, char)| *char == '\'').map(|(at, _)| at + 1);
    }
    chars.next().and_then(|(at, char)| (char == '\'').then_some(at + 1))
}

/// Leaves out every item with `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let Some((first, others)) = rest.split_first() {
        match attribute(rest) {
            Some((attribute, after)) if is_for_tests(attribute) => rest = after_item(after),
            _ => {
                kept.push(first.clone());
                rest = others;
            }
        }
    }
    kept
}

/// The names of the files that are modules for tests only: `#[cfg(test)] mod name;`.
pub(crate) fn test_modules(text: &str) -> Vec<String> {
    let tokens = all(text);
    let mut names = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((_, others)) = rest.split_first() {
        rest = match attribute(rest) {
            Some((attribute, after)) if is_for_tests(attribute) => {
                let item = after.get(..after.len() - after_item(after).len()).unwrap_or_default();
                let at = item.iter().position(|token| token.text == "mod");
                if let [_, name, end] = at.and_then(|at| item.get(at..)).unwrap_or_default()
                    && end.text == ";"
                {
                    names.push(name.text.clone());
                }
                after
            }
            _ => others,
        };
    }
    names
}

/// The attribute that begins here, and what follows it.
fn attribute(tokens: &[Token]) -> Option<(&[Token], &[Token])> {
    let [hash, bracket, ..] = tokens else { return None };
    if hash.text != "#" || bracket.text != "[" {
        return None;
    }
    let length = 1 + length_of_group(tokens.get(1..)?);
    tokens.split_at_checked(length)
}

fn is_for_tests(attribute: &[Token]) -> bool {
    let words: Vec<_> = attribute.iter().map(|token| token.text.as_str()).collect();
    matches!(words.as_slice(), ["#", "[", "cfg", "(", "test", ..] | ["#", "[", "cfg", "(", "all", "(", "test", ..])
}

/// The tokens of a group in brackets, from its first to its last.
fn length_of_group(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// What follows the item that begins here.
fn after_item(mut tokens: &[Token]) -> &[Token] {
    while let Some((_, after)) = attribute(tokens) {
        tokens = after;
    }
    while let Some((first, others)) = tokens.split_first() {
        let length = match first.text.as_str() {
            "(" | "[" | "{" => length_of_group(tokens),
            _ => 1,
        };
        tokens = tokens.get(length..).unwrap_or_default();
        if first.text == "{" {
            return tokens;
        }
        if first.text == ";" {
            return others;
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let words: Vec<_> = of_product(text).into_iter().map(|token| token.text).collect();
        assert_eq!(words.join(" "), expected, "{text}");
    }

    #[test]
    fn comments_strings_and_tests_are_not_code() {
        check("use crate::a; // crate::b\n/* crate::c /* d */ */ x", "use crate :: a ; x");
        check(r###"let a = "crate::b \" c"; f(r#"crate::"d""#, b"e", br"f\", c"g")"###, "let a = ; f ( , , , )");
        check(r"f('a', '\'', '\u{1}', b'x') -> &'a T<'_>", "f ( , , , ) - > & a T < _ >");
        check("r#type::r#fn", "type :: fn");
        check("#[cfg(test)]\n#[x]\nmod tests { use super::*; }\nfn a() {}", "fn a ( ) { }");
        check("#[cfg(all(test, unix))] use crate::{a, b}; mod c;", "; mod c ;");
        check("#[cfg(any(test, unix))] mod c;", "# [ cfg ( any ( test , unix ) ) ] mod c ;");
        check("fn f<'a>(x: &'a str) { #[cfg(test)] g(x); h(x) }", "fn f < a > ( x : & a str ) { h ( x ) }");
    }

    #[test]
    fn strings_can_be_kept() {
        let words: Vec<_> =
            of_product_with_strings("f(\"a\", 'b', r\"c\")").into_iter().map(|token| token.text).collect();
        assert_eq!(words.join(" "), "f ( \" , , \" )");
    }

    #[test]
    fn lines_are_counted_across_comments_and_strings() {
        let lines: Vec<_> = all("a\n\"b\nc\"\n/*\n*/ d").into_iter().map(|token| (token.text, token.line)).collect();
        assert_eq!(lines, [("a".to_owned(), 1), ("d".to_owned(), 5)]);
    }

    #[test]
    fn modules_for_tests_are_known_by_name() {
        let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)] mod c {}\n#[cfg(test)]\npub(crate) mod d;";
        assert_eq!(test_modules(text), ["b", "d"]);
    }
}
