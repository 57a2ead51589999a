use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::thread;

use rustix::process::geteuid;

use super::*;

fn temp_dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn make(path: &Path, mode: u32) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_missing_directory_is_made_for_this_user_only() {
    let dir = temp_dir();
    let path = dir.path().join("a/b/validation-lib");
    CacheDir::open(&path).unwrap();
    for made in ["a", "a/b", "a/b/validation-lib"] {
        assert_eq!(mode(&dir.path().join(made)), 0o700, "{made}");
    }
    CacheDir::open(&path).unwrap();
}

#[test]
fn in_the_shared_temporary_directory_this_host_makes_one_of_its_own() {
    let dir = temp_dir();
    let shared = dir.path().join("tmp");
    make(&shared, 0o1777);
    CacheDir::open(&shared.join("validation-lib")).unwrap();
    // It holds something of this user: perhaps the rights of a directory of this host were widened.
    let error = CacheDir::open(&shared).unwrap_err();
    assert!(matches!(&error, CacheDirError::InUse { entry, mode: 0o1777, .. } if entry == "validation-lib"), "{error}");
    assert!(!shared.join("jurat").exists());

    fs::remove_dir(shared.join("validation-lib")).unwrap();
    for _ in 0..2 {
        let opened = CacheDir::open(&shared).unwrap();
        assert_eq!((opened.path(), mode(&shared.join("jurat"))), (&*shared.join("jurat"), 0o700));
        // From now on it is found, whatever else is there.
        make(&shared.join("another"), 0o700);
        fs::rename(shared.join("another"), dir.path().join("another")).unwrap();
        fs::write(shared.join("file"), b"").unwrap();
    }
    assert_eq!(mode(&shared), 0o1777, "it was left as it is");
}

#[test]
fn a_directory_that_others_can_write_is_never_used_itself_and_one_that_they_can_read_is() {
    let dir = temp_dir();
    for bad in [0o777, 0o707, 0o770, 0o720, 0o702, 0o775, 0o2775, 0o2777] {
        let path = dir.path().join(format!("{bad:o}"));
        make(&path, bad);
        let error = CacheDir::open(&path).unwrap_err();
        let CacheDirError::Exchangeable { above, mode: told, .. } = &error else { panic!("{bad:o}: {error}") };
        assert!(*above == path && *told == bad, "{error}");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0, "nothing was made there");
        let opened = CacheDir::open_below(&path, Parents::Shared).unwrap();
        assert_eq!((opened.path(), mode(opened.path()) & 0o777), (&*path.join("jurat"), 0o700));
        assert_eq!(mode(&path), bad, "it was left as it is");
    }
    for good in [0o700, 0o755, 0o711, 0o1700] {
        let path = dir.path().join(format!("{good:o}"));
        make(&path, good);
        for parents in [Parents::Private, Parents::Shared] {
            assert_eq!(CacheDir::open_below(&path, parents).unwrap().path(), path);
        }
    }
}

#[test]
fn a_directory_whose_rights_were_widened_is_an_error_and_never_an_empty_one() {
    let dir = temp_dir();
    for given in ["state", "volume"] {
        let path = dir.path().join(given);
        make(&path, if given == "volume" { 0o2777 } else { 0o700 });
        let used = CacheDir::open_below(&path, Parents::Shared).unwrap();
        used.write("seen", b"x").unwrap();
        // So does a volume with `fsGroup`, to everything in it.
        let widened = used.path().to_owned();
        fs::set_permissions(&widened, fs::Permissions::from_mode(0o2770)).unwrap();
        for parents in [Parents::Private, Parents::Shared] {
            match CacheDir::open_below(&path, parents) {
                Err(CacheDirError::InUse { entry, .. }) => assert!(given == "state" && entry == "seen"),
                Err(CacheDirError::Shared { mode: 0o2770, path }) => assert!(given == "volume" && path == widened),
                Err(CacheDirError::Exchangeable { .. }) => assert!(given == "volume" && parents == Parents::Private),
                other => panic!("{given}: {other:?}"),
            }
        }
        fs::set_permissions(&widened, fs::Permissions::from_mode(0o700)).unwrap();
        let again = CacheDir::open_below(&path, Parents::Shared).unwrap();
        assert!(again.read("seen", Bytes::new(1)).unwrap().is_some());
    }
}

