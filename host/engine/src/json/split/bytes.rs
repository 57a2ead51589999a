//! Searching bytes.

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The length of the white space at the beginning.
pub(super) fn space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_space(**byte)).count()
}

/// The last byte other than white space.
pub(super) fn last_of(bytes: &[u8]) -> Option<u8> {
    bytes.iter().rev().copied().find(|byte| !is_space(*byte))
}

/// The last byte other than white space, if it is on the last line.
pub(super) fn last_on_line(bytes: &[u8]) -> Option<u8> {
    bytes.iter().rev().copied().find(|byte| !is_space(*byte) || *byte == b'\n').filter(|byte| *byte != b'\n')
}

pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    bytes.get(..length).unwrap_or(bytes)
}

/// The index of the first byte `wanted` at or behind `from`.
pub(super) fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let (blocks, tail) = bytes.get(from..)?.as_chunks::<32>();
    let is_wanted = |byte: &u8| *byte == wanted;
    // The fold has no exit in the middle, so that a block is compared as a whole.
    let has = |block: &&[u8; 32]| block.iter().fold(false, |found, byte| found | is_wanted(byte));
    let before = match blocks.iter().position(|block| has(&block)) {
        Some(block) => block * 32,
        None => (bytes.len() - tail.len()) - from,
    };
    let start = from + before;
    bytes.get(start..)?.iter().position(is_wanted).map(|index| start + index)
}

/// Whether a `}` is followed by a `{`, by white space, or by what may be a mark of UTF-8.
pub(super) fn has_loose_brace(bytes: &[u8]) -> bool {
    let is_loose = |(first, second): (&u8, &u8)| {
        // Without a branch, so that a block is compared as a whole.
        let is_space = (*second == b' ') | (*second == b'\t') | (*second == b'\r');
        (*first == b'}') & ((*second == b'{') | is_space | (*second == b'\xef'))
    };
    let firsts = bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default();
    let seconds = bytes.get(1..).unwrap_or_default();
    let ((firsts, first_tail), (seconds, second_tail)) = (firsts.as_chunks::<32>(), seconds.as_chunks::<32>());
    let has = |(firsts, seconds): (&[u8; 32], &[u8; 32])| {
        firsts.iter().zip(seconds).fold(false, |found, pair| found | is_loose(pair))
    };
    firsts.iter().zip(seconds).any(has) || first_tail.iter().zip(second_tail).any(is_loose)
}
