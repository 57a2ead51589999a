//! Secrets in memory: read in one piece, wiped when dropped, and in no core dump.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jurat_model::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::output;

/// What a secret may be read from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SecretSource {
    /// A file.
    File,
    /// A file, or a pipe such as `/dev/fd/3`.
    FileOrPipe,
}

/// Reads a secret that nobody else can read.
pub(crate) fn read(path: &Path, cap: Bytes, source: SecretSource) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let shown = path.display();
    let about = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(format!("{shown}: it does not exist")),
        _ => Failure::about(Exit::Usage, shown.to_string(), error),
    };
    let file = File::open(path).map_err(|error| about(&error))?;
    let found = file.metadata().map_err(|error| about(&error))?;
    if found.is_file() {
        let mode = found.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Failure::usage(format!(
                "{shown}: others can read or write this secret (mode {mode:03o}); make it yours alone with `chmod 600`, and a new \
                 one if somebody may have read it"
            )));
        }
    } else if source == SecretSource::File || found.is_dir() {
        return Err(Failure::usage(format!("{shown}: it is not a regular file")));
    }
    no_core_dumps();
    // As large as it may become: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(cap.to_usize().saturating_add(64)));
    file.take(cap.get().saturating_add(1)).read_to_end(&mut bytes).map_err(|error| about(&error))?;
    if bytes.len() > cap.to_usize() {
        return Err(Failure::usage(format!("{shown}: it has more than {cap}, which is the most that is read")));
    }
    Ok(bytes)
}

/// From now on, this process and those that it starts leave no memory behind on disk.
///
/// # Limits
/// Memory that is swapped out is a matter of the machine.
pub(crate) fn no_core_dumps() {
    // With 0, Linux still gives dumps to programs that ask for them; with 1 byte nobody gets any.
    let least = getrlimit(Resource::Core).maximum.map_or(1, |most| most.min(1));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(least), maximum: Some(least) }) {
        output::complain("warning", &format!("core dumps cannot be switched off: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_its_owners_alone_and_of_bounded_length() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        let check = |mode: u32, text: &str| {
            // One that only its owner may read cannot be written again.
            let _ = fs::remove_file(&file);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let read = read(&file, Bytes::new(5), SecretSource::File);
            read.map(|bytes| bytes.to_vec()).map_err(|failure| failure.messages().concat())
        };
        assert_eq!(check(0o600, "12345").unwrap(), b"12345");
        assert_eq!(check(0o400, "").unwrap(), b"");
        assert!(check(0o600, "123456").unwrap_err().contains("more than 5 B,"));
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
