//! Checks a repository as a host does that has only its root.

use std::path::Path;

use jiff::Timestamp;
use jurat_model::Blame;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Fetch, FetchError, Freshness, MemoryStore, MetadataVersion, RepositoryId, Role,
    TargetPath, VerifiedRelease,
};

use crate::exit::CommandError;

/// A host that has only its root.
pub(crate) struct FreshHost<'a, S> {
    client: Client<MemoryStore>,
    source: &'a S,
    now: Timestamp,
    shown: String,
}

impl<'a, S: Fetch> FreshHost<'a, S> {
    /// A host with this root. `repository` is the name that the repository must be signed for; without it, any name is accepted.
    pub(crate) fn open(
        anchor: Anchor,
        repository: Option<RepositoryId>,
        now: Timestamp,
        source: &'a S,
        shown: &Path,
    ) -> Result<Self, CommandError> {
        let shown = shown.display().to_string();
        let demands = Demands { repository, ..Demands::default() };
        let client = Client::open(anchor, demands, MemoryStore::default());
        let client = client.map_err(|error| CommandError::of(&shown, &error))?;
        Ok(Self { client, source, now, shown })
    }

    /// Accepts the metadata of the top roles, or refuses it.
    pub(crate) fn refresh(&mut self) -> Result<(), CommandError> {
        let refreshed = self.client.refresh(self.source, self.now);
        refreshed.map(drop).map_err(|error| CommandError::of(&self.shown, &error))
    }

    /// Verifies a release with all its files.
    pub(crate) fn release(&mut self, target: &TargetPath) -> Result<VerifiedRelease, CommandError> {
        let listing = self.client.find(self.source, target, Freshness::Demanded(self.now));
        let manifest = listing.and_then(|listing| listing.manifest(self.source));
        let release = manifest.and_then(|manifest| manifest.release(self.source));
        release.map_err(|error| CommandError::of(&self.shown, &error))
    }

    /// The role that expires first, and when.
    pub(crate) fn expires(&self) -> Option<(Role, Timestamp)> {
        self.client.expires()
    }
}

/// Reads the first root of a repository, if no other source gives a root.
pub(crate) fn first_root(source: &impl Fetch, shown: &Path) -> Result<Anchor, CommandError> {
    let file = Role::Root.file(MetadataVersion::FIRST);
    let about = || format!("{}: `{file}`", shown.display());
    let bytes = source.get(&file, Caps::DEFAULT.root).map_err(|error| match error {
        FetchError::NotFound => {
            CommandError::new(Blame::Source, format!("{}: nothing has been published", shown.display()))
        }
        error => CommandError::about(Blame::Host, about(), &error),
    })?;
    Anchor::parse(&bytes, None).map_err(|error| CommandError::about(Blame::Source, about(), &error))
}
