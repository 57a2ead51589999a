//! A repository as a tar file: regular files with the names of a repository, and nothing else.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use jurat_model::{Blame, Bytes};
use jurat_trust::{Caps, Digest, SafePath};
use tar::{Archive, Builder, EntryType, Header};

use crate::exit::CommandError;
use crate::repository::PublishedFile;

/// The longest name, in bytes. A repository has shorter ones.
const NAME: u64 = 1_024;

/// The largest archive.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArchiveLimits {
    files: usize,
    bytes: Bytes,
}

impl ArchiveLimits {
    /// 100,000 files of 16 GiB together: 64 releases of the largest kind.
    pub(super) const DEFAULT: Self = Self { files: 100_000, bytes: Bytes::mebi(16 << 10) };

    fn check(self, files: usize, bytes: u64) -> Result<(), String> {
        if files > self.files {
            return Err(format!("more than {} files, the limit for an archive", self.files));
        }
        if bytes > self.bytes.get() {
            return Err(format!("more than {} in total, the limit for an archive", self.bytes));
        }
        Ok(())
    }
}

/// Writes an archive, completely or not at all. The same files give the same archive.
pub(super) fn pack(
    file: &Path,
    files: &[PublishedFile],
    limits: ArchiveLimits,
    read: impl Fn(&PublishedFile) -> Result<Vec<u8>, CommandError>,
) -> Result<(), CommandError> {
    let total = files.iter().map(|file| file.length).fold(0, u64::saturating_add);
    limits.check(files.len(), total).map_err(|reason| CommandError::usage(format!("{}: {reason}", file.display())))?;
    let about = |error: &io::Error| CommandError::about(Blame::Host, file.display(), error);
    let directory = match file.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new().prefix(".jurat-mirror-").permissions(readable()).tempfile_in(directory);
    let mut temporary = temporary.map_err(|error| about(&error))?;
    let mut archive = Builder::new(BufWriter::new(temporary.as_file_mut()));
    for published in files {
        let bytes = read(published)?;
        let mut header = Header::new_gnu();
        header.set_size(published.length);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(EntryType::Regular);
        archive.append_data(&mut header, published.path.as_str(), bytes.as_slice()).map_err(|error| about(&error))?;
    }
    archive.into_inner().and_then(|mut out| out.flush()).map_err(|error| about(&error))?;
    temporary.as_file().sync_all().map_err(|error| about(&error))?;
    temporary.persist(file).map_err(|error| about(&error.error))?;
    // Without this, the new name may not survive a loss of power.
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| about(&error))
}

/// Readable by others, as far as the umask allows.
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