#[test]
fn a_directory_that_others_can_replace_is_refused_unless_the_parents_may_be_shared() {
    let dir = temp_dir();
    for (bad, is_used) in
        [(0o777, false), (0o770, false), (0o702, false), (0o2775, false), (0o755, true), (0o1777, true), (0o1770, true)]
    {
        let above = dir.path().join(format!("{bad:o}"));
        make(&above, bad);
        for below in ["cache", "deep/cache"] {
            match CacheDir::open(&above.join(below)) {
                Ok(_) => assert!(is_used, "{bad:o}/{below}"),
                Err(CacheDirError::Exchangeable { above: told, mode, .. }) => {
                    assert!(!is_used && mode == bad && told.ends_with(format!("{bad:o}")), "{bad:o}/{below}");
                    assert!(!above.join("deep").exists(), "nothing was made there");
                }
                Err(error) => panic!("{bad:o}/{below}: {error}"),
            }
        }
        for below in ["cache", "deep/cache"] {
            let opened = CacheDir::open_below(&above.join(below), Parents::Shared).unwrap();
            assert_eq!(mode(opened.path()) & 0o777, 0o700);
        }
    }
}

#[test]
fn what_others_put_into_a_shared_parent_is_not_used() {
    let dir = temp_dir();
    let volume = dir.path().join("volume");
    make(&volume, 0o777);
    make(&dir.path().join("other"), 0o700);
    // A link of theirs leads nowhere, and a directory that they can write is not the host's.
    symlink("../other", volume.join("jurat")).unwrap();
    let opened = CacheDir::open_below(&volume, Parents::Shared);
    assert!(matches!(opened, Err(CacheDirError::Link { .. })), "{opened:?}");
    fs::remove_file(volume.join("jurat")).unwrap();
    make(&volume.join("jurat"), 0o777);
    let opened = CacheDir::open_below(&volume, Parents::Shared);
    assert!(matches!(opened, Err(CacheDirError::Shared { mode: 0o777, .. })), "{opened:?}");
    if geteuid().is_root() {
        fs::set_permissions(volume.join("jurat"), fs::Permissions::from_mode(0o700)).unwrap();
        chown(volume.join("jurat"), Some(4_711), None).unwrap();
        let opened = CacheDir::open_below(&volume, Parents::Shared);
        assert!(matches!(opened, Err(CacheDirError::Foreign { owner: 4_711, .. })), "{opened:?}");
        // A link on the way is followed only if its owner is trusted.
        symlink("volume", dir.path().join("link")).unwrap();
        std::os::unix::fs::lchown(dir.path().join("link"), Some(4_711), None).unwrap();
        let opened = CacheDir::open_below(&dir.path().join("link/cache"), Parents::Shared);
        assert!(matches!(opened, Err(CacheDirError::Exchangeable { owner: 4_711, .. })), "{opened:?}");
    }
}

#[test]
fn a_directory_and_its_parents_must_belong_to_root_or_this_user() {
    if !geteuid().is_root() {
        // Only root can change owners; for other users, `/usr` has a foreign owner.
        assert!(matches!(CacheDir::open(Path::new("/usr")), Err(CacheDirError::Foreign { owner: 0, .. })));
        return;
    }
    let dir = temp_dir();
    let foreign = dir.path().join("foreign");
    make(&foreign, 0o755);
    chown(&foreign, Some(4_711), None).unwrap();
    assert!(matches!(CacheDir::open(&foreign), Err(CacheDirError::Foreign { owner: 4_711, user: 0, .. })));
    let below = CacheDir::open(&foreign.join("cache"));
    assert!(matches!(below, Err(CacheDirError::Exchangeable { owner: 4_711, .. })), "{below:?}");

    let link = dir.path().join("link");
    make(&dir.path().join("mine"), 0o700);
    symlink("mine", &link).unwrap();
    CacheDir::open(&link.join("cache")).unwrap();
    std::os::unix::fs::lchown(&link, Some(4_711), None).unwrap();
    let behind = CacheDir::open(&link.join("cache"));
    assert!(matches!(behind, Err(CacheDirError::Exchangeable { owner: 4_711, .. })), "{behind:?}");
}

