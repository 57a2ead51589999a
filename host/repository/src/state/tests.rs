use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;

use jurat_disk::files::ReadError;
use jurat_trust::MetadataVersion;

use super::*;
use crate::pin::{Pin, PinnedBy};

mod children;

const AT_ONCE: Duration = Duration::ZERO;
const A_MINUTE: Duration = Duration::from_secs(60);

fn temp_dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn state(dir: &Path) -> StateDir {
    StateDir::open(&CacheDir::open(&dir.join("state")).unwrap(), "acme").unwrap()
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

fn refused<T: std::fmt::Debug>(result: Result<T, StateError>, is_expected: fn(&StateError) -> bool) {
    match result {
        Err(error) => assert!(is_expected(&error), "{error:?}"),
        Ok(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_the_client_keeps_is_read_back_by_any_process_and_is_for_this_user_only() {
    let dir = temp_dir();
    let mut writer = state(dir.path());
    let held = writer.lock(AT_ONCE).unwrap();
    let root = StateFile::Root(MetadataVersion::FIRST);
    assert!(Store::read(&writer, &root).unwrap().is_none());
    for file in [&root, &StateFile::Timestamp, &StateFile::Clock] {
        Store::write(&mut writer, file, file.name().as_bytes()).unwrap();
    }
    Store::write(&mut writer, &StateFile::Timestamp, b"new").unwrap();
    Store::remove(&mut writer, &StateFile::Clock).unwrap();
    Store::remove(&mut writer, &StateFile::Clock).unwrap();
    drop(held);

    let reader = state(dir.path());
    assert_eq!(Store::read(&reader, &root).unwrap().unwrap(), root.name().as_bytes());
    assert_eq!(Store::read(&reader, &StateFile::Timestamp).unwrap().unwrap(), b"new");
    assert!(Store::read(&reader, &StateFile::Clock).unwrap().is_none());
    let directory = dir.path().join("state/acme");
    assert_eq!([mode(&directory), mode(&directory.join("timestamp.json"))], [0o700, 0o600]);
}

#[test]
fn tenants_know_nothing_of_each_other() {
    let dir = temp_dir();
    let all = CacheDir::open(dir.path()).unwrap();
    let mut one = StateDir::open(&all, "one").unwrap();
    let two = StateDir::open(&all, "two").unwrap();
    let _held = [one.lock(AT_ONCE).unwrap(), two.lock(AT_ONCE).unwrap()];
    Store::write(&mut one, &StateFile::Timestamp, b"x").unwrap();
    assert!(Store::read(&two, &StateFile::Timestamp).unwrap().is_none());
    for tenant in ["", "..", "a/b", ".hidden"] {
        refused(StateDir::open(&all, tenant), |error| {
            matches!(error, StateError::Directory(CacheDirError::Name { .. }))
        });
    }
}

#[test]
fn nothing_is_written_or_removed_without_the_permission() {
    let dir = temp_dir();
    let state = state(dir.path());
    let is_not_held = |error: &StateError| matches!(error, StateError::NotHeld { .. });
    refused(state.write_file(&StateFile::Clock, b"x"), is_not_held);
    let held = state.lock(AT_ONCE).unwrap();
    state.clone().write_file(&StateFile::Clock, b"x").unwrap();
    refused(self::state(dir.path()).write_file(&StateFile::Clock, b"y"), is_not_held);
    drop(held);
    refused(state.write_file(&StateFile::Clock, b"z"), is_not_held);
    refused(state.remove_file(&StateFile::Clock), is_not_held);
    assert_eq!(state.read_file(&StateFile::Clock).unwrap().unwrap(), b"x");
}

#[test]
fn one_thread_writes_at_a_time_and_the_next_one_waits_for_it() {
    let dir = temp_dir();
    let [one, two] = [(); 2].map(|()| state(dir.path()));
    let held = one.lock(AT_ONCE).unwrap();
    for other in [&one, &two] {
        refused(other.lock(AT_ONCE), |error| matches!(error, StateError::Busy { waited: AT_ONCE, .. }));
        refused(other.lock(Duration::from_millis(2)), |error| matches!(error, StateError::Busy { .. }));
    }
    one.write_file(&StateFile::Clock, b"whoever was refused has taken nothing away").unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let _held = two.lock(A_MINUTE).unwrap();
            two.write_file(&StateFile::Clock, b"second").unwrap();
        });
        one.write_file(&StateFile::Clock, b"first").unwrap();
        drop(held);
        waiting.join().unwrap();
    });
    assert_eq!(one.read_file(&StateFile::Clock).unwrap().unwrap(), b"second");
}

