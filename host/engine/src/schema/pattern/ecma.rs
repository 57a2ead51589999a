//! Reads a pattern in the syntax of ECMA-262, as JSON Schema asks for it, with its `u` flag.
//!
//! What the syntax tree of the engine cannot express is refused: look-around, references to groups, `\c`. More is accepted than the
//! standard demands: braces and brackets without a meaning stand for themselves, and so does punctuation behind a backslash.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

use crate::schema::problem::PatternRefusal;

/// Groups inside each other.
const MAX_GROUPS: usize = 50;

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Hir, PatternRefusal> {
    let mut parser = Parser { pattern, at: 0, groups: 0 };
    let hir = parser.alternatives()?;
    match parser.peek() {
        None => Ok(hir),
        Some(_) => Err(parser.refused("a `)` without its `(`")),
    }
}

struct Parser<'p> {
    pattern: &'p str,
    /// The position, in bytes.
    at: usize,
    /// The groups that are open.
    groups: usize,
}

/// What a class has at one place.
enum Member {
    Letter(char),
    Set(ClassUnicode),
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Refuses what is before the position.
    fn refused(&self, what: &'static str) -> PatternRefusal {
        PatternRefusal::Syntax { at: self.pattern.get(..self.at).map_or(0, |read| read.chars().count()), what }
    }

    fn alternatives(&mut self) -> Result<Hir, PatternRefusal> {
        let mut alternatives = vec![self.sequence()?];
        while self.skip("|") {
            alternatives.push(self.sequence()?);
        }
        Ok(Hir::alternation(alternatives))
    }

    fn sequence(&mut self) -> Result<Hir, PatternRefusal> {
        let mut parts = Vec::new();
        while let Some(letter) = self.peek() {
            if matches!(letter, '|' | ')') {
                break;
            }
            let is_assertion =
                matches!(letter, '^' | '$') || ["\\b", "\\B"].iter().any(|text| self.rest().starts_with(text));
            let part = self.part()?;
            parts.push(self.repeated(part, is_assertion)?);
        }
        Ok(Hir::concat(parts))
    }

    fn part(&mut self) -> Result<Hir, PatternRefusal> {
        let before = self.at;
        Ok(match self.next() {
            Some('^') => Hir::look(Look::Start),
            Some('$') => Hir::look(Look::End),
            Some('.') => class(negated(ClassUnicode::new(ranges(&LINE_ENDS)))),
            Some('(') => self.group()?,
            Some('[') => self.class()?,
            Some('\\') => self.escape()?,
            Some('*' | '+' | '?') => return Err(self.refused("nothing to repeat")),
            Some('{') => {
                self.at = before;
                if self.times()?.is_some() {
                    return Err(self.refused("nothing to repeat"));
                }
                self.at = before + 1;
                literal('{')
            }
            Some(letter) => literal(letter),
            None => Hir::empty(),
        })
    }

    fn group(&mut self) -> Result<Hir, PatternRefusal> {
        if self.rest().starts_with('?') && !self.skip("?:") {
            if ["?=", "?!", "?<=", "?<!"].iter().any(|look| self.rest().starts_with(look)) {
                return Err(self.refused("look-around is not supported"));
            }
            if !self.skip("?<") {
                return Err(self.refused("`(?` must be followed by `:` or `<name>`"));
            }
            let name = self.rest().find('>').filter(|length| *length > 0);
            let Some(length) = name else { return Err(self.refused("the name of a group does not end")) };
            self.at += length + 1;
        }
        if self.groups == MAX_GROUPS {
            return Err(self.refused("too many groups inside each other"));
        }
        self.groups += 1;
        let inside = self.alternatives()?;
        self.groups -= 1;
        if self.skip(")") { Ok(inside) } else { Err(self.refused("a `(` without its `)`")) }
    }

