//! Escaping of foreign text, and text in columns.

/// Escapes a foreign text for one line of a terminal: nothing in it is invisible, moves the cursor or changes the direction of
/// writing.
///
/// Quotes and backslashes stay. A text longer than `most` characters is cut, and the rest is counted.
#[must_use]
pub fn plain(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * most));
    let mut characters = text.chars();
    for character in characters.by_ref().take(most) {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    match characters.count() {
        0 => {}
        more => shown.push_str(&format!("... ({more} more characters)")),
    }
    shown
}

/// The columns that a text needs on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Wraps a text to lines of at most `limit` columns: between words if possible, within a word if necessary.
pub(crate) fn wrap(text: &str, limit: Option<usize>) -> Vec<String> {
    let Some(limit) = limit else {
        return vec![text.to_owned()];
    };
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for (index, word) in text.split(' ').enumerate() {
        let needed = columns(word);
        if index > 0 && used + 1 + needed <= limit {
            line.push(' ');
            used += 1;
        } else if index > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for character in word.chars() {
            if used > 0 && used + width(character) > limit {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += width(character);
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// One column, or two for wide East Asian characters. Characters without a width have been escaped before.
fn width(character: char) -> usize {
    let is_wide = matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}');
    if is_wide { 2 } else { 1 }
}