#[test]
fn a_file_that_cannot_be_read_is_never_an_absent_one() {
    let dir = temp_dir();
    let state = state(dir.path());
    let _held = state.lock(AT_ONCE).unwrap();
    let at = |file: &StateFile| dir.path().join("state/acme").join(file.name());
    fs::create_dir(at(&StateFile::Timestamp)).unwrap();
    symlink("nowhere", at(&StateFile::Snapshot)).unwrap();
    state.write_file(&StateFile::Clock, b"x").unwrap();
    fs::set_permissions(at(&StateFile::Clock), fs::Permissions::from_mode(0o666)).unwrap();

    refused(state.read_file(&StateFile::Timestamp), |error| {
        matches!(error, StateError::Directory(CacheDirError::Read { cause: ReadError::NotAFile, .. }))
    });
    refused(state.read_file(&StateFile::Snapshot), |error| {
        matches!(error, StateError::Directory(CacheDirError::Read { cause: ReadError::Link, .. }))
    });
    refused(state.read_file(&StateFile::Clock), |error| {
        matches!(error, StateError::Directory(CacheDirError::SharedFile { mode: 0o666, .. }))
    });
    refused(state.write_file(&StateFile::Timestamp, b"x"), |error| {
        matches!(error, StateError::Directory(CacheDirError::Write { .. }))
    });
    state.write_file(&StateFile::Snapshot, b"x").unwrap();
    assert!(at(&StateFile::Snapshot).symlink_metadata().unwrap().is_file());
}

#[test]
fn a_directory_that_others_could_write_holds_no_state() {
    let dir = temp_dir();
    state(dir.path());
    for below in ["acme", "acme/releases"] {
        let path = dir.path().join("state").join(below);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        let all = CacheDir::open(&dir.path().join("state")).unwrap();
        let error = match StateDir::open(&all, "acme").map(|state| state.kept()) {
            Err(StateError::Directory(error)) | Ok(Err(KeptError::Directory(error))) => error,
            other => panic!("{below}: {other:?}"),
        };
        assert!(matches!(error, CacheDirError::Shared { mode: 0o770, .. }), "{below}: {error:?}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn what_would_never_be_read_back_is_not_written() {
    let dir = temp_dir();
    let state = state(dir.path());
    let _held = state.lock(AT_ONCE).unwrap();
    let mut bytes = vec![b'x'; usize::try_from(MOST.get()).unwrap()];
    state.write_file(&StateFile::Targets, &bytes).unwrap();
    assert_eq!(state.read_file(&StateFile::Targets).unwrap().unwrap(), bytes);
    bytes.push(b'x');
    refused(state.write_file(&StateFile::Targets, &bytes), |error| matches!(error, StateError::TooLong { .. }));
    fs::write(dir.path().join("state/acme/targets.json"), &bytes).unwrap();
    refused(state.read_file(&StateFile::Targets), |error| {
        matches!(error, StateError::Directory(CacheDirError::Read { cause: ReadError::TooLong { .. }, .. }))
    });
}

#[test]
fn no_role_can_pass_for_the_pin_or_anything_else_that_is_kept() {
    let dir = temp_dir();
    let state = state(dir.path());
    let _held = state.lock(AT_ONCE).unwrap();
    for name in ["pin", "status", "clock", "1.root", "t-pin", "lock", "releases", "host.key"] {
        state.write_file(&StateFile::Delegated(name.parse().unwrap()), b"x").unwrap();
    }
    for file in [StateFile::Clock, StateFile::Root(MetadataVersion::FIRST)] {
        assert!(state.read_file(&file).unwrap().is_none());
        state.write_file(&file, b"x").unwrap();
    }
    state.kept().unwrap();
    assert!(state.pin().read().unwrap().is_none() && state.status().read().unwrap().is_none());
}

#[test]
fn what_is_forgotten_is_the_clock_alone_or_all_metadata_and_nothing_else() {
    let dir = temp_dir();
    let state = state(dir.path());
    let held = state.lock(AT_ONCE).unwrap();
    let metadata =
        [StateFile::Root(MetadataVersion::FIRST), StateFile::Timestamp, StateFile::Delegated("t-a".parse().unwrap())];
    for file in metadata.iter().chain([&StateFile::Clock]) {
        state.write_file(file, b"x").unwrap();
    }
    let pin = Pin {
        manifest: jurat_trust::Digest::of(b""),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
        by: PinnedBy::Cli,
        reason: None,
    };
    state.pin().write(&pin).unwrap();
    drop(held);
    state.forget_clock(AT_ONCE).unwrap();
    assert!(state.read_file(&StateFile::Clock).unwrap().is_none());
    assert!(metadata.iter().all(|file| state.read_file(file).unwrap().is_some()));
    state.forget_metadata(AT_ONCE).unwrap();
    assert!(metadata.iter().all(|file| state.read_file(file).unwrap().is_none()));
    assert_eq!(state.pin().read().unwrap(), Some(pin));
    // The second time there is nothing to forget, and a writer keeps others from forgetting.
    state.forget_metadata(AT_ONCE).unwrap();
    let _held = state.lock(AT_ONCE).unwrap();
    refused(state.forget_clock(AT_ONCE), |error| matches!(error, StateError::Busy { .. }));
}
