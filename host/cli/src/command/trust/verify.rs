//! `jurat trust verify`: verifies a repository as a host does.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jurat_trust::{Provenance, RepositoryId, TargetPath, VerifiedRelease};

use crate::exit::{CommandError, EXIT_CODES, Exit};
use crate::repository::{FreshHost, WorkingCopy, first_root, published, read_anchor, releases};
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat trust verify repository --root root.json
  jurat trust verify repository --root root.json --repository acme-prod

Checks what a new host checks: everything from its root to every byte of every release.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    directory: PathBuf,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The expected name of the repository; default: the name in the root
    #[arg(long, value_name = "ID")]
    repository: Option<RepositoryId>,
    /// Verify only this release
    #[arg(long, value_name = "PATH")]
    target: Option<TargetPath>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::open(&arguments.directory)?;
    let anchor = match &arguments.root {
        Some(file) => read_anchor(file)?,
        None => first_root(copy.files(), copy.root())?,
    };
    let mut host = FreshHost::open(anchor, arguments.repository.clone(), host::now(), copy.files(), copy.root())?;
    host.refresh()?;
    let targets = match &arguments.target {
        Some(target) => vec![target.clone()],
        None => {
            let repository = published(&copy.read(arguments.root.as_deref())?);
            releases(&repository).into_iter().map(|(target, _)| target).collect()
        }
    };
    let mut out = output::stdout();
    for target in targets {
        let verified = host.release(&target)?;
        writeln!(out, "{}", line(&target, &verified)).map_err(|error| CommandError::of_output(&error))?;
    }
    out.flush().map_err(|error| CommandError::of_output(&error))?;
    if let Some((role, expires)) = host.expires() {
        output::progress(&format!("trusted  until {expires}, when {role} expires"));
    }
    Ok(Exit::Success)
}

fn line(target: &TargetPath, release: &VerifiedRelease) -> String {
    let manifest = release.manifest();
    let (name, version, files) = (manifest.name(), manifest.version(), manifest.files().len());
    let by = match release.provenance() {
        Some(Provenance { signers, expires, .. }) => format!("{} signatures  until {expires}", signers.len()),
        None => "not signed".to_owned(),
    };
    format!("{target}  {name} {version}  {files} files  {by}  {}", release.manifest_sha256())
}
