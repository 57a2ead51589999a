//! Cargo's progress, read from the lines that it prints.
//!
//! Cargo draws a bar for people: `Building [====>   ] 212/349: wasmtime, h2(build)`. No stable interface gives the total, so the bar is
//! read. A cargo that draws it differently costs the count, and nothing else.

/// A line of a program that may be cargo.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Line {
    /// The bar.
    Bar(Bar),
    /// A crate that cargo begins with.
    Begun(String),
    /// Anything else.
    Other,
}

/// How far cargo is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Bar {
    /// Units that are compiled.
    pub(crate) done: usize,
    /// All units.
    pub(crate) total: usize,
    /// A crate that is being compiled, where the bar names one.
    pub(crate) name: Option<String>,
}

/// The environment in which cargo draws its bar even without a terminal: wide enough for a name.
pub(crate) const DRAWN: [(&str, &str); 2] =
    [("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "140")];

/// Reads a line. Colors do not matter.
pub(crate) fn read(line: &str) -> Line {
    let line = without_escapes(line);
    let line = line.trim();
    if let Some(bar) = line.strip_prefix("Building ").and_then(bar) {
        return Line::Bar(bar);
    }
    match line.strip_prefix("Compiling ").and_then(|rest| rest.split(' ').next()) {
        Some(name) if !name.is_empty() => Line::Begun(name.to_owned()),
        _ => Line::Other,
    }
}

/// `[====>   ] 212/349: wasmtime, h2(build)`; the names are missing where nothing runs yet.
fn bar(text: &str) -> Option<Bar> {
    let (_, counts) = text.strip_prefix('[')?.split_once("] ")?;
    let (counts, names) = counts.split_once(':').unwrap_or((counts, ""));
    let (done, total) = counts.trim().split_once('/')?;
    let name = names.split([',', '(']).next().map(str::trim);
    let name = name.filter(|name| !name.is_empty() && *name != "...").map(str::to_owned);
    Some(Bar { done: done.parse().ok()?, total: total.parse().ok()?, name })
}

/// The text without escape sequences.
pub(crate) fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            plain.push(character);
        } else if characters.next() == Some('[') {
            // The sequence ends with its first letter.
            characters.by_ref().find(|character| ('@'..='~').contains(character));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &Line) {
        assert_eq!(read(line), *expected, "{line:?}");
    }

    #[test]
    fn the_bar_is_read() {
        let bar = |name: Option<&str>| Line::Bar(Bar { done: 212, total: 349, name: name.map(str::to_owned) });
        check("    Building [====>   ] 212/349: wasmtime, h2(build)", &bar(Some("wasmtime")));
        check("\x1b[K\x1b[1m\x1b[96m    Building\x1b[0m [====>   ] 212/349: jurat(bin)  ", &bar(Some("jurat")));
        check("    Building [====>   ] 212/349", &bar(None));
        check("    Building [====>   ] 212/349: ...", &bar(None));
    }

    #[test]
    fn crates_are_read() {
        check("   Compiling wasmtime v48.0.8", &Line::Begun("wasmtime".to_owned()));
        check("\x1b[1m\x1b[92m   Compiling\x1b[0m jurat v0.1.0 (/a b/jurat)", &Line::Begun("jurat".to_owned()));
    }

    #[test]
    fn other_lines_say_nothing_of_progress() {
        for line in
            ["", "Building", "Building [", "Building [=] x/y", "Building a release", "Compiling", "error: Compiling a"]
        {
            check(line, &Line::Other);
        }
    }
}