/// Unpacks an archive to an empty directory, and returns the paths. Only one buffer is in memory.
pub(super) fn unpack(file: &Path, into: &Path, limits: ArchiveLimits) -> Result<BTreeSet<SafePath>, CommandError> {
    let usage = |error: &io::Error| CommandError::about(Blame::Caller, file.display(), error);
    let refuse = |reason: String| CommandError::new(Blame::Source, format!("{}: {reason}", file.display()));
    // An error without a code of the system comes from the reader of the archive, which is then at fault.
    let unreadable = |error: &io::Error| match error.raw_os_error() {
        Some(_) => usage(error),
        None => refuse("damaged, or not a tar archive: `jurat mirror export` makes one".to_owned()),
    };
    // Opening a pipe would wait for a writer.
    if !fs::metadata(file).map_err(|error| usage(&error))?.is_file() {
        return Err(CommandError::usage(format!("{}: not a regular file", file.display())));
    }
    let opened = File::open(file).map_err(|error| usage(&error))?;
    let mut archive = Archive::new(BufReader::new(opened));
    let (mut paths, mut total, mut long) = (BTreeSet::new(), 0_u64, None);
    // Raw, because otherwise format extensions of any length would be read into memory.
    for entry in archive.entries().map_err(|error| usage(&error))?.raw(true) {
        let mut entry = entry.map_err(|error| unreadable(&error))?;
        let (kind, size) = (entry.header().entry_type(), entry.size());
        if kind == EntryType::GNULongName && long.is_none() && size <= NAME {
            let mut name = Vec::new();
            (&mut entry).take(NAME).read_to_end(&mut name).map_err(|error| usage(&error))?;
            long = Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned());
            continue;
        }
        let name = long.take().unwrap_or_else(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
        if kind != EntryType::Regular {
            return Err(refuse(format!("`{name}` is not a regular file")));
        }
        let path: SafePath = name.parse().map_err(|error| refuse(jurat::chain(&error)))?;
        let cap = cap(&path).ok_or_else(|| refuse(format!("`{path}` does not belong to a repository")))?;
        if size > cap.get() {
            return Err(refuse(format!("`{path}` has {size} bytes, more than the limit of {cap}")));
        }
        total = total.saturating_add(size);
        limits.check(paths.len() + 1, total).map_err(refuse)?;
        if !paths.insert(path.clone()) {
            return Err(refuse(format!("contains `{path}` twice")));
        }
        let to = into.join(path.as_str());
        let host = |error: io::Error| CommandError::about(Blame::Host, into.display(), &error);
        to.parent().map_or(Ok(()), fs::create_dir_all).map_err(host)?;
        let mut out = OpenOptions::new().write(true).create_new(true).open(&to).map_err(host)?;
        let copied = io::copy(&mut entry.take(size), &mut out).map_err(|error| usage(&error))?;
        if copied != size {
            return Err(refuse(format!("ends within `{path}`")));
        }
    }
    Ok(paths)
}

