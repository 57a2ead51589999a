//! The outcomes of the attacks, for people.

use std::io::{self, Write};

use jurat_results::{Colors, Style, plain};

use super::drill::DrillOutcome;

/// The longest reason, in characters.
const SHOWN: usize = 400;
/// Columns before the text: the longest state, and a gap.
const MARGIN: usize = 8;
/// Columns before the expected and the actual answer.
const INDENT: usize = MARGIN + 10;
/// The fewest columns for text, even if the terminal is narrower.
const LEAST: usize = 24;

/// Prints all outcomes, grouped by attacker.
pub(super) fn write(outcomes: &[DrillOutcome], style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut attacker = "";
    for outcome in outcomes {
        if outcome.attacker_has != attacker {
            let gap = if attacker.is_empty() { "" } else { "\n" };
            attacker = outcome.attacker_has;
            writeln!(out, "{gap}An attacker who controls {attacker}")?;
        }
        let (state, color) = match outcome.held {
            Some(true) => ("held", "\x1b[32m"),
            Some(false) => ("FAILED", "\x1b[1;31m"),
            None => ("-", ""),
        };
        let gap = MARGIN - state.len();
        let state = match style.colors {
            Colors::On if !color.is_empty() => format!("{color}{state}\x1b[0m"),
            _ => state.to_owned(),
        };
        let lines = wrap(&format!("{}: {}", outcome.drill, outcome.attacker_does), style.width, MARGIN);
        writeln!(out, "{state}{:gap$}{lines}", "")?;
        let expected = wrap(outcome.expected_words, style.width, INDENT);
        writeln!(out, "{:MARGIN$}expected  {expected}", "")?;
        let happened = wrap(&plain(&outcome.happened, SHOWN), style.width, INDENT);
        writeln!(out, "{:MARGIN$}happened  {happened}", "")?;
    }
    let count = |held| outcomes.iter().filter(|outcome| outcome.held == held).count();
    let (held, failed, impossible) = (count(Some(true)), count(Some(false)), count(None));
    let rest = match impossible {
        0 => String::new(),
        1 => "; 1 is not applicable".to_owned(),
        many => format!("; {many} are not applicable"),
    };
    writeln!(out, "\n{held} of {} attacks were stopped as expected{rest}", held + failed)
}

/// Wraps a text between words. Lines after the first are indented.
fn wrap(text: &str, width: Option<usize>, indent: usize) -> String {
    let Some(limit) = width.map(|width| width.saturating_sub(indent).max(LEAST)) else { return text.to_owned() };
    let mut lines = String::new();
    let mut used = 0;
    for (index, word) in text.split(' ').enumerate() {
        let needed = word.chars().count();
        if index > 0 && used + 1 + needed > limit {
            lines.push_str(&format!("\n{:indent$}", ""));
            used = 0;
        } else if index > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += needed;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_a_terminal_and_are_left_alone_elsewhere() {
        let text = "one two three four five six seven eight nine ten";
        assert_eq!(wrap(text, None, 8), text);
        let wrapped = wrap(text, Some(34), 8);
        assert!(wrapped.lines().count() > 1 && wrapped.lines().all(|line| line.len() <= 34), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>().join(" "), text);
    }

    #[test]
    fn failures_and_attacks_that_do_not_apply_are_counted() {
        let outcome = |held| DrillOutcome {
            drill: "drill",
            attacker_has: "the CDN",
            attacker_does: "does something",
            expected: "altered",
            expected_words: "a file must match its digest",
            happened: "\u{1b}[2Jaccepted".to_owned(),
            held,
        };
        let mut out = Vec::new();
        let style = Style { width: Some(60), colors: Colors::Off };
        write(&[outcome(Some(true)), outcome(Some(false)), outcome(None)], style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\nFAILED  drill: does something\n") && !text.contains('\u{1b}'), "{text}");
        assert!(text.ends_with("\n1 of 2 attacks were stopped as expected; 1 is not applicable\n"), "{text}");
    }
}
