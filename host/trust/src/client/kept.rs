//! The stored state of a host, verified again from the anchor up.

use std::collections::{BTreeMap, BTreeSet};

use jurat_model::Bytes;

use super::error::{StateError, UpdateError};
use super::trusted::{Authority, Trusted, open};
use super::{Client, DEPTH, Demands, clock};
use crate::anchor::Anchor;
use crate::envelope::Envelope;
use crate::metadata::{Delegation, Payload, RootMetadata, TargetsMetadata};
use crate::name::RepositoryId;
use crate::role::{Role, TopRole};
use crate::store::{StateFile, Store};
use crate::version::MetadataVersion;

/// How many roots before the anchor are asked whose keys signed what is kept.
const FORMER_ROOTS: u32 = 256;

/// The outcome of reading a file that was kept.
enum Kept<T> {
    Absent,
    /// It was signed by keys that root has replaced since.
    Outdated,
    Trusted(Trusted<T>),
}

impl<S: Store> Client<S> {
    /// Takes up what the store remembers: roots from the anchor on, then everything else under the keys of the last one. Whether any
    /// of it has expired does not matter here.
    ///
    /// Writes nothing. What was signed by keys that root has replaced since is passed over, and removed by the next refresh.
    ///
    /// # Errors
    /// When the anchor is not that of the repository that is demanded, the store fails, or something in it is not what could have
    /// been accepted once. That is never taken for absent, because an attacker wants the host to forget.
    pub fn open(anchor: Anchor, demands: Demands, store: S) -> Result<Self, UpdateError> {
        let Demands { repository, floors, caps } = demands;
        let found = anchor.repository().clone();
        let repository = match repository {
            Some(expected) if expected != found => return Err(UpdateError::WrongAnchor { expected, found }),
            _ => found,
        };
        let anchor_is_kept = check_anchor(&store, &anchor)?;
        let (root, former) = read_roots(&store, &anchor, &repository)?;
        let last_seen = read(&store, &StateFile::Clock)?.map(|bytes| clock::read(&bytes)).transpose()?;
        let mut client = Self {
            repository,
            floors,
            caps,
            store,
            anchor,
            anchor_is_kept,
            root,
            timestamp: None,
            snapshot: None,
            targets: None,
            roles: BTreeMap::new(),
            outdated: None,
            last_seen,
        };
        let timestamp = client.kept(&StateFile::Timestamp, TopRole::Timestamp, &former)?;
        let snapshot = client.kept(&StateFile::Snapshot, TopRole::Snapshot, &former)?;
        match (timestamp, snapshot) {
            (Kept::Outdated, _) => client.outdated = Some(StateFile::Timestamp),
            (_, Kept::Outdated) => client.outdated = Some(StateFile::Snapshot),
            (timestamp, snapshot) => (client.timestamp, client.snapshot) = (timestamp.into(), snapshot.into()),
        }
        client.targets = client.kept(&StateFile::Targets, TopRole::Targets, &former)?.into();
        client.load_roles()?;
        Ok(client)
    }

    /// The stored metadata of a top role.
    fn kept<T: Payload>(
        &self,
        file: &StateFile,
        role: TopRole,
        former: &[RootMetadata],
    ) -> Result<Kept<T>, UpdateError> {
        let Some(bytes) = read(&self.store, file)? else { return Ok(Kept::Absent) };
        let authority = Authority::of_root(&self.root.metadata, role);
        let refusal = match self.verify_kept(bytes.clone(), &authority) {
            Ok(trusted) => return Ok(Kept::Trusted(trusted)),
            Err(refusal) => refusal,
        };
        if let (UpdateError::Signatures { .. }, Ok(envelope)) = (&refusal, Envelope::parse(&bytes, all(&bytes))) {
            let is_signer = |root: &RootMetadata| envelope.verify(root.keys(role)).is_ok();
            if former.iter().any(is_signer) || roots_before(&self.store, &self.anchor)?.iter().any(is_signer) {
                return Ok(Kept::Outdated);
            }
        }
        Err(unusable(file, refusal))
    }

    /// Takes up what is kept of delegated roles and not known yet. What other keys signed is passed over: its role was delegated anew.
    pub(super) fn load_roles(&mut self) -> Result<(), UpdateError> {
        let Some(targets) = &self.targets else { return Ok(()) };
        let with = |by: &Role, metadata: &TargetsMetadata, depth: usize| {
            let step = |delegation: &Delegation| (delegation.clone(), by.clone(), metadata.version(), depth);
            metadata.delegations().iter().map(step).collect::<Vec<_>>()
        };
        let mut pending = with(&Role::Targets, &targets.metadata, 1);
        let mut seen = BTreeSet::new();
        while let Some((delegation, by, by_version, depth)) = pending.pop() {
            let role = Role::Delegated(delegation.role.clone());
            let authority = Authority { role: role.clone(), keys: &delegation.keys, by, by_version };
            let Some(trusted) = self.kept_role(&delegation, &authority)? else { continue };
            if seen.insert(delegation.role.clone()) && depth < DEPTH {
                pending.extend(with(&role, &trusted.metadata, depth + 1));
            }
            self.roles.insert(delegation.role, trusted);
        }
        Ok(())
    }