    /// Reads the quantifier of a part, if it has one.
    fn repeated(&mut self, part: Hir, is_assertion: bool) -> Result<Hir, PatternRefusal> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                let before = self.at;
                match self.times()? {
                    Some(times) => {
                        self.at -= 1;
                        times
                    }
                    None => {
                        self.at = before;
                        return Ok(part);
                    }
                }
            }
            _ => return Ok(part),
        };
        self.at += 1;
        if is_assertion {
            return Err(self.refused("an assertion cannot be repeated"));
        }
        // Whether it is greedy means nothing for whether there is a match.
        self.skip("?");
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return Err(self.refused("nothing to repeat"));
        }
        Ok(Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(part) }))
    }

    /// Reads `{3}`, `{3,}` or `{3,5}`; none if it is something else.
    fn times(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternRefusal> {
        self.at += 1;
        let Some(length) = self.rest().find('}') else { return Ok(None) };
        let text = self.rest().get(..length).unwrap_or_default().to_owned();
        let (low, high) = match text.split_once(',') {
            None => (text.as_str(), Some(text.as_str())),
            Some((low, "")) => (low, None),
            Some((low, high)) => (low, Some(high)),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(low) || !high.is_none_or(is_number) {
            return Ok(None);
        }
        self.at += length + 1;
        let (Ok(low), Ok(high)) = (low.parse(), high.map(str::parse).transpose()) else {
            return Err(PatternRefusal::TooLarge);
        };
        if high.is_some_and(|high| high < low) {
            return Err(self.refused("a repetition whose bounds are out of order"));
        }
        Ok(Some((low, high)))
    }

    /// Reads what follows a backslash outside of a class.
    fn escape(&mut self) -> Result<Hir, PatternRefusal> {
        match self.peek() {
            Some('b') => {
                self.at += 1;
                Ok(Hir::look(Look::WordAscii))
            }
            Some('B') => {
                self.at += 1;
                Ok(Hir::look(Look::WordAsciiNegate))
            }
            Some('k' | '1'..='9') => {
                self.at += 1;
                Err(self.refused("references to groups are not supported"))
            }
            _ => Ok(match self.escaped()? {
                Member::Letter(letter) => literal(letter),
                Member::Set(set) => class(set),
            }),
        }
    }

    /// Reads what follows a backslash, in a class or not.
    fn escaped(&mut self) -> Result<Member, PatternRefusal> {
        let Some(letter) = self.next() else { return Err(self.refused("nothing follows the backslash")) };
        Ok(Member::Letter(match letter {
            'd' => return Ok(Member::Set(ClassUnicode::new(ranges(&DIGITS)))),
            'D' => return Ok(Member::Set(negated(ClassUnicode::new(ranges(&DIGITS))))),
            'w' => return Ok(Member::Set(ClassUnicode::new(ranges(&WORD)))),
            'W' => return Ok(Member::Set(negated(ClassUnicode::new(ranges(&WORD))))),
            's' => return Ok(Member::Set(ClassUnicode::new(ranges(&SPACE)))),
            'S' => return Ok(Member::Set(negated(ClassUnicode::new(ranges(&SPACE))))),
            'p' | 'P' => return self.property(letter == 'P').map(Member::Set),
            't' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            '0' if !self.peek().is_some_and(|next| next.is_ascii_digit()) => '\0',
            'x' => {
                let Some(code) = self.hexadecimal(2) else { return Err(self.refused("`\\x` needs two digits")) };
                char::from_u32(code).unwrap_or_default()
            }
            'u' => self.unicode()?,
            'c' => return Err(self.refused("`\\c` is not supported")),
            other if other.is_ascii_alphanumeric() => return Err(self.refused("an unknown escape")),
            other => other,
        }))
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let code = u32::from_str_radix(text, 16).ok()?;
        self.at += digits;
        Some(code)
    }

    /// Reads what follows `\u`: four digits, two such escapes for one character, or any number of digits in braces.
    fn unicode(&mut self) -> Result<char, PatternRefusal> {
        const WRONG: &str = "`\\u` needs four digits, or a character's number in braces";
        let code = if self.skip("{") {
            let length = self.rest().find('}').filter(|length| (1..=8).contains(length));
            let code = length.and_then(|length| self.hexadecimal(length));
            code.filter(|_| self.skip("}"))
        } else {
            match self.hexadecimal(4) {
                Some(high @ 0xd800..=0xdbff) if self.skip("\\u") => match self.hexadecimal(4) {
                    Some(low @ 0xdc00..=0xdfff) => Some(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
                    _ => None,
                },
                other => other,
            }
        };
        code.and_then(char::from_u32).ok_or_else(|| self.refused(WRONG))
    }

    /// Reads what follows `\p` or `\P`.
    fn property(&mut self, is_negated: bool) -> Result<ClassUnicode, PatternRefusal> {
        const WRONG: &str = "a property of Unicode that is not known: `\\p{L}`, `\\p{Lu}`, `\\p{Script=Greek}`";
        let name = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned());
        let legal =
            |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'='));
        let Some(name) = name.filter(legal) else { return Err(self.refused(WRONG)) };
        self.at += name.len() + 2;
        let parsed = regex_syntax::parse(&format!("\\p{{{name}}}"));
        match parsed.map(Hir::into_kind) {
            Ok(HirKind::Class(Class::Unicode(set))) => Ok(if is_negated { negated(set) } else { set }),
            // A property that a single character has.
            Ok(HirKind::Literal(text)) => {
                let letters = str::from_utf8(&text.0).unwrap_or_default().chars();
                let set = ClassUnicode::new(letters.map(|letter| ClassUnicodeRange::new(letter, letter)));
                Ok(if is_negated { negated(set) } else { set })
            }
            _ => Err(self.refused(WRONG)),
        }
    }

    /// Reads a class behind its bracket.
    fn class(&mut self) -> Result<Hir, PatternRefusal> {
        let is_negated = self.skip("^");
        let mut set = ClassUnicode::empty();
        loop {
            if self.skip("]") {
                break;
            }
            let low = self.class_member()?;
            let is_range = self.rest().starts_with('-') && !self.rest().starts_with("-]");
            match low {
                Member::Letter(low) if is_range => {
                    self.at += 1;
                    match self.class_member()? {
                        Member::Letter(high) if high >= low => set.push(ClassUnicodeRange::new(low, high)),
                        Member::Letter(_) => return Err(self.refused("a range whose ends are out of order")),
                        Member::Set(_) => return Err(self.refused("a range that ends in a class")),
                    }
                }
                Member::Letter(letter) => set.push(ClassUnicodeRange::new(letter, letter)),
                Member::Set(_) if is_range => return Err(self.refused("a range that begins with a class")),
                Member::Set(other) => set.union(&other),
            }
        }
        Ok(class(if is_negated { negated(set) } else { set }))
    }

    fn class_member(&mut self) -> Result<Member, PatternRefusal> {
        match self.next() {
            None => Err(self.refused("a `[` without its `]`")),
            Some('\\') if self.skip("b") => Ok(Member::Letter('\u{8}')),
            Some('\\') => self.escaped(),
            Some(letter) => Ok(Member::Letter(letter)),
        }
    }
}

const LINE_ENDS: [(char, char); 3] = [('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')];
const DIGITS: [(char, char); 1] = [('0', '9')];
const WORD: [(char, char); 4] = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
/// White space and line ends of ECMA-262.
const SPACE: [(char, char); 10] = [
    ('\t', '\r'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];

fn ranges(all: &[(char, char)]) -> impl Iterator<Item = ClassUnicodeRange> {
    all.iter().map(|(low, high)| ClassUnicodeRange::new(*low, *high))
}

fn negated(mut set: ClassUnicode) -> ClassUnicode {
    set.negate();
    set
}

fn class(set: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(set))
}

fn literal(letter: char) -> Hir {
    Hir::literal(letter.encode_utf8(&mut [0; 4]).as_bytes())
}
