use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::key::HostKeyError;
use super::*;

/// A directory of so many bytes.
fn store(path: &Path, size: u64) -> CodeDir {
    CodeDir::new(CacheDir::open(path).unwrap(), Bytes::new(size))
}

fn place() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Makes an entry look as old as it is told, the smaller the older.
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
    let place = place();
    assert_eq!(store(place.path(), 9).get("a-1"), None);
    store(place.path(), 9).put("a-1", b"old");
    store(place.path(), 9).put("a-1", b"code");
    assert_eq!(store(place.path(), 9).get("a-1").unwrap(), b"code");
    assert_eq!(fs::metadata(place.path().join("a-1")).unwrap().permissions().mode() & 0o777, 0o600);
    store(place.path(), 9).remove("a-1");
    store(place.path(), 9).remove("a-1");
    assert_eq!(store(place.path(), 9).get("a-1"), None);
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let place = place();
    let store = store(place.path(), 30);
    for (name, seconds) in [("b", 1), ("a", 2), ("c", 3)] {
        store.put(name, &[0; 10]);
        age(&place.path().join(name), seconds);
    }
    // All three just fit, and the oldest has just been used.
    assert!(store.get("b").is_some());
    store.put("d", &[0; 10]);
    assert_eq!(names(place.path()), ["b", "c", "d"]);
    // One byte more than fits beside one other takes two of them.
    age(&place.path().join("b"), 4);
    age(&place.path().join("d"), 5);
    store.put("e", &[0; 21]);
    assert_eq!(names(place.path()), ["e"]);
}

#[test]
fn an_entry_that_takes_the_place_of_itself_needs_no_other_room() {
    let place = place();
    let store = store(place.path(), 20);
    store.put("a", &[0; 10]);
    store.put("b", &[0; 10]);
    store.put("a", &[1; 10]);
    assert_eq!(names(place.path()), ["a", "b"]);
    assert_eq!(store.get("a").unwrap(), [1; 10]);
}

#[test]
fn an_entry_may_be_as_large_as_the_directory_and_not_a_byte_larger() {
    let place = place();
    let store = store(place.path(), 10);
    store.put("a", &[0; 10]);
    store.put("b", &[0; 11]);
    assert_eq!(names(place.path()), ["a"], "nothing makes room for what will not fit");
}

#[test]
fn what_cannot_be_read_is_as_if_it_were_not_there_and_is_replaced() {
    let place = place();
    let store = store(&place.path().join("code"), 100);
    fs::write(place.path().join("elsewhere"), b"code").unwrap();
    let link = place.path().join("code/a");
    symlink("../elsewhere", &link).unwrap();
    assert_eq!(store.get("a"), None);
    store.put("a", b"mine");
    assert_eq!(
        (store.get("a").unwrap(), fs::read(place.path().join("elsewhere")).unwrap()),
        (b"mine".to_vec(), b"code".to_vec())
    );

    // Others can write it.
    fs::set_permissions(&link, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(store.get("a"), None);
    store.put("a", b"mine");
    assert_eq!(store.get("a").unwrap(), b"mine");

    // A directory is in nobody's way but its own, and no name leads out.
    fs::create_dir(place.path().join("code/b")).unwrap();
    assert_eq!(store.get("b"), None);
    store.put("b", b"mine");
    store.remove("b");
    store.put("../c", b"mine");
    assert_eq!((store.get("../c"), names(place.path())), (None, vec!["code".to_owned(), "elsewhere".to_owned()]));
}

#[test]
fn what_cannot_be_removed_counts_and_stops_nobody() {
    let place = place();
    let path = place.path().join("directory");
    fs::create_dir(&path).unwrap();
    let length = fs::metadata(&path).unwrap().len();
    let store = store(place.path(), length + 10);
    store.put("a", &[0; 10]);
    age(&path, 1);
    store.put("b", &[0; 10]);
    assert_eq!(names(place.path()), ["b", "directory"], "the directory is older, and stays");
    let full = CodeDir::new(CacheDir::open(place.path()).unwrap(), Bytes::new(length));
    full.put("c", &[0; 10]);
    assert_eq!(full.get("c"), None);
}

#[test]
fn many_who_write_at_once_leave_whole_entries_within_the_size() {
    let place = place();
    thread::scope(|scope| {
        for writer in 0..4_u8 {
            let path = place.path();
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
    store(place.path(), 4_096).put("last", &[0; 1_000]);
    assert!(names(place.path()).len() <= 4, "{:?}", names(place.path()));
}

/// What a host has as key, after checking that it is what lies in its file.
fn made(path: &Path) -> Result<Vec<u8>, HostKeyError> {
    let state = CacheDir::open(path).unwrap();
    host_key(&state)?;
    let key = key::bytes(&state)?.to_vec();
    assert_eq!(fs::read(path.join("host.key")).unwrap(), key);
    Ok(key)
}

#[test]
fn a_key_is_made_once_for_this_user_only() {
    let place = place();
    let (here, there) = (place.path().join("here"), place.path().join("there"));
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
        let place = place();
        let barrier = Barrier::new(HOSTS);
        let keys: Vec<_> = thread::scope(|scope| {
            let start = || {
                // Each with a directory of its own, as processes have.
                let state = CacheDir::open(place.path()).unwrap();
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
        let place = place();
        made(place.path()).unwrap();
        let path = place.path().join("host.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = made(place.path()).unwrap_err();
        assert!(matches!(error, HostKeyError::Readable { mode: found, .. } if found == mode), "{mode:o}: {error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        made(place.path()).unwrap();
    }
}

#[test]
fn a_key_of_another_length_is_refused_with_what_to_do() {
    for length in [0, 1, 31, 33, 4_096] {
        let place = place();
        made(place.path()).unwrap();
        let path = place.path().join("host.key");
        fs::write(&path, vec![7; length]).unwrap();
        let error = made(place.path()).unwrap_err();
        assert!(matches!(error, HostKeyError::Length { found, .. } if found == length as u64), "{length}: {error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        assert_eq!(fs::read(&path).unwrap().len(), length);
        fs::remove_file(&path).unwrap();
        made(place.path()).unwrap();
    }
}

#[test]
fn a_link_is_no_key() {
    let place = place();
    let (host, other) = (place.path().join("host"), place.path().join("other"));
    made(&other).unwrap();
    made(&host).unwrap();
    fs::remove_file(host.join("host.key")).unwrap();
    symlink("../other/host.key", host.join("host.key")).unwrap();
    assert!(made(&host).is_err());
}
