//! The colored text that a terminal would show, as lines of spans.

/// The style of a span.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Look {
    pub(crate) is_bold: bool,
    pub(crate) is_dim: bool,
    pub(crate) color: Option<Color>,
}

/// The colors that the command line uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Color {
    Red,
    Green,
    Yellow,
    Magenta,
    Cyan,
}

/// Text of one style, and the column where it begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) column: usize,
    pub(crate) text: String,
    pub(crate) look: Look,
}

/// A character with its style.
pub(crate) type Cell = (char, Look);

/// Reads text with ANSI escapes.
///
/// # Errors
/// An escape sequence that the picture cannot show.
pub(crate) fn read(text: &str) -> Result<Vec<Vec<Cell>>, String> {
    let mut look = Look::default();
    text.lines().map(|line| cells(line, &mut look)).collect()
}

/// Breaks a line at spaces, as the command line does on a terminal with that number of columns. What follows is indented as far
/// as the last column of the line, if that begins in its left half.
pub(crate) fn wrap(mut line: Vec<Cell>, columns: usize) -> Vec<Vec<Cell>> {
    let mut lines = Vec::new();
    let indent = indent(&line, columns);
    while line.len() > columns {
        let space = (indent + 1..=columns).rev().find(|index| line.get(*index).is_some_and(|cell| cell.0 == ' '));
        let rest = line.split_off(space.unwrap_or(columns)).into_iter().skip_while(|cell| cell.0 == ' ');
        let rest: Vec<_> = std::iter::repeat_n((' ', Look::default()), indent).chain(rest).collect();
        lines.push(std::mem::replace(&mut line, rest));
    }
    lines.push(line);
    lines
}

/// Cuts what is too long, after a word, and says so with three dots.
pub(crate) fn cut(mut line: Vec<Cell>, columns: usize) -> Vec<Cell> {
    if line.len() > columns {
        line.truncate(columns.saturating_sub(3));
        let end = line.iter().rposition(|cell| cell.0 == ' ').unwrap_or(line.len());
        line.truncate(end);
        while line.pop_if(|cell| cell.0 == ',').is_some() {}
        let look = line.last().map(|cell| cell.1).unwrap_or_default();
        line.extend("...".chars().map(|dot| (dot, look)));
    }
    line
}

fn cells(line: &str, look: &mut Look) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\x1b') {
        cells.extend(before.chars().map(|character| (character, *look)));
        let sequence = after.strip_prefix('[').and_then(|after| after.split_once('m'));
        let (codes, after) = sequence.ok_or_else(|| format!("an escape sequence that sets no color: {after:?}"))?;
        for code in codes.split(';') {
            *look = apply(*look, code).ok_or_else(|| format!("the picture has no color for the code `{code}`"))?;
        }
        rest = after;
    }
    cells.extend(rest.chars().map(|character| (character, *look)));
    Ok(cells)
}

fn apply(look: Look, code: &str) -> Option<Look> {
    let colored = |color| Some(Look { color: Some(color), ..look });
    match code {
        "" | "0" => Some(Look::default()),
        "1" => Some(Look { is_bold: true, ..look }),
        "2" => Some(Look { is_dim: true, ..look }),
        "31" => colored(Color::Red),
        "32" => colored(Color::Green),
        "33" => colored(Color::Yellow),
        "35" => colored(Color::Magenta),
        "36" => colored(Color::Cyan),
        _ => None,
    }
}

fn indent(line: &[Cell], columns: usize) -> usize {
    let is_begin = |window: &[Cell]| matches!(window, [(' ', _), (' ', _), (character, _)] if *character != ' ');
    let begins = line.windows(3).enumerate().filter(|(_, window)| is_begin(window)).map(|(index, _)| index + 2);
    begins.take_while(|column| *column <= columns / 2).last().unwrap_or(0)
}

/// Groups characters of one style. Two spaces end a span: the next one begins at its column, whatever the font.
pub(crate) fn spans(line: &[Cell]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut spaces = 2;
    for (column, (character, look)) in line.iter().enumerate() {
        if *character == ' ' {
            spaces += 1;
            continue;
        }
        match spans.last_mut().filter(|span| spaces < 2 && span.look == *look) {
            Some(span) => span.text.extend(std::iter::repeat_n(' ', spaces).chain([*character])),
            None => spans.push(Span { column, text: character.to_string(), look: *look }),
        }
        spaces = 0;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<Cell> {
        read(text).unwrap().remove(0)
    }

    fn shown(line: &[Cell]) -> String {
        spans(line).iter().fold(String::new(), |shown, span| {
            let gap = span.column - shown.chars().count();
            format!("{shown}{}{}", " ".repeat(gap), span.text)
        })
    }

    #[test]
    fn escapes_become_styles() {
        let bold_red = Look { is_bold: true, color: Some(Color::Red), ..Look::default() };
        let dim = Look { is_dim: true, ..Look::default() };
        let span = |column, text: &str, look| Span { column, text: text.to_owned(), look };
        let lines = read("  \x1b[1;31mFAIL\x1b[0m   rule_1  a b\n\n\x1b[2mé\x1b[0mx").unwrap();
        let lines: Vec<_> = lines.iter().map(|line| spans(line)).collect();
        let plain = Look::default();
        assert_eq!(
            lines,
            [
                vec![span(2, "FAIL", bold_red), span(9, "rule_1", plain), span(17, "a b", plain)],
                vec![],
                vec![span(0, "é", dim), span(1, "x", plain)],
            ]
        );
    }

    #[test]
    fn long_lines_are_wrapped_below_their_column() {
        let wrapped = |text, columns| -> Vec<_> { wrap(line(text), columns).iter().map(|line| shown(line)).collect() };
        assert_eq!(
            wrapped("  FAIL  rule  one two three four five", 28),
            ["  FAIL  rule  one two three", "              four five"]
        );
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("  a  onewordwithoutend", 10), ["  a  onewo", "     rdwit", "     houte", "     nd"]);
    }

    #[test]
    fn long_lines_are_cut_after_a_word() {
        assert_eq!(shown(&cut(line("one two three"), 13)), "one two three");
        assert_eq!(shown(&cut(line("one two, three"), 13)), "one two...");
    }

    #[test]
    fn unknown_escapes_are_refused() {
        assert!(read("\x1b[4mx").unwrap_err().contains("`4`"));
        assert!(read("\x1b]0;title\x07").is_err());
    }
}