/// The longest file at a path; `None` if the path does not belong to a repository.
fn cap(path: &SafePath) -> Option<Bytes> {
    let (top, rest) = path.as_str().split_once('/')?;
    let caps = Caps::DEFAULT;
    match top {
        "metadata" if rest.ends_with(".json") && !rest.contains('/') => Some(caps.targets),
        "targets" if rest.ends_with(".json") => Some(caps.manifest),
        "blobs" if rest.strip_prefix("sha256/").is_some_and(|hex| hex.parse::<Digest>().is_ok()) => Some(caps.file),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries: type, name and length.
    fn archive(entries: &[(EntryType, &str, usize)]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for (kind, name, length) in entries {
            let mut header = Header::new_gnu();
            // Written directly: the library refuses some of these names.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(*length as u64);
            header.set_entry_type(*kind);
            header.set_cksum();
            archive.append(&header, vec![b'x'; *length].as_slice()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn unpacked(bytes: &[u8], limits: ArchiveLimits) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let (file, into) = (directory.path().join("a.tar"), directory.path().join("into"));
        fs::write(&file, bytes).unwrap();
        fs::create_dir(&into).unwrap();
        let paths = unpack(&file, &into, limits).map_err(|failure| {
            assert_eq!(failure.report(), crate::exit::Exit::Trust);
            failure.messages().concat()
        })?;
        assert!(paths.iter().all(|path| into.join(path.as_str()).is_file()));
        Ok(paths.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_regular_files_with_the_names_of_a_repository_are_accepted() {
        let blob = format!("blobs/sha256/{}", "0".repeat(64));
        let good = [(EntryType::Regular, "metadata/1.root.json", 3), (EntryType::Regular, &blob, 0)];
        assert_eq!(unpacked(&archive(&good), ArchiveLimits::DEFAULT).unwrap(), [&blob, "metadata/1.root.json"]);
        for (kind, name, reason) in [
            (EntryType::Symlink, "metadata/1.root.json", "not a regular file"),
            (EntryType::Link, "metadata/1.root.json", "not a regular file"),
            (EntryType::Directory, "metadata/", "not a regular file"),
            (EntryType::Fifo, "metadata/1.root.json", "not a regular file"),
            (EntryType::Char, "metadata/1.root.json", "not a regular file"),
            (EntryType::GNUSparse, "metadata/1.root.json", "not a regular file"),
            (EntryType::XHeader, "metadata/1.root.json", "not a regular file"),
            (EntryType::XGlobalHeader, "metadata/1.root.json", "not a regular file"),
            (EntryType::GNULongLink, "metadata/1.root.json", "not a regular file"),
            (EntryType::Regular, "/etc/passwd", ""),
            (EntryType::Regular, "metadata/../../x.json", ""),
            (EntryType::Regular, "metadata/a/b.json", "does not belong"),
            (EntryType::Regular, "blobs/sha256/00", "does not belong"),
            (EntryType::Regular, "blobs/x", "does not belong"),
            (EntryType::Regular, "staged/1.root.json", "does not belong"),
            (EntryType::Regular, "publisher.json", "does not belong"),
        ] {
            let refused = unpacked(&archive(&[(kind, name, 0)]), ArchiveLimits::DEFAULT).unwrap_err();
            assert!(refused.contains(reason), "{name}: {refused}");
        }
        let twice = archive(&[good[0], good[1], good[0]]);
        assert!(unpacked(&twice, ArchiveLimits::DEFAULT).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_long_name_is_read_and_one_that_is_too_long_is_not() {
        let path = format!("targets/t/{}/main/{}.loan.json", "a".repeat(60), "0".repeat(64));
        let named = |length: usize| {
            let mut archive = Builder::new(Vec::new());
            let name = format!("{path}{}", "\0".repeat(length - path.len()));
            for (kind, content) in [(EntryType::GNULongName, name.as_bytes()), (EntryType::Regular, b"{}")] {
                let mut header = Header::new_gnu();
                header.set_path("x").unwrap();
                header.set_size(content.len() as u64);
                header.set_entry_type(kind);
                header.set_cksum();
                archive.append(&header, content).unwrap();
            }
            archive.into_inner().unwrap()
        };
        assert_eq!(unpacked(&named(1_024), ArchiveLimits::DEFAULT).unwrap(), [path.as_str()]);
        assert!(unpacked(&named(1_025), ArchiveLimits::DEFAULT).unwrap_err().contains("not a regular file"));
    }

    #[test]
    fn files_their_total_size_and_each_size_are_limited() {
        let entries: Vec<_> = ["metadata/1.json", "metadata/2.json"].map(|name| (EntryType::Regular, name, 600)).into();
        let bytes = archive(&entries);
        let of = |files, bytes| ArchiveLimits { files, bytes: Bytes::new(bytes) };
        assert_eq!(unpacked(&bytes, of(2, 1_200)).unwrap().len(), 2);
        assert!(unpacked(&bytes, of(1, 1_200)).unwrap_err().contains("more than 1 files"));
        assert!(unpacked(&bytes, of(2, 1_199)).unwrap_err().contains("in total"));
        let cap = Caps::DEFAULT.manifest.to_usize();
        let manifest = |length| archive(&[(EntryType::Regular, "targets/x.json", length)]);
        assert_eq!(unpacked(&manifest(cap), ArchiveLimits::DEFAULT).unwrap().len(), 1);
        assert!(unpacked(&manifest(cap + 1), ArchiveLimits::DEFAULT).unwrap_err().contains("the limit of"));
    }

    #[test]
    fn a_truncated_archive_is_refused() {
        let whole = archive(&[(EntryType::Regular, "metadata/1.root.json", 600)]);
        assert!(unpacked(&whole[..512 + 599], ArchiveLimits::DEFAULT).unwrap_err().contains("ends within"));
        // A file ends with a block; the trailing blocks of the archive are not needed.
        assert!(unpacked(&whole[..512 + 1_024], ArchiveLimits::DEFAULT).is_ok());
        assert!(unpacked(&whole[..100], ArchiveLimits::DEFAULT).is_err());
    }

    #[test]
    fn a_file_that_is_not_an_archive_is_refused() {
        let refused = unpacked(&b"loan,principal\n".repeat(100), ArchiveLimits::DEFAULT).unwrap_err();
        assert!(refused.ends_with("not a tar archive: `jurat mirror export` makes one"), "{refused}");
    }
}