    /// The metadata of a delegated role, known or stored, if the keys of this delegation have signed it.
    pub(super) fn kept_role(
        &self,
        delegation: &Delegation,
        authority: &Authority<'_>,
    ) -> Result<Option<Trusted<TargetsMetadata>>, UpdateError> {
        if let Some(known) = self.roles.get(&delegation.role) {
            return Ok(known.is_signed_by(authority.keys).then(|| known.clone()));
        }
        let file = StateFile::Delegated(delegation.role.clone());
        let Some(bytes) = read(&self.store, &file)? else { return Ok(None) };
        match self.verify_kept(bytes, authority) {
            Ok(trusted) => Ok(Some(trusted)),
            Err(UpdateError::Signatures { .. }) => Ok(None),
            Err(refusal) => Err(unusable(&file, refusal)),
        }
    }

    fn verify_kept<T: Payload>(&self, bytes: Vec<u8>, authority: &Authority<'_>) -> Result<Trusted<T>, UpdateError> {
        // Its version is not known before it is read; the name without one is good enough for messages.
        let file = authority.role.any_file();
        let cap = all(&bytes);
        Trusted::verify(&file, bytes, cap, authority, &self.repository)
    }
}

impl<T> From<Kept<T>> for Option<Trusted<T>> {
    fn from(kept: Kept<T>) -> Self {
        match kept {
            Kept::Trusted(trusted) => Some(trusted),
            Kept::Absent | Kept::Outdated => None,
        }
    }
}

/// The last root of the chain that starts at the anchor, and those before it.
fn read_roots<S: Store>(
    store: &S,
    anchor: &Anchor,
    repository: &RepositoryId,
) -> Result<(Trusted<RootMetadata>, Vec<RootMetadata>), UpdateError> {
    let own = Authority::of_root(anchor.root(), TopRole::Root);
    let bytes = anchor.envelope().to_vec();
    let cap = all(&bytes);
    let mut root = Trusted::<RootMetadata>::verify(&Role::Root.file(anchor.version()), bytes, cap, &own, repository)?;
    let mut former = Vec::new();
    while let Some(next) = root.metadata.version().next() {
        let file = StateFile::Root(next);
        let Some(bytes) = read(store, &file)? else { break };
        let cap = all(&bytes);
        let next = root.next(bytes, next, cap, repository).map_err(|refusal| unusable(&file, refusal))?;
        former.push(std::mem::replace(&mut root, next).metadata);
    }
    Ok((root, former))
}

/// Roots from before the anchor: from the time when it was another one. They are asked for one thing only, whether what is kept was
/// signed by keys that were good once; an attacker who could forge them could as well remove what is kept.
fn roots_before<S: Store>(store: &S, anchor: &Anchor) -> Result<Vec<RootMetadata>, UpdateError> {
    let mut roots = Vec::new();
    let mut version = anchor.version();
    for _ in 0..FORMER_ROOTS {
        let Some(before) = version.previous() else { break };
        version = before;
        let Some(bytes) = read(store, &StateFile::Root(version))? else { continue };
        roots.extend(self_signed(&bytes, version, anchor.repository()));
    }
    Ok(roots)
}

fn self_signed(bytes: &[u8], version: MetadataVersion, repository: &RepositoryId) -> Option<RootMetadata> {
    let root = Anchor::parse(bytes, None).ok()?;
    (root.version() == version && root.repository() == repository).then(|| root.root().clone())
}

/// Whether the anchor is in the store already. A root of the same version that says something else is that of another repository.
fn check_anchor<S: Store>(store: &S, anchor: &Anchor) -> Result<bool, UpdateError> {
    let file = StateFile::Root(anchor.version());
    let Some(bytes) = read(store, &file)? else { return Ok(false) };
    let opened = open(&Role::Root.file(anchor.version()), &bytes, all(&bytes));
    let kept = opened.map_err(|refusal| unusable(&file, refusal))?;
    match RootMetadata::parse(kept.unverified_payload()) {
        Ok(root) if root == *anchor.root() => Ok(true),
        _ => Err(UpdateError::State { file, cause: StateError::OtherRoot }),
    }
}

fn read<S: Store>(store: &S, file: &StateFile) -> Result<Option<Vec<u8>>, UpdateError> {
    store.read(file).map_err(|cause| UpdateError::Store { file: file.clone(), cause })
}

fn unusable(file: &StateFile, refusal: UpdateError) -> UpdateError {
    UpdateError::State { file: file.clone(), cause: StateError::Metadata(Box::new(refusal)) }
}

/// No cap: how long it may be was seen to when it was received.
fn all(bytes: &[u8]) -> Bytes {
    Bytes::new(bytes.len() as u64)
}
