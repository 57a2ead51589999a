//! A repository as a file in the format of tar: plain files with the names of a repository, and nothing else.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use jurat_model::Bytes;
use jurat_trust::{Caps, Digest, SafePath};
use tar::{Archive, Builder, EntryType, Header};

use crate::exit::{Exit, Failure};
use crate::repository::Item;

/// The longest name, in bytes: more than a repository has.
const NAME: u64 = 1_024;

/// How much may be in an archive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    files: usize,
    bytes: Bytes,
}

impl Most {
    /// 100,000 files of 16 GiB together: 64 releases of the largest kind.
    pub(super) const DEFAULT: Self = Self { files: 100_000, bytes: Bytes::mebi(16 << 10) };

    fn check(self, files: usize, bytes: u64) -> Result<(), String> {
        if files > self.files {
            return Err(format!("it has more than {} files, which are the most that are carried", self.files));
        }
        if bytes > self.bytes.get() {
            return Err(format!("its files have more than {} together, which is the most that is carried", self.bytes));
        }
        Ok(())
    }
}

/// Writes an archive, whole or not at all. The same files make the same archive.
pub(super) fn pack(
    file: &Path,
    items: &[Item],
    most: Most,
    read: impl Fn(&Item) -> Result<Vec<u8>, Failure>,
) -> Result<(), Failure> {
    let total = items.iter().map(|item| item.length).fold(0, u64::saturating_add);
    most.check(items.len(), total).map_err(|reason| Failure::usage(format!("{}: {reason}", file.display())))?;
    let about = |error: &io::Error| Failure::about(Exit::Host, file.display(), error);
    let directory = match file.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new().prefix(".jurat-mirror-").permissions(readable()).tempfile_in(directory);
    let mut temporary = temporary.map_err(|error| about(&error))?;
    let mut archive = Builder::new(BufWriter::new(temporary.as_file_mut()));
    for item in items {
        let bytes = read(item)?;
        let mut header = Header::new_gnu();
        header.set_size(item.length);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(EntryType::Regular);
        archive.append_data(&mut header, item.path.as_str(), bytes.as_slice()).map_err(|error| about(&error))?;
    }
    archive.into_inner().and_then(|mut out| out.flush()).map_err(|error| about(&error))?;
    temporary.as_file().sync_all().map_err(|error| about(&error))?;
    temporary.persist(file).map_err(|error| about(&error.error))?;
    // Without this, the new name may not outlive a loss of power.
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| about(&error))
}

/// Others may read it, as far as the user lets them read anything.
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

/// Puts the files of an archive into an empty directory, and gives their paths. No more than one buffer is in memory.
pub(super) fn unpack(file: &Path, into: &Path, most: Most) -> Result<BTreeSet<SafePath>, Failure> {
    let usage = |error: &io::Error| Failure::about(Exit::Usage, file.display(), error);
    let refuse = |reason: String| Failure::new(Exit::Trust, format!("{}: {reason}", file.display()));
    // A pipe that nobody writes to would be waited for.
    if !fs::metadata(file).map_err(|error| usage(&error))?.is_file() {
        return Err(Failure::usage(format!("{}: it is not a regular file", file.display())));
    }
    let opened = File::open(file).map_err(|error| usage(&error))?;
    let mut archive = Archive::new(BufReader::new(opened));
    let (mut paths, mut total, mut long) = (BTreeSet::new(), 0_u64, None);
    // Raw, because else the extensions of the format, of whatever length, would be read into memory.
    for entry in archive.entries().map_err(|error| usage(&error))?.raw(true) {
        let mut entry = entry.map_err(|error| usage(&error))?;
        let (kind, size) = (entry.header().entry_type(), entry.size());
        if kind == EntryType::GNULongName && long.is_none() && size <= NAME {
            let mut name = Vec::new();
            (&mut entry).take(NAME).read_to_end(&mut name).map_err(|error| usage(&error))?;
            long = Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned());
            continue;
        }
        let name = long.take().unwrap_or_else(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
        if kind != EntryType::Regular {
            return Err(refuse(format!("`{name}` is no plain file")));
        }
        let path: SafePath = name.parse().map_err(|error| refuse(jurat::chain(&error)))?;
        let cap = cap(&path).ok_or_else(|| refuse(format!("`{path}` has no place in a repository")))?;
        if size > cap.get() {
            return Err(refuse(format!("`{path}` has {size} bytes, but at most {cap} are read")));
        }
        total = total.saturating_add(size);
        most.check(paths.len() + 1, total).map_err(refuse)?;
        if !paths.insert(path.clone()) {
            return Err(refuse(format!("it has `{path}` twice")));
        }
        let to = into.join(path.as_str());
        let host = |error: io::Error| Failure::about(Exit::Host, into.display(), &error);
        to.parent().map_or(Ok(()), fs::create_dir_all).map_err(host)?;
        let mut out = OpenOptions::new().write(true).create_new(true).open(&to).map_err(host)?;
        let copied = io::copy(&mut entry.take(size), &mut out).map_err(|error| usage(&error))?;
        if copied != size {
            return Err(refuse(format!("it breaks off in `{path}`")));
        }
    }
    Ok(paths)
}

