//! Whether an object has a key twice.
//!
//! Keys are compared unescaped, not as they are written. Most objects are small, so a key is first looked up in a mask
//! of 64 bits, which tells nearly always that it is new, and then among the keys so far. An object with many keys is sorted at
//! its end instead: no object, however hostile, costs more than n log n.

use super::string::unescape_into;

/// Above this many keys an object is sorted.
const FEW: usize = 32;

/// The keys of the objects that are open.
#[derive(Debug, Default)]
pub(super) struct Keys {
    seen: Vec<Key>,
    /// The escaped ones among them, unescaped, end to end.
    unescaped: String,
}

/// One object that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    first: usize,
    unescaped: usize,
    mask: u64,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) print: u64,
    /// The offset of its inside in the record, as it is written there.
    at: u32,
    start: u32,
    end: u32,
    is_escaped: bool,
}

/// The position of a key that its object already has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Repeated(pub(super) u32);

impl Keys {
    pub(super) fn clear(&mut self) {
        self.seen.clear();
        self.unescaped.clear();
    }

    pub(super) fn enter(&self) -> Frame {
        Frame { first: self.seen.len(), unescaped: self.unescaped.len(), mask: 0 }
    }

    /// Adds the key whose inside lies at `start..end` of `text`.
    #[inline]
    pub(super) fn add(
        &mut self,
        frame: &mut Frame,
        text: &str,
        (start, end): (u32, u32),
        is_escaped: bool,
    ) -> Result<Key, Repeated> {
        let key = if is_escaped {
            self.unescape(text, start, end)
        } else {
            let print = fingerprint(slice(text.as_bytes(), start, end));
            Key { print, at: start, start, end, is_escaped }
        };
        let bit = 1 << (key.print >> 58);
        if frame.mask & bit != 0 && self.seen.len() - frame.first <= FEW {
            let bytes = self.bytes(&key, text);
            let earlier = self.seen.get(frame.first..).unwrap_or_default();
            if earlier.iter().any(|other| other.print == key.print && self.bytes(other, text) == bytes) {
                return Err(Repeated(start));
            }
        }
        frame.mask |= bit;
        self.seen.push(key);
        Ok(key)
    }

    pub(super) fn leave(&mut self, frame: Frame, text: &str) -> Result<(), Repeated> {
        if self.seen.len() - frame.first > FEW
            && let Some(repeated) = self.first_repeated(frame, text)
        {
            return Err(repeated);
        }
        self.seen.truncate(frame.first);
        self.unescaped.truncate(frame.unescaped);
        Ok(())
    }

    /// The bytes of a key, unescaped.
    #[inline]
    pub(super) fn bytes<'a>(&'a self, key: &Key, text: &'a str) -> &'a [u8] {
        bytes(key, text, &self.unescaped)
    }

    #[cold]
    fn unescape(&mut self, text: &str, at: u32, end: u32) -> Key {
        // INVARIANT: what a string says is never longer than its text, and a record is shorter than 2 GiB, so this fits.
        let offset = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let start = offset(self.unescaped.len());
        unescape_into(text.get(at as usize..end as usize).unwrap_or_default(), &mut self.unescaped);
        let end = offset(self.unescaped.len());
        let print = fingerprint(slice(self.unescaped.as_bytes(), start, end));
        Key { print, at, start, end, is_escaped: true }
    }

    #[cold]
    fn first_repeated(&mut self, frame: Frame, text: &str) -> Option<Repeated> {
        let Self { seen, unescaped } = self;
        let keys = seen.get_mut(frame.first..)?;
        // Where fingerprints are equal the keys themselves decide, so that equal fingerprints, made on purpose, cost no more.
        keys.sort_unstable_by(|a, b| {
            let by_bytes = || bytes(a, text, unescaped).cmp(bytes(b, text, unescaped));
            a.print.cmp(&b.print).then_with(by_bytes).then(a.at.cmp(&b.at))
        });
        let equal = |a: &Key, b: &Key| a.print == b.print && bytes(a, text, unescaped) == bytes(b, text, unescaped);
        let repeated = keys.windows(2).filter_map(|pair| match pair {
            [a, b] if equal(a, b) => Some(b.at),
            _ => None,
        });
        repeated.min().map(Repeated)
    }
}

/// A number that equal keys share and that different keys seldom do.
#[inline]
pub(super) fn fingerprint(key: &[u8]) -> u64 {
    let (head, tail) = match (key.first_chunk(), key.last_chunk()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => match (key.first_chunk(), key.last_chunk()) {
            (Some(head), Some(tail)) => (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into()),
            _ => key.iter().fold((0, 0), |(head, _), &byte| (head << 8 | u64::from(byte), 0)),
        },
    };
    let mixed = head ^ tail.rotate_left(29) ^ (key.len() as u64).rotate_left(47);
    mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn bytes<'a>(key: &Key, text: &'a str, unescaped: &'a str) -> &'a [u8] {
    slice(if key.is_escaped { unescaped } else { text }.as_bytes(), key.start, key.end)
}

#[inline]
fn slice(bytes: &[u8], start: u32, end: u32) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests;
