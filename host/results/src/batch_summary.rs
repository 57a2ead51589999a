//! The summary of a batch, for people and for programs.

use std::io::{self, Write};

use jurat::{RuleSummary, Status, Summary};
use serde::Serialize;

use crate::lines::OutputKind;
use crate::table::{BOLD, DIM, LEAST, SHOWN_ID, Style, YELLOW, color, counted, remarks, totals};
use crate::text::{columns, plain, wrap};
use crate::visible::write_json;

/// The longest name of a file, in characters. The rest is counted.
const FILE: usize = 4_000;

/// The summary of a batch.
#[derive(Debug, Serialize)]
pub struct BatchSummary<'a> {
    /// The counts of the engine.
    #[serde(flatten)]
    pub summary: &'a Summary,
    /// Records that are in no file of records, because they are too long or have no end.
    pub records_without_text: u64,
    /// The duration.
    pub elapsed_seconds: f64,
    /// The throughput.
    pub records_per_second: u64,
    /// The inputs.
    pub inputs: InputSummary,
    /// The outputs.
    pub outputs: Vec<OutputSummary>,
    /// The limit on the number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// What is printed if records failed and no output lists them: how to see which.
    #[serde(skip)]
    pub advice: &'a str,
    /// The share of the records that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<f64>,
}

/// The inputs.
#[derive(Debug, Serialize)]
pub struct InputSummary {
    /// The number of files.
    pub files: usize,
    /// How many files of the directories that were named were not read.
    #[serde(skip_serializing_if = "is_zero")]
    pub unread: usize,
    /// The bytes that were read, before decompression.
    pub bytes: u64,
}

/// A file that was written.
#[derive(Debug, Serialize)]
pub struct OutputSummary {
    /// Its content.
    pub kind: OutputKind,
    /// Its name.
    pub file: String,
    /// The number of lines.
    pub lines: u64,
    /// The number of records that have a line.
    pub records: u64,
}

/// A cell of the table.
struct Cell {
    text: String,
    color: &'static str,
}

