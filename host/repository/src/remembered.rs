//! A repository as this host remembers it, verified again from the trusted root.

use jurat_disk::files;
use jurat_model::Bytes;
use jurat_trust::{Anchor, Caps, Client, Demands};

use crate::error::RepositoryError;
use crate::metadata_store::MetadataStore;
use crate::trust::Trust;

/// The longest trusted root.
const ROOT: Bytes = Bytes::kibi(512);

/// A client with the metadata of a store.
///
/// # Errors
/// When the trusted root or the metadata cannot be read, or are not signed as they must be.
pub(crate) fn remembered(trust: &Trust, store: MetadataStore) -> Result<Client<MetadataStore>, RepositoryError> {
    let file = &trust.root;
    let bytes = files::read(file, ROOT).map_err(|cause| RepositoryError::NoRoot { file: file.clone(), cause })?;
    let anchor = Anchor::parse(&bytes, trust.root_sha256.as_ref())
        .map_err(|cause| RepositoryError::Root { file: file.clone(), cause })?;
    let demands = Demands { repository: trust.repository.clone(), floors: trust.floors, caps: Caps::DEFAULT };
    Ok(Client::open(anchor, demands, store)?)
}
