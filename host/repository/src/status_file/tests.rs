use std::fs;
use std::path::Path;

use jurat_disk::files::ReadError;
use serde_json::json;

use super::*;

fn open(dir: &Path) -> StatusFile {
    StatusFile::new(Arc::new(CacheDir::open(&dir.join("acme")).unwrap()))
}

fn now() -> Timestamp {
    "2026-11-01T10:11:12.5Z".parse().unwrap()
}

#[test]
fn what_a_host_says_is_read_with_its_process_and_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let (host, reader) = (open(dir.path()), open(dir.path()));
    assert_eq!(reader.read().unwrap(), None);
    host.write(&json!({"health": "ok"}), now()).unwrap();
    let status = json!({"health": "degraded", "failure": {"text": "\u{1b}[31m"}});
    host.write(&status, now()).unwrap();
    assert_eq!(reader.read().unwrap(), Some(StatusReport { pid: std::process::id(), at: now(), status }));
}

#[test]
fn a_file_that_does_not_say_how_the_host_is_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(dir.path());
    file.write(&json!({}), now()).unwrap();
    let path = dir.path().join("acme/status.json");
    let good = fs::read_to_string(&path).unwrap();
    for (bad, is_undated) in [
        (String::new(), false),
        (good.strip_suffix('}').unwrap().to_owned(), false),
        (good.replace("\"pid\":", "\"pid\":-"), false),
        (good.replace("\"pid\"", "\"process\""), false),
        (good.replace("2026-11-01T10:11:12.5Z", "now"), true),
    ] {
        fs::write(&path, &bad).unwrap();
        match file.read() {
            Err(StatusError::Malformed { .. }) => assert!(!is_undated, "{bad}"),
            Err(StatusError::Undated { .. }) => assert!(is_undated, "{bad}"),
            other => panic!("{bad}: {other:?}"),
        }
    }
}

#[test]
fn what_would_never_be_read_back_is_not_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = open(dir.path());
    file.write(&json!("before"), now()).unwrap();
    let path = dir.path().join("acme/status.json");
    let around = fs::read(&path).unwrap().len() - "before".len();
    let most = usize::try_from(MOST.get()).unwrap() - around;
    assert!(matches!(file.write(&json!("x".repeat(most + 1)), now()), Err(StatusError::TooLong { .. })));
    assert_eq!(file.read().unwrap().unwrap().status, "before");
    file.write(&json!("x".repeat(most)), now()).unwrap();
    assert_eq!(file.read().unwrap().unwrap().status, json!("x".repeat(most)));

    fs::write(&path, vec![b' '; usize::try_from(MOST.get()).unwrap() + 1]).unwrap();
    let read = file.read();
    let is_refused =
        matches!(read, Err(StatusError::Directory(CacheDirError::Read { cause: ReadError::TooLong { .. }, .. })));
    assert!(is_refused, "{read:?}");
}
