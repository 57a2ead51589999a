use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::key::HostKeyError;
use super::*;

/// A cache of `size` bytes.
fn store(path: &Path, size: u64) -> CodeDir {
    CodeDir::new(CacheDir::open(path).unwrap(), Bytes::new(size))
}

fn temp_dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Sets the age of an entry; a smaller number is older.
fn age(path: &Path, seconds: i64) {
    let then = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let then = Timestamps { last_access: then, last_modification: then };
    utimensat(CWD, path, &then, AtFlags::empty()).unwrap();
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_put_is_there_for_the_next_start_until_it_is_removed() {
    let dir = temp_dir();
    assert_eq!(store(dir.path(), 9).get("a-1"), None);
    store(dir.path(), 9).put("a-1", b"old");
    store(dir.path(), 9).put("a-1", b"code");
    assert_eq!(store(dir.path(), 9).get("a-1").unwrap(), b"code");
    assert_eq!(fs::metadata(dir.path().join("a-1")).unwrap().permissions().mode() & 0o777, 0o600);
    store(dir.path(), 9).remove("a-1");
    store(dir.path(), 9).remove("a-1");
    assert_eq!(store(dir.path(), 9).get("a-1"), None);
}

#[test]
fn the_least_recently_used_entry_is_evicted() {
    let dir = temp_dir();
    let store = store(dir.path(), 30);
    for (name, seconds) in [("b", 1), ("a", 2), ("c", 3)] {
        store.put(name, &[0; 10]);
        age(&dir.path().join(name), seconds);
    }
    // All three just fit, and the oldest has just been used.
    assert!(store.get("b").is_some());
    store.put("d", &[0; 10]);
    assert_eq!(names(dir.path()), ["b", "c", "d"]);
    // One byte more than fits beside one other takes two of them.
    age(&dir.path().join("b"), 4);
    age(&dir.path().join("d"), 5);
    store.put("e", &[0; 21]);
    assert_eq!(names(dir.path()), ["e"]);
}

#[test]
fn an_entry_that_replaces_itself_evicts_no_other() {
    let dir = temp_dir();
    let store = store(dir.path(), 20);
    store.put("a", &[0; 10]);
    store.put("b", &[0; 10]);
    store.put("a", &[1; 10]);
    assert_eq!(names(dir.path()), ["a", "b"]);
    assert_eq!(store.get("a").unwrap(), [1; 10]);
}

#[test]
fn an_entry_may_be_as_large_as_the_directory_and_not_a_byte_larger() {
    let dir = temp_dir();
    let store = store(dir.path(), 10);
    store.put("a", &[0; 10]);
    store.put("b", &[0; 11]);
    assert_eq!(names(dir.path()), ["a"], "nothing makes room for what will not fit");
}

#[test]
fn what_cannot_be_read_is_as_if_it_were_not_there_and_is_replaced() {
    let dir = temp_dir();
    let store = store(&dir.path().join("code"), 100);
    fs::write(dir.path().join("elsewhere"), b"code").unwrap();
    let link = dir.path().join("code/a");
    symlink("../elsewhere", &link).unwrap();
    assert_eq!(store.get("a"), None);
    store.put("a", b"mine");
    assert_eq!(
        (store.get("a").unwrap(), fs::read(dir.path().join("elsewhere")).unwrap()),
        (b"mine".to_vec(), b"code".to_vec())
    );

    // Others can write it.
    fs::set_permissions(&link, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(store.get("a"), None);
    store.put("a", b"mine");
    assert_eq!(store.get("a").unwrap(), b"mine");

    // A directory blocks only its own name, and no name leads out.
    fs::create_dir(dir.path().join("code/b")).unwrap();
    assert_eq!(store.get("b"), None);
    store.put("b", b"mine");
    store.remove("b");
    store.put("../c", b"mine");
    assert_eq!((store.get("../c"), names(dir.path())), (None, vec!["code".to_owned(), "elsewhere".to_owned()]));
}

#[test]
fn a_file_that_cannot_be_removed_counts_and_is_not_an_error() {
    let dir = temp_dir();
    let path = dir.path().join("directory");
    fs::create_dir(&path).unwrap();
    let length = fs::metadata(&path).unwrap().len();
    let store = store(dir.path(), length + 10);
    store.put("a", &[0; 10]);
    age(&path, 1);
    store.put("b", &[0; 10]);
    assert_eq!(names(dir.path()), ["b", "directory"], "the directory is older, and stays");
    let full = CodeDir::new(CacheDir::open(dir.path()).unwrap(), Bytes::new(length));
    full.put("c", &[0; 10]);
    assert_eq!(full.get("c"), None);
}

#[test]
fn concurrent_writers_leave_whole_entries_within_the_size() {
    let dir = temp_dir();
    thread::scope(|scope| {
        for writer in 0..4_u8 {
            let path = dir.path();
            scope.spawn(move || {
                let store = store(path, 4_096);
                for turn in 0..20_u8 {
                    let name = format!("{}", (writer + turn) % 8);
                    store.put(&name, &[turn; 1_000]);
                    if let Some(found) = store.get(&name) {
                        assert!(found.len() == 1_000 && found.iter().all(|byte| *byte == found[0]));
                    }
                }
            });
        }
    });
    store(dir.path(), 4_096).put("last", &[0; 1_000]);
    assert!(names(dir.path()).len() <= 4, "{:?}", names(dir.path()));
}

/// The key of a host, after checking it against its file.
fn made(path: &Path) -> Result<Vec<u8>, HostKeyError> {
    let state = CacheDir::open(path).unwrap();
    host_key(&state)?;
    let key = key::bytes(&state)?.to_vec();
    assert_eq!(fs::read(path.join("host.key")).unwrap(), key);
    Ok(key)
}

#[test]
fn a_key_is_made_once_for_this_user_only() {
    let dir = temp_dir();
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    let key = made(&here).unwrap();
    assert_eq!(key.len(), 32);
    assert_eq!(fs::metadata(here.join("host.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(made(&here).unwrap(), key);
    assert_ne!(made(&there).unwrap(), key);
}

#[test]
fn hosts_that_start_at_once_have_the_same_key() {
    const HOSTS: usize = 8;
    for _ in 0..20 {
        let dir = temp_dir();
        let barrier = Barrier::new(HOSTS);
        let keys: Vec<_> = thread::scope(|scope| {
            let start = || {
                // Each with a directory of its own, as processes have.
                let state = CacheDir::open(dir.path()).unwrap();
                barrier.wait();
                key::bytes(&state).unwrap()
            };
            let hosts: Vec<_> = (0..HOSTS).map(|_| scope.spawn(start)).collect();
            hosts.into_iter().map(|host| host.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}

#[test]
fn a_key_that_others_can_read_is_refused_and_left_as_it_is() {
    for mode in [0o640, 0o604, 0o644, 0o660, 0o666, 0o610] {
        let dir = temp_dir();
        made(dir.path()).unwrap();
        let path = dir.path().join("host.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = made(dir.path()).unwrap_err();
        assert!(matches!(error, HostKeyError::Readable { mode: found, .. } if found == mode), "{mode:o}: {error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        made(dir.path()).unwrap();
    }
}

#[test]
fn a_key_of_another_length_is_refused_with_what_to_do() {
    for length in [0, 1, 31, 33, 4_096] {
        let dir = temp_dir();
        made(dir.path()).unwrap();
        let path = dir.path().join("host.key");
        fs::write(&path, vec![7; length]).unwrap();
        let error = made(dir.path()).unwrap_err();
        assert!(matches!(error, HostKeyError::Length { found, .. } if found == length as u64), "{length}: {error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        assert_eq!(fs::read(&path).unwrap().len(), length);
        fs::remove_file(&path).unwrap();
        made(dir.path()).unwrap();
    }
}

#[test]
fn a_link_is_not_a_key() {
    let dir = temp_dir();
    let (host, other) = (dir.path().join("host"), dir.path().join("other"));
    made(&other).unwrap();
    made(&host).unwrap();
    fs::remove_file(host.join("host.key")).unwrap();
    symlink("../other/host.key", host.join("host.key")).unwrap();
    assert!(made(&host).is_err());
}
