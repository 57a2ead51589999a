//! `jurat mirror`: a repository in one file, for hosts without a network.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jurat_disk::files::Directory;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Mode, Repository, Stability, Upload};
use jurat_trust::{Anchor, Fetch, FetchError, Freshness, MetadataVersion, Role, SafePath, UpdateError};
use tempfile::TempDir;

use crate::exit::{CommandError, Exit};
use crate::repository::{
    Contents, FreshHost, PublishedFile, WorkingCopy, check_immutable, conflicting_timestamp, first_root, host_of,
    published, read_anchor, read_exactly, releases,
};
use crate::{host, output};

mod archive;
mod source;
mod spool;

use archive::ArchiveLimits;
pub(super) use source::{is_url, open_server};
use spool::Spool;

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat mirror export https://rules.example.com/acme rules.tar --root root.json
  jurat mirror import rules.tar /srv/rules --root root.json";

const EXPORT: &str = "\
Examples:
  jurat mirror export repository rules.tar --root root.json
  jurat mirror export https://rules.example.com/acme rules.tar \\
      --root root.json --config local-config.yaml

Writes all files that hosts can request, verified as a host does, in an order in which they can be copied. Releases that are no \
longer listed are left out. The same repository gives the same file.";

const IMPORT: &str = "\
Example:
  jurat mirror import rules.tar /srv/rules --root root.json

Verifies everything as a host does, from the given root, before anything is written. Then adds the files to the directory, which \
must not be newer: only the timestamp is overwritten, and written last. If the command is interrupted, hosts see the previous state; \
run it again.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a repository to one file
    Export(ExportArguments),
    /// Write a repository from one file to a directory
    Import(ImportArguments),
}

#[derive(Args, Debug)]
#[command(after_help = EXPORT)]
pub(super) struct ExportArguments {
    /// The repository: its directory, or the URL that hosts use
    #[arg(value_name = "REPO|URL")]
    repository: String,
    /// The tar file to write; an existing file is overwritten
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The configuration of a host, with its HTTP settings and the headers for this server
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = IMPORT)]
pub(super) struct ImportArguments {
    /// The file that `jurat mirror export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The directory that hosts read; created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The root that hosts have pinned
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Export(arguments) => export(arguments),
        Command::Import(arguments) => import(arguments),
    }
}

fn export(arguments: &ExportArguments) -> Result<Exit, CommandError> {
    let ExportArguments { repository, file, root, config } = arguments;
    let shown = Path::new(repository);
    let source: Box<dyn Fetch> = if is_url(repository) {
        Box::new(open_server(repository, config.as_deref())?)
    } else {
        Box::new(WorkingCopy::open(shown)?.files().clone())
    };
    // A release may be published meanwhile: the spool makes sure that exactly the verified files are packed.
    let source = Spool::new(source, temporary(file)?);
    let anchor = match root {
        Some(root) => read_anchor(root)?,
        None => {
            if is_url(repository) {
                output::complain("warning", "without `--root`, the first root of the server is trusted");
            }
            first_root(&source, shown)?
        }
    };
    let contents = check(&source, &anchor, shown)?;
    archive::pack(file, contents.files(), ArchiveLimits::DEFAULT, |file| read(&source, file, shown))?;
    output::progress(&format!("exported    {} files to {}", contents.files().len(), file.display()));
    Ok(Exit::Success)
}

fn import(arguments: &ImportArguments) -> Result<Exit, CommandError> {
    let ImportArguments { file, directory, root } = arguments;
    let anchor = read_anchor(root)?;
    let scratch = temporary(directory)?;
    let paths = archive::unpack(file, scratch.path(), ArchiveLimits::DEFAULT)?;
    let unpacked = Directory::new(scratch.path());
    let contents = check(&unpacked, &anchor, file)?;
    if let Some(extra) = paths.iter().find(|path| !is_expected(path, &contents, &anchor)) {
        let file = file.display();
        return Err(CommandError::new(Blame::Source, format!("{file}: no signed file refers to `{extra}`")));
    }
    let copy = WorkingCopy::create(directory)?;
    check_update(&copy, &unpacked, &contents, &anchor, file)?;
    let mut count = 0;
    for published in contents.files() {
        let bytes = read(&unpacked, published, file)?.into();
        let upload = Upload { path: published.path.clone(), bytes, stability: published.stability };
        count += u64::from(copy.writer().put(&upload)?);
    }
    output::progress(&format!("imported    {count} files to {}", directory.display()));
    Ok(Exit::Success)
}

