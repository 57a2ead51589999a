//! `jurat inspect`: shows the contents of a component or a repository.

use std::path::PathBuf;

use clap::Args;
use jurat_disk::files;
use jurat_model::Blame;
use jurat_trust::Caps;

use super::release;
use crate::exit::{CommandError, Exit};
use crate::host;
use crate::output::ReportFormat;
use crate::report::ComponentReport;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  jurat inspect target/jurat/loan_rules.wasm\n  jurat inspect repository --format json"
)]
pub(super) struct Arguments {
    /// A component, or the directory of a repository
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let Arguments { path, format } = arguments;
    if path.is_dir() {
        return release::inspect(path, *format);
    }
    let bytes = files::read(path, Caps::DEFAULT.file)
        .map_err(|error| CommandError::about(Blame::Caller, path.display(), &error))?;
    let report = ComponentReport::new(path.display().to_string(), bytes, &host::sandbox()?, &host::author_policy());
    format.print(&report, |out| report.write(out)).map_err(|error| CommandError::of_output(&error))?;
    Ok(report.blame().map_or(Exit::Success, Exit::of))
}
