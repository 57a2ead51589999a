//! `jurat mirror`: a repository in one file, for places that no network reaches.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::publish::{Mode, ReadError, Repository, Stability, Upload};
use jurat_trust::{
    Anchor, Client, Demands, Fetch, FetchError, Freshness, MemoryStore, MetadataVersion, Role, SafePath, UpdateError,
};
use tempfile::TempDir;

use super::trust::{Host, first_root};
use crate::exit::{Exit, Failure};
use crate::repository::{Contents, Item, WorkingCopy, published, read_anchor, read_exactly, refused, releases};
use crate::{host, output};

mod archive;
mod source;
mod spool;

use archive::Most;
pub(super) use source::{is_url, server};
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

Writes all that hosts can ask for, checked as a host does it, in the order in which it may be copied. What was published earlier and \
is listed no longer is left out. The same repository makes the same file.";

const IMPORT: &str = "\
Example:
  jurat mirror import rules.tar /srv/rules --root root.json

Everything is checked as a host does it, from the root that was handed over, before anything is written. Then it is put beside what \
is there, which must not be newer: nothing but the timestamp is overwritten, and that last. If it breaks off, hosts see what was there \
before; run it again.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a repository into one file
    Export(ExportArguments),
    /// Put a repository from one file into a directory
    Import(ImportArguments),
}

#[derive(Args, Debug)]
#[command(after_help = EXPORT)]
pub(super) struct ExportArguments {
    /// The repository: its directory, or the URL that hosts have
    #[arg(value_name = "REPO|URL")]
    repository: String,
    /// The file, in the format of tar; it is overwritten
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The root that hosts have pinned; without it, the first one of the repository is believed
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The settings of a host, which say how servers are reached, and which headers this one wants
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = IMPORT)]
pub(super) struct ImportArguments {
    /// The file, as `jurat mirror export` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The directory that hosts will read, made if it is not there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The root that hosts have pinned
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Export(arguments) => export(arguments),
        Command::Import(arguments) => import(arguments),
    }
}

fn export(arguments: &ExportArguments) -> Result<Exit, Failure> {
    let ExportArguments { repository, file, root, config } = arguments;
    let shown = Path::new(repository);
    let source: Box<dyn Fetch> = if is_url(repository) {
        Box::new(server(repository, config.as_deref())?)
    } else {
        Box::new(WorkingCopy::open(shown)?.files().clone())
    };
    // Somebody may publish meanwhile: what was checked is what is packed.
    let source = Spool::new(source, temporary(file)?);
    let anchor = match root {
        Some(root) => read_anchor(root)?,
        None => {
            if is_url(repository) {
                output::complain("warning", "without `--root`, whatever root the server shows first is believed");
            }
            first_root(&source, shown)?
        }
    };
    let contents = check(&source, &anchor, shown)?;
    archive::pack(file, contents.items(), Most::DEFAULT, |item| read(&source, item, shown))?;
    output::progress(&format!("exported    {} files to {}", contents.items().len(), file.display()));
    Ok(Exit::Fine)
}

fn import(arguments: &ImportArguments) -> Result<Exit, Failure> {
    let ImportArguments { file, directory, root } = arguments;
    let anchor = read_anchor(root)?;
    let place = temporary(directory)?;
    let paths = archive::unpack(file, place.path(), Most::DEFAULT)?;
    let unpacked = Directory::new(place.path());
    let contents = check(&unpacked, &anchor, file)?;
    if let Some(extra) = paths.iter().find(|path| !is_expected(path, &contents, &anchor)) {
        let file = file.display();
        return Err(Failure::new(Exit::Trust, format!("{file}: `{extra}` follows from nothing that was signed")));
    }
    let copy = WorkingCopy::create(directory)?;
    check_update(&copy, &unpacked, &contents, &anchor)?;
    let mut count = 0;
    for item in contents.items() {
        let bytes = read(&unpacked, item, file)?.into();
        let upload = Upload { path: item.path.clone(), bytes, stability: item.stability };
        count += u64::from(copy.shelf().put(&upload)?);
    }
    output::progress(&format!("imported    {count} files to {}", directory.display()));
    Ok(Exit::Fine)
}

/// A directory beside a file or a directory that need not be there yet. It goes with this value.
fn temporary(beside: &Path) -> Result<TempDir, Failure> {
    let mut above = beside.ancestors().skip(1).map(|above| if above == Path::new("") { Path::new(".") } else { above });
    let above = above.find(|above| above.is_dir()).unwrap_or(Path::new("/"));
    let made = tempfile::Builder::new().prefix(".jurat-mirror-").tempdir_in(above);
    made.map_err(|error| Failure::about(Exit::Host, above.display(), &error))
}