impl BatchSummary<'_> {
    /// One JSON object on one line.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn json(&self) -> io::Result<Vec<u8>> {
        let mut json = Vec::new();
        write_json(&mut json, self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let rules = &self.summary.rules;
        if !rules.is_empty() {
            self.rules(out, style)?;
            writeln!(out)?;
        }
        let mut say = |color: &str, text: &str| {
            let lines = wrap(text, style.width.map(|width| width.max(LEAST)));
            lines.into_iter().try_for_each(|line| writeln!(out, "{}", style.paint(color, &line)))
        };
        if rules.values().any(|rule| rule.limits.is_some()) {
            say(
                DIM,
                "fuel: the highest use by a record, or `/call`: by a call with several records; memory, reply: the highest use in a \
                 call; relative to the limit",
            )?;
        }
        say(BOLD, &totals(self.summary))?;
        say("", &format!("in {}, {} records/s", seconds(self.elapsed_seconds), self.records_per_second))?;
        for OutputSummary { kind, file, lines, .. } in &self.outputs {
            say("", &format!("{}: {}, {}", kind.name(), counted(*lines, "line", "lines"), plain(file, FILE)))?;
        }
        let Summary { failed, unreadable, not_run, .. } = self.summary;
        if self.outputs.is_empty() && !self.advice.is_empty() && failed + unreadable + not_run > 0 {
            say(DIM, self.advice)?;
        }
        if self.records_without_text > 0
            && self.outputs.iter().any(|output| matches!(output.kind, OutputKind::Good | OutputKind::Bad))
        {
            let records = counted(self.records_without_text, "record is", "records are");
            let why = "too long, or without an end; see results and failures";
            say(YELLOW, &format!("{records} in neither file of records: {why}"))?;
        }
        for (color, remark) in remarks(self.summary, self.summary.release.is_none()) {
            say(color, &remark)?;
        }
        out.flush()
    }

    /// Prints a table with a row for each rule, or a block for each rule if the terminal is too narrow.
    fn rules(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let rules = &self.summary.rules;
        let has_indeterminate = rules.values().any(|rule| rule.indeterminate > 0);
        let head = head(has_indeterminate);
        let rows: Vec<_> =
            rules.iter().map(|(id, rule)| (plain(id, SHOWN_ID), cells(rule, has_indeterminate))).collect();
        let wide = |column: usize| {
            let cells = rows.iter().filter_map(|(_, cells)| cells.get(column));
            cells.map(|cell| columns(&cell.text)).max().unwrap_or(0)
        };
        let widths: Vec<_> = head.iter().enumerate().map(|(column, name)| columns(name).max(wide(column))).collect();
        let label = rows.iter().map(|(id, _)| columns(id)).fold("rule".len(), usize::max);
        let numbers: usize = widths.iter().map(|width| width + 2).sum();
        let is_narrow = style.width.is_some_and(|width| width < label + numbers);
        if is_narrow {
            return rows.iter().try_for_each(|(id, cells)| below(out, style, id, &head, cells));
        }
        let names: String = head.iter().zip(&widths).map(|(name, width)| format!("  {name:>width$}")).collect();
        writeln!(out, "{}", style.paint(DIM, &format!("{:label$}{names}", "rule")))?;
        for (id, cells) in rows {
            write!(out, "{id}{:gap$}", "", gap = label - columns(&id))?;
            for (Cell { text, color }, width) in cells.iter().zip(&widths) {
                write!(out, "  {:gap$}{}", "", style.paint(color, text), gap = width - columns(text))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Prints a rule with its numbers below it, as many on a line as fit.
fn below(out: &mut dyn Write, style: Style, id: &str, head: &[&str], cells: &[Cell]) -> io::Result<()> {
    let width = style.width.unwrap_or(usize::MAX).max(LEAST);
    write!(out, "{}", wrap(id, Some(width)).join("\n"))?;
    let mut used = width;
    for (name, Cell { text, color }) in head.iter().zip(cells).filter(|(_, cell)| cell.text != "-") {
        let needed = 2 + columns(name) + 1 + columns(text);
        if needed > width.saturating_sub(used) {
            writeln!(out)?;
            used = 0;
        }
        write!(out, "  {} {}", style.paint(DIM, name), style.paint(color, text))?;
        used += needed;
    }
    writeln!(out)
}

fn head(has_indeterminate: bool) -> Vec<&'static str> {
    let statuses = Status::ALL.map(Status::name);
    let indeterminate = has_indeterminate.then_some("may differ");
    statuses.into_iter().chain(indeterminate).chain(["fuel", "memory", "reply"]).collect()
}

fn cells(rule: &RuleSummary, has_indeterminate: bool) -> Vec<Cell> {
    let count = |count: u64, color: &'static str| match count {
        0 => Cell { text: "-".to_owned(), color: DIM },
        _ => Cell { text: count.to_string(), color },
    };
    let mut cells: Vec<_> = Status::ALL.iter().map(|status| count(rule.count(*status), color(*status))).collect();
    cells.extend(has_indeterminate.then(|| count(rule.indeterminate, YELLOW)));
    let usage = &rule.usage;
    let shares = rule.limits.filter(|_| usage.calls > 0).map(|limits| {
        [
            share(usage.peak_fuel, limits.fuel.get()) + if usage.peak_fuel_records > 1 { "/call" } else { "" },
            share(usage.peak_memory, limits.memory.get()),
            share(usage.peak_reply, limits.reply.get()),
        ]
    });
    let shares = shares.unwrap_or_else(|| [(); 3].map(|()| "-".to_owned()));
    cells.extend(shares.map(|text| Cell { color: if text == "-" { DIM } else { "" }, text }));
    cells
}

/// Use relative to a limit, in percent.
fn share(used: u64, allowed: u64) -> String {
    match u128::from(used) * 1_000 / u128::from(allowed.max(1)) {
        0 if used > 0 => "<0.1%".to_owned(),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

#[cfg(test)]
mod tests;
