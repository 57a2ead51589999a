//! Public keys in files.

use std::path::Path;

use jurat_trust::PublicKey;

use jurat_disk::files;
use jurat_model::chain;
use jurat_yaml::Problem;

/// The longest public key file.
const KEY_FILE: u64 = 16 << 10;

/// Reads a public key file.
///
/// # Errors
/// When it cannot be read, or does not hold a public key.
pub(crate) fn read_public_key(file: &Path) -> Result<PublicKey, Problem> {
    let refuse = |message| Problem::of_file(file.display().to_string(), message);
    let pem = files::read_text(file, KEY_FILE).map_err(|error| refuse(chain(&error)))?;
    PublicKey::from_pem(&pem).map_err(|error| refuse(chain(&error)))
}
