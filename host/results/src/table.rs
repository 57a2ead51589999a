//! Results for people: a block for each record, then the counts of each rule.
//!
//! Results are printed as they arrive, so memory does not grow with the run. All text from records, rules and releases goes through
//! [`plain`], so that it can neither move the cursor nor imitate our own output.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use jurat::{RecordError, RecordResult, RuleResult, RuleSummary, Status, Summary};

use crate::text::{columns, plain, wrap};

/// The longest foreign text, in characters. The rest is counted.
const SHOWN: usize = 1_000;
/// The longest id of a record or a rule, in characters.
pub(crate) const SHOWN_ID: usize = 100;
/// Columns before the id of a rule: the margin, the longest status, and a gap.
const MARGIN: usize = 9;
/// Messages that would get fewer columns than this are printed below their rule instead of beside it.
const NARROW: usize = 32;
/// The fewest columns for text, even if the terminal is narrower.
pub(crate) const LEAST: usize = 16;

/// The style of a table.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal. With `None` nothing is wrapped, so that each verdict is one line for other programs.
    pub width: Option<usize>,
    /// Whether to use colors.
    pub colors: Colors,
}

/// Whether to use colors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Colors {
    /// ANSI escapes, for terminals.
    On,
    /// No colors, for files and pipes.
    Off,
}

/// A table that is being printed.
#[expect(missing_debug_implementations, reason = "an output has nothing to show")]
pub struct Table<'a> {
    out: &'a mut dyn Write,
    /// One record, or the counts: the output gets them in one piece.
    text: Vec<u8>,
    style: Style,
    /// Columns for the ids of rules with their indentation: the most that any record has needed so far.
    label: usize,
    /// The descriptions of the rules, for the counts at the end.
    descriptions: BTreeMap<Arc<str>, Arc<str>>,
    has_unsigned: bool,
}

impl<'a> Table<'a> {
    /// An empty table.
    pub fn new(out: &'a mut dyn Write, style: Style) -> Self {
        Self { out, text: Vec::new(), style, label: 0, descriptions: BTreeMap::new(), has_unsigned: false }
    }

