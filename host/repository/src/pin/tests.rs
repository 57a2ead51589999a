use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use jurat_disk::files::ReadError;

use super::*;

fn open(dir: &Path) -> PinFile {
    PinFile::new(Arc::new(CacheDir::open(&dir.join("acme")).unwrap()))
}

fn pin(manifest: &[u8]) -> Pin {
    Pin {
        manifest: Digest::of(manifest),
        at: "2026-11-01T10:11:12Z".parse().unwrap(),
        by: PinnedBy::Cli,
        reason: Some("bad figures in \"1.5.0\"\n".to_owned()),
    }
}

#[test]
fn what_is_pinned_is_what_every_process_reads_until_it_is_unpinned() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    assert_eq!(one.read().unwrap(), None);
    one.remove().unwrap();
    for pin in [
        pin(b"one"),
        Pin { by: PinnedBy::Rpc, reason: None, ..pin(b"two") },
        Pin { by: PinnedBy::Library, reason: Some(String::new()), ..pin(b"two") },
    ] {
        one.write(&pin).unwrap();
        assert_eq!(two.read().unwrap(), Some(pin));
    }
    two.remove().unwrap();
    assert_eq!(one.read().unwrap(), None);
}

#[test]
fn a_pin_can_be_written_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(dir.path());
    let digest = Digest::of(b"one");
    let text =
        format!("{{\n  \"by\": \"rpc\",\n  \"at\": \"2026-11-01T10:11:12Z\",\n  \"manifest\": \"{digest}\"\n}}\n");
    fs::write(dir.path().join("acme/pin.json"), text).unwrap();
    assert_eq!(file.read().unwrap(), Some(Pin { by: PinnedBy::Rpc, reason: None, ..pin(b"one") }));
}

#[test]
fn a_file_that_does_not_say_what_is_pinned_is_never_no_pin() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(dir.path());
    file.write(&pin(b"one")).unwrap();
    let path = dir.path().join("acme/pin.json");
    let good = fs::read_to_string(&path).unwrap();
    let digest = Digest::of(b"one").to_string();
    for (bad, key) in [
        (String::new(), None),
        ("null".to_owned(), None),
        ("{}".to_owned(), None),
        (good.strip_suffix('}').unwrap().to_owned(), None),
        (format!("{good}x"), None),
        (good.replace("\"cli\"", "\"root\""), None),
        (good.replace("\"by\"", "\"from\""), None),
        (good.replace("\"by\"", "\"until\":1,\"by\""), None),
        (good.replace("\"by\"", "\"by\":\"cli\",\"by\""), None),
        (good.replace(&digest, &digest.to_uppercase()), Some("manifest")),
        (good.replace(&digest, ""), Some("manifest")),
        (good.replace("2026-11-01T10:11:12Z", "yesterday"), Some("at")),
        (good.replace("bad figures", &"x".repeat(MOST_REASON)), Some("reason")),
    ] {
        fs::write(&path, &bad).unwrap();
        match file.read() {
            Err(PinError::Malformed { .. }) => assert_eq!(key, None, "{bad}"),
            Err(PinError::Invalid { key: found, .. }) => assert_eq!(key, Some(found), "{bad}"),
            other => panic!("{bad}: {other:?}"),
        }
    }
    fs::write(&path, vec![b' '; 16_385]).unwrap();
    let is_too_long =
        |error| matches!(error, PinError::Directory(CacheDirError::Read { cause: ReadError::TooLong { .. }, .. }));
    assert!(is_too_long(file.read().unwrap_err()));
    fs::write(&path, &good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(file.read(), Err(PinError::Directory(CacheDirError::SharedFile { .. }))));
    file.remove().unwrap();
    symlink("/dev/null", &path).unwrap();
    assert!(matches!(file.read(), Err(PinError::Directory(CacheDirError::Read { cause: ReadError::Link, .. }))));
    file.remove().unwrap();
    assert_eq!(file.read().unwrap(), None);
}

#[test]
fn a_reason_has_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(dir.path());
    let with = |length| Pin { reason: Some("\u{1}".repeat(length)), ..pin(b"one") };
    assert!(matches!(file.write(&with(MOST_REASON + 1)), Err(PinError::LongReason { length: 1_001 })));
    assert_eq!(file.read().unwrap(), None);
    file.write(&with(MOST_REASON)).unwrap();
    assert_eq!(file.read().unwrap(), Some(with(MOST_REASON)));
}

#[test]
fn a_watch_notices_whatever_happens_to_the_pin_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(dir.path());
    let mut watch = open(dir.path()).watch();
    let path = dir.path().join("acme/pin.json");
    let mut poll = || {
        let first = watch.poll().unwrap();
        assert_eq!(watch.poll().unwrap(), Change::Unchanged);
        first
    };
    assert_eq!(poll(), Change::Changed, "nothing was polled before");
    assert_eq!(poll(), Change::Unchanged);
    file.write(&pin(b"one")).unwrap();
    assert_eq!(poll(), Change::Changed);
    file.read().unwrap();
    fs::write(dir.path().join("acme/timestamp.json"), b"x").unwrap();
    assert_eq!(poll(), Change::Unchanged);
    file.write(&pin(b"two")).unwrap();
    assert_eq!(poll(), Change::Changed, "it is as long as before");
    fs::write(&path, b"by hand, and shorter").unwrap();
    assert_eq!(poll(), Change::Changed);
    file.remove().unwrap();
    assert_eq!(poll(), Change::Changed);
    file.remove().unwrap();
    assert_eq!(poll(), Change::Unchanged);
    symlink("nowhere", &path).unwrap();
    assert_eq!(poll(), Change::Changed);
}
