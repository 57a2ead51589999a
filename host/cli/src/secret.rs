//! Secrets in memory: read at once, wiped when dropped, and excluded from core dumps.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jurat_model::{Blame, Bytes};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zeroize::Zeroizing;

use crate::exit::CommandError;
use crate::output;

/// The kinds of files from which a secret may be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SecretSource {
    /// A file.
    File,
    /// A file, or a pipe such as `/dev/fd/3`.
    FileOrPipe,
}

/// Reads a secret from a file that only its owner can read.
pub(crate) fn read(path: &Path, cap: Bytes, source: SecretSource) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let shown = path.display();
    let about = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => CommandError::usage(format!("{shown}: no such file")),
        _ => CommandError::about(Blame::Caller, shown.to_string(), error),
    };
    let file = File::open(path).map_err(|error| about(&error))?;
    let found = file.metadata().map_err(|error| about(&error))?;
    if found.is_file() {
        let mode = found.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CommandError::usage(format!(
                "{shown}: other users can read or write this secret (mode {mode:03o}); run `chmod 600`, and replace the secret if \
                 somebody may have read it"
            )));
        }
    } else if source == SecretSource::File || found.is_dir() {
        return Err(CommandError::usage(format!("{shown}: not a regular file")));
    }
    no_core_dumps();
    // Allocated at the maximal size: a growing buffer would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(cap.to_usize().saturating_add(64)));
    file.take(cap.get().saturating_add(1)).read_to_end(&mut bytes).map_err(|error| about(&error))?;
    if bytes.len() > cap.to_usize() {
        return Err(CommandError::usage(format!("{shown}: longer than the limit of {cap}")));
    }
    Ok(bytes)
}

/// Disables core dumps for this process and its children.
///
/// # Limits
/// Swapping is up to the machine.
pub(crate) fn no_core_dumps() {
    // With 0, Linux still pipes dumps to a handler program; with 1 byte it does not.
    let least = getrlimit(Resource::Core).maximum.map_or(1, |most| most.min(1));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(least), maximum: Some(least) }) {
        output::complain("warning", &format!("core dumps cannot be disabled: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_readable_by_its_owner_only_and_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        let check = |mode: u32, text: &str| {
            // A read-only file cannot be written again.
            let _ = fs::remove_file(&file);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let read = read(&file, Bytes::new(5), SecretSource::File);
            read.map(|bytes| bytes.to_vec()).map_err(|failure| failure.messages().concat())
        };
        assert_eq!(check(0o600, "12345").unwrap(), b"12345");
        assert_eq!(check(0o400, "").unwrap(), b"");
        assert!(check(0o600, "123456").unwrap_err().contains("limit of 5 B"));
        for mode in [0o640, 0o604, 0o620, 0o601] {
            assert!(check(mode, "1").unwrap_err().contains(&format!("mode {mode:03o}")));
        }
        let refused = super::read(directory.path(), Bytes::new(5), SecretSource::FileOrPipe).unwrap_err();
        assert!(refused.messages().concat().contains("not a regular file"));
        let zero = super::read(Path::new("/dev/zero"), Bytes::new(5), SecretSource::File).unwrap_err();
        assert!(zero.messages().concat().contains("not a regular file"));
    }

    #[test]
    fn there_are_no_core_dumps_once_a_secret_was_read() {
        no_core_dumps();
        assert!(getrlimit(Resource::Core).current.is_some_and(|most| most <= 1));
        no_core_dumps();
    }
}