#[test]
fn a_link_or_anything_but_a_directory_is_refused() {
    let dir = temp_dir();
    make(&dir.path().join("real"), 0o700);
    symlink("real", dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for link in ["link", "dangling", "link/"] {
        let error = CacheDir::open(&dir.path().join(link)).unwrap_err();
        assert!(matches!(error, CacheDirError::Link { .. }), "{link}: {error}");
    }
    fs::write(dir.path().join("file"), b"").unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    for other in ["file", "socket", "file/below", "real/.."] {
        let error = CacheDir::open(&dir.path().join(other)).unwrap_err();
        assert!(matches!(error, CacheDirError::NotADirectory { .. }), "{other}: {error}");
    }
    assert!(matches!(CacheDir::open(Path::new("/")), Err(CacheDirError::NotADirectory { .. })));
    let below = CacheDir::open(&dir.path().join("missing/../cache"));
    assert!(below.is_err(), "{below:?}");
}

#[test]
fn what_was_written_is_read_and_is_for_this_user_only() {
    let dir = temp_dir();
    let cache = CacheDir::open(&dir.path().join("cache")).unwrap();
    assert_eq!(cache.read("a.yaml", Bytes::new(9)).unwrap(), None);
    cache.write("a.yaml", b"one").unwrap();
    cache.write("a.yaml", b"two").unwrap();
    assert_eq!(cache.read("a.yaml", Bytes::new(3)).unwrap().unwrap(), b"two");
    assert!(matches!(
        cache.read("a.yaml", Bytes::new(2)),
        Err(CacheDirError::Read { cause: ReadError::TooLong { .. }, .. })
    ));
    assert_eq!(mode(&dir.path().join("cache/a.yaml")), 0o600);
    let names: Vec<_> =
        fs::read_dir(dir.path().join("cache")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.yaml"]);
}

#[test]
fn a_write_goes_where_the_directory_was_and_follows_no_link() {
    let dir = temp_dir();
    let path = dir.path().join("cache");
    let cache = CacheDir::open(&path).unwrap();
    fs::write(dir.path().join("victim"), b"mine").unwrap();
    symlink("../victim", path.join("a")).unwrap();
    assert!(matches!(cache.read("a", Bytes::new(9)), Err(CacheDirError::Read { cause: ReadError::Link, .. })));
    cache.write("a", b"new").unwrap();
    assert_eq!(fs::read(dir.path().join("victim")).unwrap(), b"mine");

    fs::rename(&path, dir.path().join("moved")).unwrap();
    make(&path, 0o700);
    cache.write("b", b"new").unwrap();
    assert!(!path.join("b").exists() && dir.path().join("moved/b").exists());
}

#[test]
fn the_file_of_a_killed_process_is_swept_and_that_of_a_running_one_is_not() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    let left = dir.path().join(".0123456789abcdef.part");
    fs::write(&left, b"ha").unwrap();
    cache.write("a", b"whole").unwrap();
    assert_eq!(cache.list().unwrap(), ["a"]);
    assert!(left.exists());

    let writing = Temporary::make(cache.directory.as_fd()).unwrap();
    fs::write(dir.path().join(".mine"), b"not a temporary file").unwrap();
    CacheDir::open(dir.path()).unwrap();
    assert!(!left.exists());
    writing.put("b", b"whole too").unwrap();
    assert_eq!(cache.list().unwrap(), ["a", "b"]);
    assert_eq!(cache.read("b", Bytes::new(9)).unwrap().unwrap(), b"whole too");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn two_writers_of_one_file_never_meet_even_if_they_know_nothing_of_each_other() {
    let dir = temp_dir();
    let [one, two] = [(); 2].map(|()| CacheDir::open(dir.path()).unwrap());
    let [first, second] = [&one, &two].map(|cache| Temporary::make(cache.directory.as_fd()).unwrap());
    CacheDir::open(dir.path()).unwrap();
    second.put("a", b"second").unwrap();
    assert_eq!(one.read("a", Bytes::new(9)).unwrap().unwrap(), b"second");
    first.put("a", b"first").unwrap();
    assert_eq!(two.read("a", Bytes::new(9)).unwrap().unwrap(), b"first");
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/b"), b"x").unwrap();
    assert!(matches!(cache.write("a", b"new"), Err(CacheDirError::Write { .. })));
    assert!(dir.path().join("a/b").exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn readers_find_one_version_or_the_other_while_many_write() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    cache.write("a", &[b'0'; 4_096]).unwrap();
    thread::scope(|scope| {
        for digit in b'1'..=b'3' {
            let cache = &cache;
            scope.spawn(move || (0..20).for_each(|_| cache.write("a", &[digit; 4_096]).unwrap()));
        }
        for _ in 0..200 {
            let found = cache.read("a", Bytes::kibi(4)).unwrap().unwrap();
            assert!(found.len() == 4_096 && found.iter().all(|byte| byte == &found[0]));
        }
    });
}

#[test]
fn only_plain_names_are_written_and_read() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    for name in ["", ".", "..", "../a", "a/b", ".hidden", "-a", "a b", "a\0", "ä", &"x".repeat(201)] {
        assert!(matches!(cache.write(name, b""), Err(CacheDirError::Name { .. })), "{name}");
        assert!(matches!(cache.read(name, Bytes::new(1)), Err(CacheDirError::Name { .. })), "{name}");
    }
    cache.write(&"x".repeat(200), b"").unwrap();
}

#[test]
fn a_directory_below_is_made_and_checked_like_the_one_above() {
    let dir = temp_dir();
    let cache = CacheDir::open(&dir.path().join("cache")).unwrap();
    let below = cache.below("blobs").unwrap();
    assert_eq!((below.path(), mode(below.path())), (dir.path().join("cache/blobs").as_path(), 0o700));
    below.write("a", b"x").unwrap();
    assert_eq!(cache.below("blobs").unwrap().read("a", Bytes::new(1)).unwrap().unwrap(), b"x");
    assert_eq!(cache.list().unwrap(), ["blobs"]);

    let at = |name: &str| dir.path().join("cache").join(name);
    make(&at("group"), 0o770);
    assert!(matches!(cache.below("group"), Err(CacheDirError::Shared { mode: 0o770, .. })));
    symlink("blobs", at("link")).unwrap();
    assert!(matches!(cache.below("link"), Err(CacheDirError::Link { .. })));
    fs::write(at("file"), b"").unwrap();
    assert!(matches!(cache.below("file"), Err(CacheDirError::NotADirectory { .. })));
    for name in ["", "..", "a/b", ".hidden"] {
        assert!(matches!(cache.below(name), Err(CacheDirError::Name { .. })), "{name}");
    }
    if geteuid().is_root() {
        make(&at("foreign"), 0o700);
        chown(at("foreign"), Some(4_711), None).unwrap();
        assert!(matches!(cache.below("foreign"), Err(CacheDirError::Foreign { owner: 4_711, .. })));
    }
}

#[test]
fn a_file_that_others_can_write_or_own_is_not_read() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    cache.write("a", b"x").unwrap();
    let set = |mode| fs::set_permissions(dir.path().join("a"), fs::Permissions::from_mode(mode)).unwrap();
    for bad in [0o666, 0o660, 0o602, 0o622] {
        set(bad);
        let read = cache.read("a", Bytes::new(1));
        assert!(matches!(read, Err(CacheDirError::SharedFile { mode, .. }) if mode == bad), "{bad:o}: {read:?}");
    }
    for good in [0o600, 0o644, 0o400] {
        set(good);
        assert!(cache.read("a", Bytes::new(1)).unwrap().is_some(), "{good:o}");
    }
    set(0o000);
    if geteuid().is_root() {
        chown(dir.path().join("a"), Some(4_711), None).unwrap();
        let read = cache.read("a", Bytes::new(1));
        assert!(matches!(read, Err(CacheDirError::ForeignFile { owner: 4_711, user: 0, .. })), "{read:?}");
    } else {
        let read = cache.read("a", Bytes::new(1));
        assert!(matches!(read, Err(CacheDirError::Read { cause: ReadError::Failed(_), .. })), "{read:?}");
    }
}

#[test]
fn anything_else_instead_of_a_file_is_an_error_and_not_an_absent_file() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    make(&dir.path().join("directory"), 0o700);
    symlink("nowhere", dir.path().join("link")).unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    for (name, is_link) in [("directory", false), ("socket", false), ("link", true)] {
        match cache.read(name, Bytes::new(9)) {
            Err(CacheDirError::Read { cause: ReadError::Link, .. }) => assert!(is_link, "{name}"),
            Err(CacheDirError::Read { cause: ReadError::NotAFile, .. }) => assert!(!is_link, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert!(cache.stamp(name).unwrap().is_some(), "{name}");
    }
}

#[test]
fn a_file_is_removed_once_and_a_directory_never() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    cache.write("a", b"x").unwrap();
    cache.below("b").unwrap();
    cache.remove("a").unwrap();
    cache.remove("a").unwrap();
    assert!(matches!(cache.remove("b"), Err(CacheDirError::Remove { .. })));
    assert!(matches!(cache.remove("../b"), Err(CacheDirError::Name { .. })));
    assert_eq!(cache.list().unwrap(), ["b"]);

    fs::write(dir.path().join("victim"), b"mine").unwrap();
    symlink("victim", dir.path().join("link")).unwrap();
    cache.remove("link").unwrap();
    assert_eq!(cache.list().unwrap(), ["b", "victim"]);
}

#[test]
fn a_stamp_changes_with_every_file_that_takes_a_name() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    assert_eq!(cache.stamp("a").unwrap(), None);
    cache.write("a", b"one").unwrap();
    let one = cache.stamp("a").unwrap();
    assert!(one.is_some() && one == cache.stamp("a").unwrap());
    cache.read("a", Bytes::new(3)).unwrap();
    assert_eq!(cache.stamp("a").unwrap(), one);
    cache.write("a", b"two").unwrap();
    assert_ne!(cache.stamp("a").unwrap(), one);
    cache.remove("a").unwrap();
    assert_eq!(cache.stamp("a").unwrap(), None);
}

