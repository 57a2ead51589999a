//! Mutations that an attacker who knows the formats would try.

use std::ops::Range;

use crate::random::Random;

/// The longest input, in bytes.
const LONGEST: usize = 64 << 10;

/// Values to put instead of others: wrong kinds, integers at limits, texts that are something else elsewhere.
const VALUES: [&str; 30] = [
    "null",
    "true",
    "[]",
    "{}",
    "[[]]",
    "\"\"",
    "\"*\"",
    "\"..\"",
    "\"/\"",
    "\"t/*/*/*.json\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\u001b[2J\"",
    "\"\u{202e}\u{1f600}\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"2026-02-30T00:00:00Z\"",
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "1e400",
    "255",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
];

const BYTES: [u8; 16] = [0, 1, 0x0a, 0x20, 0x22, 0x2c, 0x30, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xc3, 0xff];

/// An entry of the corpus, changed one to four times.
pub(crate) fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone();
    for _ in 0..=random.below(4) {
        mutate(&mut bytes, corpus, random);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    match random.below(14) {
        0 | 1 => overwrite(bytes, random, |byte, random| byte ^ 1 << random.below(8)),
        2 => overwrite(bytes, random, |_, random| *random.pick(&BYTES)),
        3 => overwrite(bytes, random, |byte, random| byte.wrapping_add(if random.below(2) == 0 { 1 } else { 255 })),
        4 => bytes.truncate(random.position(bytes.len())),
        5 => replace(bytes, some_range(bytes, random), &[]),
        6 => {
            let inserted: Vec<_> = (0..=random.below(8)).map(|_| random.byte()).collect();
            insert(bytes, random.position(bytes.len()), &inserted);
        }
        7 => {
            let repeated = bytes[some_range(bytes, random)].to_vec();
            insert(bytes, random.position(bytes.len()), &repeated);
        }
        8 => {
            let other = random.pick(corpus);
            let spliced = other[some_range(other, random)].to_vec();
            replace(bytes, some_range(bytes, random), &spliced);
        }
        9 => {
            let other = random.pick(corpus);
            let rest = &other[random.position(other.len())..];
            bytes.truncate(random.position(bytes.len()));
            bytes.extend_from_slice(rest);
        }
        10 => nest(bytes, random),
        11 => repeat_member(bytes, random),
        _ => replace_value(bytes, random),
    }
}

fn overwrite(bytes: &mut [u8], random: &mut Random, new: fn(u8, &mut Random) -> u8) {
    if !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] = new(bytes[at], random);
    }
}

/// Mostly a short one: long ones leave little behind.
fn some_range(bytes: &[u8], random: &mut Random) -> Range<usize> {
    let start = random.position(bytes.len());
    let longest = if random.below(4) == 0 { bytes.len() - start } else { (bytes.len() - start).min(16) };
    start..start + random.position(longest)
}

fn insert(bytes: &mut Vec<u8>, at: usize, inserted: &[u8]) {
    replace(bytes, at..at, inserted);
}

fn replace(bytes: &mut Vec<u8>, range: Range<usize>, new: &[u8]) {
    drop(bytes.splice(range, new.iter().copied()));
}

/// Puts a value of JSON, or everything, into as many arrays or objects as are allowed, one more, or very many.
fn nest(bytes: &mut Vec<u8>, random: &mut Random) {
    let depth = *random.pick(&[1, 25, 31, 32, 33, 127, 128, 129, 5_000]);
    let (open, close) = *random.pick(&[("[", "]"), ("{\"a\":", "}")]);
    let range = value(bytes, random).unwrap_or(0..bytes.len());
    let inner = bytes[range.clone()].to_vec();
    let nested = [open.repeat(depth).as_bytes(), &inner, close.repeat(depth).as_bytes()].concat();
    replace(bytes, range, &nested);
}

/// Writes a member of an object, or an item of a list, a second time, behind itself or somewhere else.
fn repeat_member(bytes: &mut Vec<u8>, random: &mut Random) {
    let Some(value) = value(bytes, random) else { return };
    let start = bytes[..value.start].iter().rposition(|byte| matches!(byte, b'{' | b',')).map_or(0, |at| at + 1);
    let member = [b",", &bytes[start..value.end]].concat();
    let elsewhere = self::value(bytes, random).map_or(value.end, |other| other.end);
    insert(bytes, if random.below(2) == 0 { value.end } else { elsewhere }, &member);
}

fn replace_value(bytes: &mut Vec<u8>, random: &mut Random) {
    let Some(range) = value(bytes, random) else { return };
    let new = match random.below(8) {
        // The value of another member, of its own kind or not.
        0 | 1 => value(bytes, random).map(|other| bytes[other].to_vec()).unwrap_or_default(),
        // A text that is as long as limits are.
        2 => format!("\"{}\"", "x".repeat(*random.pick(&[63, 64, 65, 127, 128, 129, 255, 256, 1_024]))).into_bytes(),
        _ => random.pick(&VALUES).as_bytes().to_vec(),
    };
    replace(bytes, range, &new);
}

/// The range of a value behind a colon, if the bytes are JSON more or less: a text, a number, a word, or one that is in brackets.
fn value(bytes: &[u8], random: &mut Random) -> Option<Range<usize>> {
    let colons: Vec<_> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at + 1).collect();
    let start = if colons.is_empty() { return None } else { *random.pick(&colons) };
    let start = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let (mut depth, mut is_text) = (0_usize, false);
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'"' if at == 0 || bytes[at - 1] != b'\\' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' | b',' if depth == 0 => return Some(start..at),
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    Some(start..bytes.len())
}