/// How long a file may be, by its place; none for one that has no place.
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

    /// Entries: what each is, its name, and how long it is.
    fn archive(entries: &[(EntryType, &str, usize)]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for (kind, name, length) in entries {
            let mut header = Header::new_gnu();
            // As it is: the library would not write some of these.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(*length as u64);
            header.set_entry_type(*kind);
            header.set_cksum();
            archive.append(&header, vec![b'x'; *length].as_slice()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn unpacked(bytes: &[u8], most: Most) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let (file, into) = (directory.path().join("a.tar"), directory.path().join("into"));
        fs::write(&file, bytes).unwrap();
        fs::create_dir(&into).unwrap();
        let paths = unpack(&file, &into, most).map_err(|failure| failure.messages().concat())?;
        assert!(paths.iter().all(|path| into.join(path.as_str()).is_file()));
        Ok(paths.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_plain_files_with_the_names_of_a_repository_are_taken() {
        let blob = format!("blobs/sha256/{}", "0".repeat(64));
        let good = [(EntryType::Regular, "metadata/1.root.json", 3), (EntryType::Regular, &blob, 0)];
        assert_eq!(unpacked(&archive(&good), Most::DEFAULT).unwrap(), [&blob, "metadata/1.root.json"]);
        for (kind, name, reason) in [
            (EntryType::Symlink, "metadata/1.root.json", "no plain file"),
            (EntryType::Link, "metadata/1.root.json", "no plain file"),
            (EntryType::Directory, "metadata/", "no plain file"),
            (EntryType::Fifo, "metadata/1.root.json", "no plain file"),
            (EntryType::Char, "metadata/1.root.json", "no plain file"),
            (EntryType::GNUSparse, "metadata/1.root.json", "no plain file"),
            (EntryType::XHeader, "metadata/1.root.json", "no plain file"),
            (EntryType::XGlobalHeader, "metadata/1.root.json", "no plain file"),
            (EntryType::GNULongLink, "metadata/1.root.json", "no plain file"),
            (EntryType::Regular, "/etc/passwd", ""),
            (EntryType::Regular, "metadata/../../x.json", ""),
            (EntryType::Regular, "metadata/a/b.json", "no place"),
            (EntryType::Regular, "blobs/sha256/00", "no place"),
            (EntryType::Regular, "blobs/x", "no place"),
            (EntryType::Regular, "staged/1.root.json", "no place"),
            (EntryType::Regular, "publisher.json", "no place"),
        ] {
            let refused = unpacked(&archive(&[(kind, name, 0)]), Most::DEFAULT).unwrap_err();
            assert!(refused.contains(reason), "{name}: {refused}");
        }
        let twice = archive(&[good[0], good[1], good[0]]);
        assert!(unpacked(&twice, Most::DEFAULT).unwrap_err().contains("twice"));
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
        assert_eq!(unpacked(&named(1_024), Most::DEFAULT).unwrap(), [path.as_str()]);
        assert!(unpacked(&named(1_025), Most::DEFAULT).unwrap_err().contains("no plain file"));
    }

    #[test]
    fn there_is_a_most_for_files_for_all_together_and_for_each() {
        let entries: Vec<_> = ["metadata/1.json", "metadata/2.json"].map(|name| (EntryType::Regular, name, 600)).into();
        let bytes = archive(&entries);
        let of = |files, bytes| Most { files, bytes: Bytes::new(bytes) };
        assert_eq!(unpacked(&bytes, of(2, 1_200)).unwrap().len(), 2);
        assert!(unpacked(&bytes, of(1, 1_200)).unwrap_err().contains("more than 1 files"));
        assert!(unpacked(&bytes, of(2, 1_199)).unwrap_err().contains("together"));
        let cap = Caps::DEFAULT.manifest.to_usize();
        let manifest = |length| archive(&[(EntryType::Regular, "targets/x.json", length)]);
        assert_eq!(unpacked(&manifest(cap), Most::DEFAULT).unwrap().len(), 1);
        assert!(unpacked(&manifest(cap + 1), Most::DEFAULT).unwrap_err().contains("at most"));
    }

    #[test]
    fn what_breaks_off_is_refused() {
        let whole = archive(&[(EntryType::Regular, "metadata/1.root.json", 600)]);
        assert!(unpacked(&whole[..512 + 599], Most::DEFAULT).unwrap_err().contains("breaks off"));
        // Files end with a block; what would come after the last one is no loss.
        assert!(unpacked(&whole[..512 + 1_024], Most::DEFAULT).is_ok());
        assert!(unpacked(&whole[..100], Most::DEFAULT).is_err());
    }
}