    /// Prints the results of one record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&mut self, record: &RecordResult) -> io::Result<()> {
        self.has_unsigned |= record.unsigned;
        let id = self.paint(BOLD, &plain(&record.entity_id, SHOWN_ID));
        let entity = record.entity_type.as_deref().map(|entity| self.paint(DIM, &plain(entity, SHOWN_ID)));
        let unsigned = record.unsigned.then(|| self.paint(YELLOW, "unsigned rules"));
        let head: Vec<_> = [Some(id), entity, unsigned].into_iter().flatten().collect();
        writeln!(self.text, "{}", head.join("  "))?;
        match &record.error {
            Some(error) => self.unreadable(error)?,
            None if record.results.is_empty() => self.line(None, DIM, "no rules are listed for it")?,
            None => self.rules(&record.results)?,
        }
        writeln!(self.text)?;
        self.write_text()
    }

    /// Prints the counts of each rule, and the totals.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, summary: &Summary) -> io::Result<()> {
        if !summary.rules.is_empty() {
            self.counts(&summary.rules)?;
            writeln!(self.text)?;
        }
        self.closing(BOLD, &totals(summary))?;
        for (color, remark) in remarks(summary, self.has_unsigned) {
            self.closing(color, &remark)?;
        }
        self.write_text()?;
        self.out.flush()
    }

    fn write_text(&mut self) -> io::Result<()> {
        self.out.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }

    fn unreadable(&mut self, error: &RecordError) -> io::Result<()> {
        let RecordError { kind, message, line, offset } = error;
        let code = kind.code();
        let message = format!("{} ({code}, line {line}, byte {offset})", plain(message, SHOWN));
        self.line(Some(Status::Error), "", &message)
    }

    fn rules(&mut self, results: &[RuleResult]) -> io::Result<()> {
        let mut rows = Vec::new();
        flatten(results, 0, &mut rows);
        for (_, result) in &rows {
            if !self.descriptions.contains_key(&result.rule_id) {
                self.descriptions.insert(result.rule_id.clone(), result.description.clone());
            }
        }
        let is_quiet = |result: &RuleResult| result.status == Status::Pass && result.message.is_empty();
        if rows.iter().all(|(_, result)| is_quiet(result)) {
            let ids: Vec<_> = rows.iter().map(|(_, result)| plain(&result.rule_id, SHOWN_ID)).collect();
            return self.line(Some(Status::Pass), "", &ids.join("  "));
        }
        let labels = rows.iter().map(|(depth, result)| 2 * depth + columns(&plain(&result.rule_id, SHOWN_ID)));
        let most = self.style.width.map_or(usize::MAX, |width| width / 2);
        self.label = labels.filter(|label| *label <= most).fold(self.label, usize::max);
        rows.into_iter().try_for_each(|(depth, result)| self.rule(depth, result))
    }

    fn rule(&mut self, depth: usize, result: &RuleResult) -> io::Result<()> {
        let label = format!("{:indent$}{}", "", plain(&result.rule_id, SHOWN_ID), indent = 2 * depth);
        let status = self.status(result.status);
        let message = message(result);
        if message.is_empty() {
            return writeln!(self.text, "  {status}  {label}");
        }
        let column = MARGIN + self.label + 2;
        let limit = self.style.width.map(|width| width.saturating_sub(column));
        if limit.is_some_and(|limit| limit < NARROW) || columns(&label) > self.label {
            writeln!(self.text, "  {status}  {label}")?;
            return self.paragraph(MARGIN + 2 * depth + 2, &message);
        }
        let gap = self.label - columns(&label) + 2;
        let mut lines = wrap(&message, limit).into_iter();
        writeln!(self.text, "  {status}  {label}{:gap$}{}", "", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(self.text, "{:column$}{line}", ""))
    }

    /// Prints one status for a whole record with a text, wrapped if it is long.
    fn line(&mut self, status: Option<Status>, color: &str, text: &str) -> io::Result<()> {
        let status = status.map_or_else(|| " ".repeat(5), |status| self.status(status));
        let limit = self.style.width.map(|width| width.saturating_sub(MARGIN).max(LEAST));
        let mut lines = wrap(text, limit).into_iter();
        let first = self.paint(color, &lines.next().unwrap_or_default());
        writeln!(self.text, "  {status}  {first}")?;
        lines.try_for_each(|line: String| writeln!(self.text, "{:MARGIN$}{}", "", self.paint(color, &line)))
    }

    fn closing(&mut self, color: &str, text: &str) -> io::Result<()> {
        let lines = wrap(text, self.style.width.map(|width| width.max(LEAST)));
        lines.into_iter().try_for_each(|line| writeln!(self.text, "{}", self.paint(color, &line)))
    }

    fn paragraph(&mut self, indent: usize, text: &str) -> io::Result<()> {
        let limit = self.style.width.map(|width| width.saturating_sub(indent).max(LEAST));
        wrap(text, limit).into_iter().try_for_each(|line| writeln!(self.text, "{:indent$}{line}", ""))
    }

    fn counts(&mut self, rules: &BTreeMap<Arc<str>, RuleSummary>) -> io::Result<()> {
        let ids: Vec<_> = rules.keys().map(|id| plain(id, SHOWN_ID)).collect();
        let label = ids.iter().map(|id| columns(id)).fold("rule".len(), usize::max);
        let cells = Status::ALL.map(|status| {
            let most = rules.values().map(|rule| rule.count(status)).max().unwrap_or(0);
            (status, status.name().len().max(most.to_string().len()))
        });
        let names: String = cells.iter().map(|(status, cell)| format!("  {:>cell$}", status.name())).collect();
        let head = format!("{:label$}{names}", "rule");
        writeln!(self.text, "{}", self.paint(DIM, &head))?;
        let column = columns(&head) + 2;
        let limit = self.style.width.map(|width| width.saturating_sub(column));
        for ((id, rule), shown) in rules.iter().zip(&ids) {
            write!(self.text, "{shown}{:gap$}", "", gap = label - columns(shown))?;
            for (status, cell) in cells {
                let count = rule.count(status);
                let digits = if count == 0 { "-".to_owned() } else { count.to_string() };
                let color = if count == 0 { DIM } else { color(status) };
                write!(self.text, "  {:gap$}{}", "", self.paint(color, &digits), gap = cell - digits.len())?;
            }
            let description = self.descriptions.get(id).map(|text| plain(text, SHOWN)).unwrap_or_default();
            // On a narrow terminal, the numbers are more useful than the description.
            let lines = if limit.is_some_and(|limit| limit < LEAST) { Vec::new() } else { wrap(&description, limit) };
            for (index, line) in lines.iter().filter(|line| !line.is_empty()).enumerate() {
                let gap = if index == 0 { 2 } else { column };
                let end = if index == 0 { "" } else { "\n" };
                write!(self.text, "{end}{:gap$}{}", "", self.paint(DIM, line))?;
            }
            writeln!(self.text)?;
        }
        Ok(())
    }

    fn status(&self, status: Status) -> String {
        format!("{}{:gap$}", self.paint(color(status), status.name()), "", gap = 5 - status.name().len())
    }

    fn paint(&self, color: &str, text: &str) -> String {
        self.style.paint(color, text)
    }
}

