//! Key files: a private key that signs and stays secret, and beside it the public key that verifies.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jurat_model::{Blame, Bytes};
use jurat_trust::{KeyId, KeySet, PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::exit::CommandError;
use crate::output;
use crate::passphrase::{Passphrases, Protection};
use crate::public_key::read_public_key;
use crate::secret::{self, SecretSource};

/// The longest key file.
const KEY_FILE: Bytes = Bytes::kibi(16);

const PRIVATE: &str = ".pem";
const PUBLIC: &str = ".pub.pem";

/// The two files of a new key pair.
#[derive(Debug)]
pub(crate) struct KeyPair {
    private: PathBuf,
    public: PathBuf,
}

impl KeyPair {
    /// Names the files by their path without extension. Neither may exist.
    pub(crate) fn new(stem: &Path) -> Result<Self, CommandError> {
        if stem.as_os_str().as_encoded_bytes().ends_with(b"/") || stem.file_name().is_none() {
            let stem = stem.display();
            return Err(CommandError::usage(format!(
                "--out: `{stem}` is not a file name; write a path without extension, as in `keys/team`"
            )));
        }
        let with_extension = |extension: &str| {
            let mut name = stem.to_owned().into_os_string();
            name.push(extension);
            PathBuf::from(name)
        };
        let pair = Self { private: with_extension(PRIVATE), public: with_extension(PUBLIC) };
        if let Some(taken) = [&pair.private, &pair.public].into_iter().find(|file| file.symlink_metadata().is_ok()) {
            return Err(CommandError::usage(format!("{}: exists, and keys are never overwritten", taken.display())));
        }
        if let Some(directory) =
            pair.private.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir())
        {
            let directory = directory.display();
            return Err(CommandError::usage(format!("{directory}: no such directory; create it with mode 700")));
        }
        Ok(pair)
    }

    /// Generates a key, writes the files, and prints their names.
    pub(crate) fn generate(&self, protection: &Protection) -> Result<SecretKey, CommandError> {
        secret::no_core_dumps();
        let key = SecretKey::generate()
            .map_err(|error| CommandError::about(Blame::Host, "no key can be generated", &error))?;
        let public = public_pem(&key.public())?;
        write_new(&self.private, 0o600, private_pem(&key, protection)?.as_bytes())?;
        write_new(&self.public, 0o644, public.as_bytes())?;
        let how = match protection {
            Protection::Plain => "not encrypted: anyone who reads it can sign",
            Protection::Passphrase(_) => "encrypted",
        };
        output::progress(&format!("private key  {}  ({how})", self.private.display()));
        output::progress(&format!("public key   {}", self.public.display()));
        output::progress(&format!("key id       {}", KeyId::of(&key.public())));
        Ok(key)
    }
}

/// Reads a private key from a file that only its owner can read.
pub(crate) fn read_private(file: &Path, passphrases: &mut Passphrases) -> Result<SecretKey, CommandError> {
    let about = |error: &(dyn std::error::Error + 'static)| CommandError::about(Blame::Caller, file.display(), error);
    let bytes = secret::read(file, KEY_FILE, SecretSource::File)?;
    let pem = str::from_utf8(&bytes).map_err(|error| about(&error))?;
    if !SecretKey::is_encrypted(pem) {
        return SecretKey::from_pem(pem).map_err(|error| about(&error));
    }
    let key = passphrases.open(file, pem)?;
    // A damaged file may still decrypt, because the encryption has no integrity check.
    match public_beside(file)? {
        Some((public, expected)) if expected != key.public() => Err(CommandError::usage(format!(
            "{}: does not match the public key `{}`, or is damaged",
            file.display(),
            public.display()
        ))),
        _ => Ok(key),
    }
}

/// Reads a private key that is not encrypted.
pub(crate) fn read_plain(file: &Path) -> Result<SecretKey, CommandError> {
    let bytes = secret::read(file, KEY_FILE, SecretSource::File)?;
    let about = |error: &(dyn std::error::Error + 'static)| CommandError::about(Blame::Caller, file.display(), error);
    let pem = str::from_utf8(&bytes).map_err(|error| about(&error))?;
    SecretKey::from_pem(pem).map_err(|error| about(&error))
}

/// The text of a private key file.
pub(crate) fn private_pem(key: &SecretKey, protection: &Protection) -> Result<Zeroizing<String>, CommandError> {
    let pem = match protection {
        Protection::Plain => key.to_pem(),
        Protection::Passphrase(passphrase) => key.to_encrypted_pem(passphrase),
    };
    pem.map_err(|error| CommandError::about(Blame::Host, "the key cannot be written", &error))
}

/// The text of a public key file.
pub(crate) fn public_pem(key: &PublicKey) -> Result<String, CommandError> {
    key.to_pem().map_err(|error| CommandError::about(Blame::Host, "the key cannot be written", &error))
}

/// The public key beside a private key, if it exists.
fn public_beside(private: &Path) -> Result<Option<(PathBuf, PublicKey)>, CommandError> {
    let Some(stem) = private.file_name().and_then(|name| name.to_str()?.strip_suffix(PRIVATE)) else {
        return Ok(None);
    };
    let public = private.with_file_name(format!("{stem}{PUBLIC}"));
    if !public.exists() {
        return Ok(None);
    }
    let key = read_public_key(&public)?;
    Ok(Some((public, key)))
}

/// Reads public keys, of which `threshold` must sign.
pub(crate) fn key_set(option: &str, files: &[PathBuf], threshold: usize) -> Result<KeySet, CommandError> {
    let keys: Vec<PublicKey> = files.iter().map(|file| read_public_key(file)).collect::<Result<_, _>>()?;
    KeySet::new(threshold, keys).map_err(|error| CommandError::about(Blame::Caller, option, &error))
}

/// Writes a file that must not exist. The mode holds from the first byte on.
fn write_new(file: &Path, mode: u32, bytes: &[u8]) -> Result<(), CommandError> {
    let about = |error: &std::io::Error| CommandError::about(Blame::Host, file.display(), error);
    let mut opened =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(|error| about(&error))?;
    opened.write_all(bytes).and_then(|()| opened.sync_all()).map_err(|error| about(&error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;
    use crate::passphrase::PassphraseArguments;

    #[test]
    fn a_private_key_is_readable_by_its_owner_only_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let stem = directory.path().join("team");
        KeyPair::new(&stem).unwrap().generate(&Protection::Plain).unwrap();
        let private = directory.path().join("team.pem");
        assert_eq!(fs::metadata(&private).unwrap().mode() & 0o777, 0o600);
        let public = read_public_key(&directory.path().join("team.pub.pem")).unwrap();
        let read = || read_private(&private, &mut PassphraseArguments::default().read().unwrap());
        assert_eq!(read().ok().unwrap().public(), public);

        let again = KeyPair::new(&stem).unwrap_err();
        assert!(again.messages()[0].contains("never overwritten"), "{again:?}");

        fs::set_permissions(&private, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read().err().unwrap();
        assert!(refused.messages()[0].contains("mode 640"), "{refused:?}");
    }
}