/// A temporary directory beside a path that need not exist yet.
fn temporary(beside: &Path) -> Result<TempDir, CommandError> {
    let mut parents =
        beside.ancestors().skip(1).map(|parent| if parent == Path::new("") { Path::new(".") } else { parent });
    let parent = parents.find(|parent| parent.is_dir()).unwrap_or(Path::new("/"));
    let created = tempfile::Builder::new().prefix(".jurat-mirror-").tempdir_in(parent);
    created.map_err(|error| CommandError::about(Blame::Host, parent.display(), &error))
}

/// Verifies all releases as a host does, and returns the files that hosts can request.
fn check(source: &impl Fetch, anchor: &Anchor, shown: &Path) -> Result<Contents, CommandError> {
    let mut host = FreshHost::open(anchor.clone(), None, host::now(), source, shown)?;
    host.refresh()?;
    let repository = Repository::read(source, Some(anchor.clone()), Mode::Development)
        .map_err(|error| CommandError::of(shown.display(), &error))?;
    let repository = published(&repository);
    for (target, _) in releases(&repository) {
        host.release(&target)?;
    }
    Contents::of(&repository, source, anchor.version())
}

/// Whether a file may be in the archive. Roots before the pinned one may be there, but are not verified, and not imported.
fn is_expected(path: &SafePath, contents: &Contents, anchor: &Anchor) -> bool {
    let mut version = Some(MetadataVersion::FIRST);
    let mut earlier = std::iter::from_fn(|| {
        let now = version.filter(|now| *now < anchor.version())?;
        version = now.next();
        Some(Role::Root.file(now))
    });
    contents.files().iter().any(|file| file.path == *path) || earlier.any(|earlier| earlier == *path)
}

fn read(source: &impl Fetch, file: &PublishedFile, shown: &Path) -> Result<Vec<u8>, CommandError> {
    read_exactly(source, &file.path, Bytes::new(file.length), &file.sha256)
        .map_err(|reason| CommandError::new(Blame::Source, format!("{}: {reason}", shown.display())))
}

/// Checks that the import is not older than the directory: a host that has seen the directory must accept the result.
fn check_update(
    copy: &WorkingCopy,
    unpacked: &Directory,
    contents: &Contents,
    anchor: &Anchor,
    file: &Path,
) -> Result<(), CommandError> {
    let shown = copy.root().display().to_string();
    let refused = |error: &UpdateError| CommandError::of(&shown, error);
    let mut client = host_of(copy, anchor.clone())?;
    let new = targets(unpacked, anchor, &shown)?;
    for target in &new {
        // The client learns the versions of the tenants. A tenant that is missing or broken may be replaced.
        let _ = client.find(copy.files(), target, Freshness::Waived);
    }
    let (after, now) = (AfterImport { unpacked, existing: copy.files() }, host::now());
    client.refresh(&after, now).map_err(|error| refused(&error))?;
    if let Some(version) = conflicting_timestamp(&client, unpacked, file)? {
        let message = format!(
            "{shown}: has another timestamp of the same version {version}, and nothing was imported; export the repository again from \
             where that one was published"
        );
        return Err(CommandError::new(Blame::Source, message));
    }
    for target in &new {
        client.find(&after, target, Freshness::Demanded(now)).map_err(|error| refused(&error))?;
    }
    // Conflicts are found before anything is written.
    let immutable = contents.files().iter().filter(|file| file.stability == Stability::Immutable);
    check_immutable(copy, immutable.map(|file| (&file.path, file.length, file.sha256)))
}

fn targets(source: &Directory, anchor: &Anchor, shown: &str) -> Result<Vec<jurat_trust::TargetPath>, CommandError> {
    let repository = Repository::read(source, Some(anchor.clone()), Mode::Development)
        .map_err(|error| CommandError::about(Blame::Source, shown, &error))?;
    Ok(releases(&published(&repository)).into_iter().map(|(target, _)| target).collect())
}

/// The directory as it will be after the import.
struct AfterImport<'a> {
    unpacked: &'a Directory,
    existing: &'a Directory,
}

impl Fetch for AfterImport<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.unpacked.get(file, cap) {
            Err(FetchError::NotFound) => self.existing.get(file, cap),
            found => found,
        }
    }
}