impl Style {
    /// A text in a color, which is an ANSI escape, if colors are on.
    pub(crate) fn paint(self, color: &str, text: &str) -> String {
        match self.colors {
            Colors::On if !color.is_empty() && !text.is_empty() => format!("{color}{text}{PLAIN}"),
            Colors::On | Colors::Off => text.to_owned(),
        }
    }
}

const PLAIN: &str = "\x1b[0m";
pub(crate) const BOLD: &str = "\x1b[1m";
pub(crate) const DIM: &str = "\x1b[2m";
pub(crate) const YELLOW: &str = "\x1b[33m";

/// The color of a status.
pub(crate) fn color(status: Status) -> &'static str {
    match status {
        Status::Pass => "\x1b[32m",
        Status::Warn => YELLOW,
        Status::Fail => "\x1b[1;31m",
        Status::Norun => "\x1b[36m",
        Status::Error => "\x1b[1;35m",
    }
}

/// The rules of a tree in depth-first order, each with its depth.
fn flatten<'a>(results: &'a [RuleResult], depth: usize, rows: &mut Vec<(usize, &'a RuleResult)>) {
    for result in results {
        rows.push((depth, result));
        flatten(&result.children, depth + 1, rows);
    }
}

fn message(result: &RuleResult) -> String {
    let mut text = plain(&result.message, SHOWN);
    if let (true, Some(code)) = (text.is_empty(), &result.code) {
        text = plain(code, SHOWN);
    }
    if result.indeterminate {
        text.push_str(" [may differ when run again]");
    }
    text.trim_start().to_owned()
}

/// The counts of records; the parts add up to the total.
pub(crate) fn totals(summary: &Summary) -> String {
    let Summary { records, unreadable, failed, warned, not_run, .. } = *summary;
    debug_assert!(records >= unreadable + failed + warned + not_run, "the parts exceed the total");
    let passed = records.saturating_sub(unreadable + failed + warned + not_run);
    let mut parts = vec![format!("{passed} passed")];
    for (count, what) in [(warned, "warned"), (failed, "failed"), (unreadable, "could not be read")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if not_run > 0 {
        parts.push(format!("no rule ran on {not_run}"));
    }
    format!("{}: {}", counted(records, "record", "records"), parts.join(", "))
}

/// Remarks below the totals, each with its color.
pub(crate) fn remarks(summary: &Summary, is_unsigned: bool) -> Vec<(&'static str, String)> {
    let mut remarks = Vec::new();
    let indeterminate = summary.rules.values().map(|rule| rule.indeterminate).sum();
    if indeterminate > 0 {
        let outcomes = counted(indeterminate, "outcome depends", "outcomes depend");
        let remark = format!("{outcomes} on the machine and the moment; run again before you rely on the results");
        remarks.push((YELLOW, remark));
    }
    if summary.with_unavailable > 0 {
        let records = counted(summary.with_unavailable, "record lacks", "records lack");
        remarks.push((
            YELLOW,
            format!("{records} a related entity that could not be had; `--allow-unavailable` accepts that"),
        ));
    }
    for (rule, reason) in summary.rules.iter().filter_map(|(id, rule)| Some((id, rule.never_ran.as_ref()?))) {
        let remark = format!("{} ran on no record: {}", plain(rule, SHOWN_ID), plain(reason, SHOWN));
        remarks.push((color(Status::Norun), remark));
    }
    if summary.host_failures > 0 {
        let results = counted(summary.host_failures, "result is", "results are");
        remarks.push((color(Status::Error), format!("{results} missing, because the host failed; see the log")));
    }
    if is_unsigned {
        remarks.push((YELLOW, "These rules are not signed.".to_owned()));
    }
    remarks
}

/// A count with its noun.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
