//! `jurat simulate`: attacks a copy of a repository, and shows which attacks were stopped.
//!
//! Attacks without keys run against the repository itself, in memory. Attacks with stolen keys run against a replica with the same
//! roles, thresholds, tenants and releases, signed with generated keys. The attacked code is the code that hosts run.

use std::path::PathBuf;

use clap::Args;
use jurat_model::Blame;

use crate::exit::{CommandError, EXIT_CODES, Exit};
use crate::host;
use crate::output::{self, ReportFormat};
use crate::repository::{WorkingCopy, first_root, published, read_anchor};

mod drill;
mod expected;
mod not_tried;
mod original;
mod replica;
mod table;
mod with_keys;
mod without_keys;

use drill::Repositories;
use original::Original;
use replica::Replica;

const EXAMPLES: &str = "\
Examples:
  jurat simulate repository
  jurat simulate repository --root root.json --format json

Writes nothing, and needs no keys: for attacks with stolen keys, the command signs a copy in memory with generated keys. Exits with 3 \
if hosts refuse the repository as it is, or if an attack was not stopped as expected.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::open(&arguments.repository)?;
    let anchor = match &arguments.root {
        Some(file) => read_anchor(file)?,
        None => first_root(copy.files(), copy.root())?,
    };
    let repository = published(&copy.read(arguments.root.as_deref())?);
    let now = host::now();
    let original = Original::accept(copy.files(), anchor, &repository, now)
        .map_err(|error| CommandError::of(copy.root().display(), &error))?;
    let replica = Replica::of(&copy, &repository, now)?;
    let accepted = replica.accepts();
    accepted.map_err(|error| CommandError::about(Blame::Host, "the copy with generated keys is refused", &error))?;
    let repositories = Repositories { original, replica };
    let drills = without_keys::DRILLS.iter().chain(with_keys::drills());
    let outcomes: Vec<_> = drills.map(|drill| drill.run(&repositories)).collect();
    let style = output::style(output::ColorChoice::Auto);
    let printed = arguments.format.print(&outcomes, |out| table::write(&outcomes, style, out));
    printed.map_err(|error| CommandError::of_output(&error))?;
    let has_failed = outcomes.iter().any(|outcome| outcome.held == Some(false));
    Ok(if has_failed { Exit::Trust } else { Exit::Success })
}
