//! `cargo xtask picture`: the pictures at the top of the README, drawn from what the demo prints.
//!
//! The same output makes the same bytes: it has no times and no digests, and `cargo xtask test` compares.

use std::fs;

use crate::demo;
use crate::progress::{Progress, Step};
use crate::shell::{TaskError, Workspace, print};
use crate::wasm::{self, Consent, Target};

mod svg;
mod text;

use svg::{DARK, LIGHT, Palette};
use text::Cell;

/// Columns of the window: it is beside the text, and its letters have to stay legible.
const COLUMNS: usize = 72;
/// The pictures.
const PICTURES: [(&str, Palette); 2] = [("docs/img/demo-light.svg", LIGHT), ("docs/img/demo-dark.svg", DARK)];
/// The picture shows the first record with this status, and no more: it has to fit on one screen with the text beside it.
const SHOWN: &str = "FAIL";
/// The title of the window.
const TITLE: &str = "jurat";

/// Runs the demo and draws its output.
pub(crate) fn run(workspace: &Workspace, consent: Consent, is_verbose: bool) -> Result<(), TaskError> {
    let mut progress = Progress::new(4, is_verbose);
    let find = |step: &Step| wasm::ensure(workspace, Target::Rules, consent, step);
    let toolchain = progress.step("Find the WebAssembly target", find)?;
    let title = "Build Jurat and the sample rules";
    progress.step(title, |step| demo::build(workspace, &toolchain, step))?;
    progress.step("Sign and publish the sample rules", |step| demo::release(workspace, step))?;
    progress.step("Draw", |_| {
        let output = output(workspace)?;
        for (path, palette) in PICTURES {
            let file = workspace.root.join(path);
            let failed = |error| TaskError::new(format!("{path} cannot be written: {error}"));
            file.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
            fs::write(&file, draw(&output, &palette)?).map_err(failed)?;
        }
        Ok(())
    })?;
    print(&PICTURES.map(|(path, _)| format!("{path}\n")).concat());
    Ok(())
}

/// Compares the pictures with what the demo prints now. The demo has to have run.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let output = output(workspace)?;
    for (path, palette) in PICTURES {
        let advice = "`cargo xtask picture` draws it again";
        let found = fs::read_to_string(workspace.root.join(path))
            .map_err(|error| TaskError::new(format!("{path} cannot be read: {error}")).advise(advice))?;
        if found != draw(&output, &palette)? {
            return Err(TaskError::new(format!("{path} shows other than what the demo prints")).advise(advice));
        }
    }
    Ok(())
}

/// What the last step of the demo prints on a terminal.
fn output(workspace: &Workspace) -> Result<String, TaskError> {
    let call = workspace.call_jurat(&demo::JUDGE).args(&["--color", "always"]);
    match call.read_for_code()? {
        (1, output) => Ok(output),
        (code, _) => Err(TaskError::new(format!("the sample loans were not judged as in the demo: exit code {code}"))),
    }
}

/// Draws the command and its output: the first record that fails, how often each rule said what, and the totals.
fn draw(output: &str, palette: &Palette) -> Result<String, TaskError> {
    let command = format!("jurat {}", demo::JUDGE.join(" "));
    let lines = text::read(output.trim_end()).map_err(TaskError::new)?;
    let blocks: Vec<_> = lines.split(Vec::is_empty).collect();
    let (records, [counts, totals]) =
        blocks.split_last_chunk().ok_or_else(|| TaskError::new("the demo printed no totals"))?;
    let fails = |line: &Vec<Cell>| line.iter().map(|cell| cell.0).collect::<String>().contains(SHOWN);
    let record = records.iter().find(|record| record.iter().any(fails));
    let record = record.ok_or_else(|| TaskError::new("the demo printed no record that fails"))?;
    let mut shown = typed(&command)?;
    shown.push(Vec::new());
    shown.extend(record.iter().flat_map(|line| text::wrap(line.clone(), COLUMNS)));
    shown.push(Vec::new());
    if records.len() > 1 {
        shown.extend([dim(&format!("... and {} more loans ...", records.len() - 1))?, Vec::new()]);
    }
    shown.extend(counts.iter().map(|line| text::cut(line.clone(), COLUMNS)));
    shown.push(Vec::new());
    shown.extend(totals.iter().flat_map(|line| text::wrap(line.clone(), COLUMNS)));
    let lines: Vec<_> = shown.iter().map(|line| text::spans(line)).collect();
    let label = format!("A terminal. The command `{command}` prints for each loan which rules it breaks, and why.");
    Ok(svg::draw(TITLE, &label, &lines, COLUMNS, palette))
}

/// The command as one would type it, on lines that fit.
fn typed(command: &str) -> Result<Vec<Vec<Cell>>, TaskError> {
    let prompt = line("\x1b[32m$\x1b[0m ")?;
    // Columns for the prompt, and for the backslash at the end.
    let lines = text::wrap(line(&format!("\x1b[1m{command}\x1b[0m"))?, COLUMNS - 6);
    let last = lines.len().saturating_sub(1);
    let (continued, indent) = (line(" \\")?, line("    ")?);
    let lines = lines.into_iter().enumerate().map(|(index, typed)| {
        let (before, after) =
            (if index == 0 { &prompt } else { &indent }, if index < last { &continued[..] } else { &[] });
        [before, &typed[..], after].concat()
    });
    Ok(lines.collect())
}

fn dim(text: &str) -> Result<Vec<Cell>, TaskError> {
    line(&format!("\x1b[2m{text}\x1b[0m"))
}

fn line(text: &str) -> Result<Vec<Cell>, TaskError> {
    Ok(text::read(text).map_err(TaskError::new)?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
\x1b[1mLOAN-1\x1b[0m\n  \x1b[32mPASS\x1b[0m   rule_1\n
LOAN-2\n  PASS   rule_1\n\nLOAN-3\n  FAIL   rule_1\n\nLOAN-4\n  FAIL   rule_1\n
rule   PASS\nrule_1    4  <A description that has far too many words for a window of only so many columns, which is why it ends>\n
4 records: 2 passed, 2 failed\n";

    #[test]
    fn a_picture_has_the_command_the_first_record_that_fails_the_counts_and_the_totals() {
        let picture = draw(OUTPUT, &LIGHT).unwrap();
        for text in [
            ">$<",
            ">LOAN-3<",
            ">... and 3 more loans ...<",
            ">&lt;A description that has far too many words for a window...<",
            ">4 records: 2 passed, 2 failed<",
        ] {
            assert!(picture.contains(text), "{text}: {picture}");
        }
        assert!(!["LOAN-1", "LOAN-2", "LOAN-4", "\x1b"].iter().any(|text| picture.contains(text)), "{picture}");
        assert_eq!(picture, draw(OUTPUT, &LIGHT).unwrap());
        assert_ne!(picture, draw(OUTPUT, &DARK).unwrap());
        assert!(draw("nothing", &DARK).is_err());
    }
}
