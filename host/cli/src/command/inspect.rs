//! `jurat inspect`: what is in a file or directory that somebody has sent.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jurat_disk::files;
use jurat_trust::Caps;

use crate::exit::{Exit, Failure};
use crate::report::ComponentReport;
use crate::{host, output};

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jurat inspect target/jurat/loan_rules.wasm\n  jurat inspect repository --format json"
)]
pub(super) struct Arguments {
    /// A component, or the directory of a repository
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { path, format } = arguments;
    if path.is_dir() {
        return super::release::inspect(path, *format);
    }
    let bytes =
        files::read(path, Caps::DEFAULT.file).map_err(|error| Failure::about(Exit::Usage, path.display(), &error))?;
    let report = ComponentReport::new(path.display().to_string(), bytes, &host::sandbox()?, &host::author_policy());
    let mut out = output::stdout();
    let written = match format {
        Format::Text => report.write(&mut out),
        Format::Json => output::write_json(&mut out, &report).and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(if report.refused().is_some() { Exit::Trust } else { Exit::Fine })
}
