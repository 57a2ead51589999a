//! `jurat trust verify`: what a host would say.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Fetch, FetchError, Freshness, MemoryStore, MetadataVersion, Provenance,
    RepositoryId, Role, TargetPath, VerifiedRelease,
};

use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::repository::{WorkingCopy, published, read_anchor, refused, releases};
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat trust verify repository --root root.json
  jurat trust verify repository --root root.json --repository acme-prod

Goes the way of a host that has seen nothing yet: from the root that it was given to every byte of every release.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    directory: PathBuf,
    /// The root that hosts have pinned; without it, the first one of the repository is believed
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The name that it must have been signed for; without it, whatever name the root has
    #[arg(long, value_name = "ID")]
    repository: Option<RepositoryId>,
    /// Only this release
    #[arg(long, value_name = "PATH")]
    target: Option<TargetPath>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let copy = WorkingCopy::open(&arguments.directory)?;
    let anchor = match &arguments.root {
        Some(file) => read_anchor(file)?,
        None => first_root(copy.files(), copy.root())?,
    };
    let mut host = Host::open(anchor, arguments.repository.clone(), host::now(), copy.files(), copy.root())?;
    host.refresh()?;
    let targets = match &arguments.target {
        Some(target) => vec![target.clone()],
        None => {
            let repository = published(&copy.read(arguments.root.as_deref())?);
            releases(&repository).into_iter().map(|(target, _)| target).collect()
        }
    };
    let mut out = output::stdout();
    let written = |error: &std::io::Error| Failure::of_output(error);
    for target in targets {
        let verified = host.release(&target)?;
        writeln!(out, "{}", line(&target, &verified)).map_err(|error| written(&error))?;
    }
    out.flush().map_err(|error| written(&error))?;
    if let Some((role, expires)) = host.client.expires() {
        output::progress(&format!("trusted  until {expires}, when {role} expires"));
    }
    Ok(Exit::Fine)
}

/// The first root of a repository, for those who have no better one.
pub(in crate::command) fn first_root(source: &impl Fetch, shown: &Path) -> Result<Anchor, Failure> {
    let file = Role::Root.file(MetadataVersion::FIRST);
    let bytes = source.get(&file, Caps::DEFAULT.root).map_err(|error| match error {
        FetchError::NotFound => {
            Failure::new(Exit::Trust, format!("{}: nothing in it has been published", shown.display()))
        }
        error => Failure::about(Exit::Host, format!("{}: `{file}`", shown.display()), &error),
    })?;
    Anchor::parse(&bytes, None)
        .map_err(|error| Failure::about(Exit::Trust, format!("{}: `{file}`", shown.display()), &error))
}

/// A host that has seen nothing but a root.
pub(in crate::command) struct Host<'a, S> {
    client: Client<MemoryStore>,
    source: &'a S,
    now: Timestamp,
    shown: String,
}

impl<'a, S: Fetch> Host<'a, S> {
    pub(in crate::command) fn open(
        anchor: Anchor,
        repository: Option<RepositoryId>,
        now: Timestamp,
        source: &'a S,
        shown: &Path,
    ) -> Result<Self, Failure> {
        let shown = shown.display().to_string();
        let demands = Demands { repository, ..Demands::default() };
        let client = Client::open(anchor, demands, MemoryStore::default()).map_err(|error| refused(&shown, &error))?;
        Ok(Self { client, source, now, shown })
    }

    pub(in crate::command) fn refresh(&mut self) -> Result<(), Failure> {
        self.client.refresh(self.source, self.now).map(|_| ()).map_err(|error| refused(&self.shown, &error))
    }

    pub(in crate::command) fn release(&mut self, target: &TargetPath) -> Result<VerifiedRelease, Failure> {
        let listing = self.client.find(self.source, target, Freshness::Demanded(self.now));
        let manifest = listing.and_then(|listing| listing.manifest(self.source));
        let release = manifest.and_then(|manifest| manifest.release(self.source));
        release.map_err(|error| refused(&self.shown, &error))
    }
}

fn line(target: &TargetPath, release: &VerifiedRelease) -> String {
    let manifest = release.manifest();
    let (name, version, files) = (manifest.name(), manifest.version(), manifest.files().len());
    let by = release
        .provenance()
        .map(|Provenance { signers, expires, .. }| format!("{} signatures  until {expires}", signers.len()));
    format!("{target}  {name} {version}  {files} files  {}  {}", by.unwrap_or_default(), release.manifest_sha256())
}
