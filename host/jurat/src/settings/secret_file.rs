//! Reads secrets from settings or from files of their own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jurat_disk::files;
use jurat_model::{Excerpt, Secret, chain};
use jurat_yaml::Field;
use zeroize::Zeroizing;

use super::overrides::{MAX_VALUE, refuse_odd};

/// The problem of a secret in the configuration file or on a command line.
pub(super) const OPEN: &str = "others could read it here: use the key that ends in `_file`, or the variable";

/// Whether other users can read the source of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exposure {
    /// The configuration file or a command line: other users may read it.
    Readable,
    /// An environment variable or a file of its own.
    Protected,
}

/// The secret in one of two fields, or in the file that the other one names.
pub(super) fn choose(
    plain: Option<&Field<'_>>,
    file: Option<&Field<'_>>,
    check: impl FnOnce(&str, Exposure) -> Result<(), String>,
) -> Option<Secret> {
    let plain = plain.filter(|field| field.is_there());
    let file = file.filter(|field| field.is_there());
    let (field, secret, exposure) = match (plain, file) {
        (Some(_), Some(file)) => {
            file.refuse("the secret itself is given as well: leave one of the two out");
            return None;
        }
        (Some(plain), None) if plain.is_secret() => (plain, plain.secret()?, Exposure::Protected),
        (Some(plain), None) => (plain, plain.secret()?, Exposure::Readable),
        (None, Some(file)) => {
            let read = read(&file.path()?);
            (file, read.map_err(|message| file.refuse(message)).ok()?, Exposure::Protected)
        }
        (None, None) => return None,
    };
    check(secret.reveal(), exposure).map_err(|message| field.refuse(message)).ok()?;
    Some(secret)
}

/// Reads a file that holds a secret, on one line.
///
/// Others may read it, as in containers they often can, but not write it: they would decide what the secret is.
fn read(path: &Path) -> Result<Secret, String> {
    let shown = path.display().to_string();
    let about = |message: String| format!("`{}`: {message}", Excerpt::of(&shown));
    let bytes = files::read(path, MAX_VALUE).map_err(|error| about(chain(&error)))?;
    let bytes = Zeroizing::new(bytes);
    let mode = path.metadata().map_or(0, |found| found.permissions().mode());
    if mode & 0o002 != 0 {
        return Err(about("everybody can write it, and so decide what the secret is; `chmod o-rw` it".to_owned()));
    }
    if mode & 0o004 != 0 {
        tracing::warn!(file = shown, "every user of this machine can read this secret; `chmod o-r` would stop that");
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| about("it is not UTF-8 text".to_owned()))?;
    match text.trim_end_matches(['\n', '\r']) {
        "" => Err(about("it is empty".to_owned())),
        secret => refuse_odd(secret).map(|()| Secret::new(secret)).map_err(about),
    }
}