/// Goes the way of a host, through all releases, and gives what hosts can ask for.
fn check(source: &impl Fetch, anchor: &Anchor, shown: &Path) -> Result<Contents, Failure> {
    let mut host = Host::open(anchor.clone(), None, host::now(), source, shown)?;
    host.refresh()?;
    let repository = Repository::read(source, Some(anchor.clone()), Mode::Development).map_err(|error| {
        let exit = if matches!(error, ReadError::Source { .. }) { Exit::Host } else { Exit::Trust };
        Failure::about(exit, shown.display(), &error)
    })?;
    let repository = published(&repository);
    for (target, _) in releases(&repository) {
        host.release(&target)?;
    }
    Contents::of(&repository, source, anchor.version())
}

/// Roots before the one that hosts have are of no use, and nothing vouches for them here: they may be there, and are not taken.
fn is_expected(path: &SafePath, contents: &Contents, anchor: &Anchor) -> bool {
    let mut version = Some(MetadataVersion::FIRST);
    let mut earlier = std::iter::from_fn(|| {
        let now = version.filter(|now| *now < anchor.version())?;
        version = now.next();
        Some(Role::Root.file(now))
    });
    contents.items().iter().any(|item| item.path == *path) || earlier.any(|earlier| earlier == *path)
}

fn read(source: &impl Fetch, item: &Item, shown: &Path) -> Result<Vec<u8>, Failure> {
    read_exactly(source, &item.path, Bytes::new(item.length), &item.sha256)
        .map_err(|reason| Failure::new(Exit::Trust, format!("{}: {reason}", shown.display())))
}

/// What comes on a stick may be older than what came before: a host that has seen the directory must accept what it will be.
fn check_update(copy: &WorkingCopy, unpacked: &Directory, contents: &Contents, anchor: &Anchor) -> Result<(), Failure> {
    let shown = copy.root().display().to_string();
    let refused = |error: &UpdateError| refused(&shown, error);
    let open = Client::open(anchor.clone(), Demands::default(), MemoryStore::default());
    let mut client = open.map_err(|error| refused(&error))?;
    let new = targets(unpacked, anchor, &shown)?;
    match client.refresh(copy.files(), Timestamp::UNIX_EPOCH) {
        Ok(_) => {
            for target in &new {
                // What it knows of the tenants so far; what was not there, or is not in order, stands in nobody's way.
                let _ = client.find(copy.files(), target, Freshness::Waived);
            }
        }
        // An empty directory; or one in which an import broke off after it brought the keys that replace those of the timestamp:
        // hosts forget what the old ones have signed.
        Err(UpdateError::Missing { .. }) => {}
        Err(UpdateError::Signatures { role: Role::Timestamp | Role::Snapshot | Role::Targets, .. }) => {}
        Err(error) => return Err(refused(&error)),
    }
    let (after, now) = (After { unpacked, there: copy.files() }, host::now());
    client.refresh(&after, now).map_err(|error| refused(&error))?;
    for target in &new {
        client.find(&after, target, Freshness::Demanded(now)).map_err(|error| refused(&error))?;
    }
    // What stands in the way is found before anything is written.
    for item in contents.items().iter().filter(|item| item.stability == Stability::Immutable) {
        match copy.files().get(&item.path, Bytes::new(item.length)) {
            Err(FetchError::NotFound) => {}
            Err(FetchError::Failed(cause)) => {
                let what = copy.shelf().path(&item.path);
                return Err(Failure::about(Exit::Host, what.display(), &*cause));
            }
            Ok(bytes) if jurat_trust::Digest::of(&bytes) == item.sha256 => {}
            Ok(_) | Err(FetchError::TooLong) => {
                let what = copy.shelf().path(&item.path);
                let told = format!("{}: it says something else already, and is never replaced", what.display());
                return Err(Failure::new(Exit::Trust, told));
            }
        }
    }
    Ok(())
}

fn targets(source: &Directory, anchor: &Anchor, shown: &str) -> Result<Vec<jurat_trust::TargetPath>, Failure> {
    let repository = Repository::read(source, Some(anchor.clone()), Mode::Development)
        .map_err(|error| Failure::about(Exit::Trust, shown, &error))?;
    Ok(releases(&published(&repository)).into_iter().map(|(target, _)| target).collect())
}

/// A directory as it will be.
struct After<'a> {
    unpacked: &'a Directory,
    there: &'a Directory,
}

impl Fetch for After<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.unpacked.get(file, cap) {
            Err(FetchError::NotFound) => self.there.get(file, cap),
            found => found,
        }
    }
}
