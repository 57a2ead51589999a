//! Problems of the directory.

use std::process::Command;

use rustix::process::{Resource, getrlimit};

use super::*;

#[test]
fn a_file_that_was_changed_on_the_disk_is_never_given_and_is_fetched_again() {
    let bytes = file(1, 1_000);
    let site = Site::giving(std::slice::from_ref(&bytes));
    site.fetch(std::slice::from_ref(&bytes)).unwrap();
    let (blobs, path) = (site.blobs(), site.path(&name(&bytes)));
    let mut flipped = bytes.clone();
    flipped[500] ^= 1;
    fs::write(&path, &flipped).unwrap();
    let error = read(&blobs, &bytes).unwrap_err();
    assert!(
        matches!(&error, FetchError::Failed(error) if error.to_string().contains("changed on this disk")),
        "{error}"
    );
    assert!(!path.exists());

    for damaged in [&flipped[..], &bytes[..999], b"", &[&bytes[..], b"x"].concat()] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(site.fetch(std::slice::from_ref(&bytes)).unwrap().files, 1);
        assert_eq!(read(&blobs, &bytes).unwrap(), bytes);
    }
}

#[test]
fn links_and_pipes_are_neither_followed_nor_waited_for() {
    let bytes = file(1, 1_000);
    let site = Site::giving(std::slice::from_ref(&bytes));
    let (blobs, path) = (site.blobs(), site.path(&name(&bytes)));
    let elsewhere = site.dir.path().join("elsewhere");
    fs::write(&elsewhere, &bytes).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(read(&blobs, &bytes), Err(FetchError::Failed(_))));
    assert_eq!(site.fetch(std::slice::from_ref(&bytes)).unwrap().files, 1);
    assert!(path.symlink_metadata().unwrap().is_file());

    fs::remove_file(&path).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(matches!(read(&blobs, &bytes), Err(FetchError::Failed(_))));
    assert_eq!(site.fetch(std::slice::from_ref(&bytes)).unwrap().files, 1);

    // Nothing is written through a link either.
    fs::remove_file(&path).unwrap();
    symlink(&elsewhere, site.path(&format!("{}.0.partial", name(&bytes)))).unwrap();
    fs::write(&elsewhere, b"mine").unwrap();
    assert!(matches!(site.fetch(&[bytes]), Err(BlobsError::Write { .. })));
    assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
}

#[test]
fn a_directory_instead_of_a_file_is_reported() {
    let bytes = file(1, 1_000);
    let site = Site::giving(std::slice::from_ref(&bytes));
    site.blobs();
    fs::create_dir(site.path(&name(&bytes))).unwrap();
    let error = site.fetch(std::slice::from_ref(&bytes)).unwrap_err();
    assert!(matches!(error, BlobsError::Write { .. }), "{error:?}");
}

/// Runs itself under a limit on file sizes, which looks like a full disk.
#[test]
fn a_full_disk_is_told_and_nothing_half_stays() {
    const TEST: &str = "blobs::tests::disk::a_full_disk_is_told_and_nothing_half_stays";
    if getrlimit(Resource::Fsize).current.is_none() {
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", TEST])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let (small, large) = (file(1, 1_000), file(2, 1 << 20));
    let site = Site::giving(&[small.clone(), large.clone()]);
    let error = site.fetch(std::slice::from_ref(&large)).unwrap_err();
    assert!(matches!(&error, BlobsError::Full { path, .. } if *path == site.path(&name(&large))), "{error:?}");
    assert!(chain(&error).contains("free space there"), "{}", chain(&error));
    assert_eq!((site.asked(), site.names()), (1, Vec::new()));
    site.fetch(&[small]).unwrap();
}
