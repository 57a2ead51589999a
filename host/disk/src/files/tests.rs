use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use crate::reserve_memory;

fn path(text: &str) -> SafePath {
    text.parse().unwrap()
}

#[test]
fn a_file_below_the_directory_is_read_up_to_its_cap() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/b"), b"12345").unwrap();
    let directory = Directory::new(root.path());
    assert_eq!(directory.read(&path("a/b"), Bytes::new(5)).unwrap(), b"12345");
    assert!(matches!(directory.read(&path("a/b"), Bytes::new(4)), Err(ReadError::TooLong { .. })));
    assert!(matches!(directory.get(&path("a/b"), Bytes::new(4)), Err(FetchError::TooLong)));
}

#[test]
fn what_is_not_there_is_told_from_what_cannot_be_read() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a"), b"x").unwrap();
    let directory = Directory::new(root.path());
    for missing in ["b", "b/c", "a/c"] {
        assert!(matches!(directory.get(&path(missing), Bytes::new(9)), Err(FetchError::NotFound)), "{missing}");
    }
    let nowhere = Directory::new(root.path().join("nowhere"));
    assert!(matches!(nowhere.get(&path("a"), Bytes::new(9)), Err(FetchError::NotFound)));
}

#[test]
fn no_link_leads_anywhere() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), b"x").unwrap();
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("real"), b"x").unwrap();
    symlink(outside.path(), root.path().join("directory")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("file")).unwrap();
    symlink("real", root.path().join("inside")).unwrap();
    let directory = Directory::new(root.path());
    for link in ["directory/secret", "file", "inside"] {
        assert!(matches!(directory.read(&path(link), Bytes::new(9)), Err(ReadError::Link)), "{link}");
    }
}

#[test]
fn the_directory_itself_may_be_reached_through_a_link() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("real")).unwrap();
    fs::write(root.path().join("real/a"), b"x").unwrap();
    symlink("real", root.path().join("link")).unwrap();
    assert!(Directory::new(root.path().join("link")).read(&path("a"), Bytes::new(9)).is_ok());
}

#[test]
fn only_regular_files_are_read_and_nothing_waits() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("directory")).unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    let fifo = root.path().join("fifo");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let directory = Directory::new(root.path());
    for other in ["directory", "socket", "fifo"] {
        let error = directory.read(&path(other), Bytes::new(9)).unwrap_err();
        assert!(matches!(error, ReadError::NotAFile), "{other}: {error}");
    }
    assert!(matches!(read(Path::new("/dev/zero"), Bytes::new(9)), Err(ReadError::NotAFile)));
}

#[test]
fn a_path_below_a_directory_never_leads_out_of_it() {
    let parts = |text: &str| PathBelow::new(text.split('|'));
    assert_eq!(parts("a||.|b:c").unwrap(), parts("a|b:c").unwrap());
    for outside in ["..", "a|..|b", "a/../b", "/etc", "a\0b"] {
        assert!(matches!(parts(outside), Err(ReadError::Outside)), "{outside}");
    }
    for nothing in ["", ".", "|.|"] {
        assert!(matches!(parts(nothing), Err(ReadError::NotAFile)), "{nothing}");
    }
}

#[test]
fn names_that_no_repository_has_are_read_below_a_directory_too() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("12:00 %2e\\.json"), b"x").unwrap();
    let directory = Directory::new(root.path());
    let path = PathBelow::new(["12:00 %2e\\.json"]).unwrap();
    assert_eq!(directory.read_below(&path, Bytes::new(1), &reserve_memory::unlimited()).unwrap(), b"x");
    let long = PathBelow::new(["x".repeat(4_000).as_str()]).unwrap();
    assert!(matches!(
        directory.read_below(&long, Bytes::new(1), &reserve_memory::unlimited()),
        Err(ReadError::NotFound)
    ));
}

#[test]
fn memory_is_reserved_before_a_file_is_read() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a"), "x".repeat(1_000)).unwrap();
    let (directory, path) = (Directory::new(root.path()), PathBelow::new(["a"]).unwrap());
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let reserve = |most: u64| -> ReserveMemory {
        let asked = std::sync::Arc::clone(&asked);
        std::sync::Arc::new(move |bytes| {
            asked.lock().unwrap().push(bytes);
            bytes <= most
        })
    };
    assert_eq!(directory.read_below(&path, Bytes::kibi(4), &reserve(1_001)).unwrap().len(), 1_000);
    assert!(matches!(directory.read_below(&path, Bytes::kibi(4), &reserve(1_000)), Err(ReadError::NoMemory)));
    assert!(matches!(directory.read_below(&path, Bytes::new(999), &reserve(1_001)), Err(ReadError::TooLong { .. })));
    assert_eq!(*asked.lock().unwrap(), [1_001, 1_001, 1_000]);
}