#[test]
fn a_lock_has_one_holder_across_handles() {
    let dir = temp_dir();
    let [one, two] = [(); 2].map(|()| CacheDir::open(dir.path()).unwrap());
    let held = one.lock("lock", Duration::ZERO).unwrap().unwrap();
    assert_eq!(mode(&dir.path().join("lock")), 0o600);
    for other in [&one, &two] {
        assert!(other.lock("lock", Duration::ZERO).unwrap().is_none());
        assert!(other.lock("lock", Duration::from_millis(3)).unwrap().is_none());
    }
    let _another = two.lock("another", Duration::ZERO).unwrap().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| two.lock("lock", Duration::from_secs(60)).unwrap().is_some());
        drop(held);
        assert!(waiting.join().unwrap());
    });
    assert!(one.lock("lock", Duration::ZERO).unwrap().is_some());
}

#[test]
fn a_lock_keeps_threads_apart() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    cache.write("count", b"0").unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let _held = cache.lock("lock", Duration::from_secs(60)).unwrap().unwrap();
                    let count = cache.read("count", Bytes::new(9)).unwrap().unwrap();
                    let count: u32 = str::from_utf8(&count).unwrap().parse().unwrap();
                    cache.write("count", (count + 1).to_string().as_bytes()).unwrap();
                }
            });
        }
    });
    assert_eq!(cache.read("count", Bytes::new(9)).unwrap().unwrap(), b"100");
}

#[test]
fn a_lock_whose_file_was_removed_or_exchanged_is_no_longer_the_one_that_counts() {
    let dir = temp_dir();
    let cache = CacheDir::open(dir.path()).unwrap();
    let _held = cache.lock("lock", Duration::ZERO).unwrap().unwrap();
    fs::remove_file(dir.path().join("lock")).unwrap();
    let _second = cache.lock("lock", Duration::ZERO).unwrap().unwrap();
    assert!(cache.lock("lock", Duration::ZERO).unwrap().is_none());

    for odd in ["link", "directory"] {
        symlink("lock", dir.path().join("link")).ok();
        fs::create_dir(dir.path().join("directory")).ok();
        assert!(matches!(cache.lock(odd, Duration::ZERO), Err(CacheDirError::Lock { .. })), "{odd}");
    }
}
