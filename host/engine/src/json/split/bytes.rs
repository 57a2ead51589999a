//! Searching bytes.

/// The length of the white space at the beginning.
pub(super) fn space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let length =
        bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).map_or(0, |last| last + 1);
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
