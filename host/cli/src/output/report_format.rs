//! The two formats of a report: text for people, JSON for programs.

use std::io::{self, Write};

use jurat_results::write_json;
use serde::Serialize;

use super::terminal::{Stdout, stdout};

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

impl ReportFormat {
    /// Writes a report to standard output: with `text` for people, or as one line of JSON.
    pub(crate) fn print(
        self,
        report: &impl Serialize,
        text: impl FnOnce(&mut Stdout) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = stdout();
        match self {
            Self::Text => text(&mut out)?,
            Self::Json => {
                write_json(&mut out, report)?;
                writeln!(out)?;
            }
        }
        out.flush()
    }
}
