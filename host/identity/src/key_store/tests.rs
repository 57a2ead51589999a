use super::*;
use crate::key_file::NewKey;
use crate::principal::{Grant, Tenants};
use crate::rates::Rates;
use crate::scope::Scope;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn pepper() -> Secret {
    Secret::new("0123456789abcdef")
}

/// A store of a file with one key, read at second 0.
fn site() -> (tempfile::TempDir, Arc<KeyStore>, ApiKey) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.json");
    let grant = Grant { scopes: [Scope::Validate].into_iter().collect(), tenants: Tenants::listed(["loans"]) };
    let new = NewKey { name: "a".to_owned(), grant, rates: Rates::default(), expires: None };
    let key = KeyFile::create(&file, &pepper(), new, at(0)).unwrap();
    let store = KeyStore::open(ApiKeySettings { file, pepper: pepper() }, at(0)).unwrap();
    (directory, Arc::new(store), key)
}

#[tokio::test(start_paused = true)]
async fn no_request_waits_longer_than_two_seconds_for_a_disk_that_does_not_answer() {
    let (_directory, store, key) = site();
    *store.attempt.lock().await = Some(tokio::spawn(std::future::pending()));
    let began = tokio::time::Instant::now();
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (store, key) = (Arc::clone(&store), key.clone());
            tokio::spawn(async move { store.find(&key, at(15)).await.is_ok() })
        })
        .collect();
    for request in requests {
        assert!(request.await.unwrap());
    }
    assert!(began.elapsed() <= PATIENCE + Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!(store.find(&key, at(18)).await.unwrap_err(), AuthenticationError::Unavailable);
}

#[tokio::test]
async fn a_file_is_as_old_as_the_attempt_that_read_it() {
    let (directory, store, key) = site();
    let path = directory.path().join("keys.json");
    // The disk answered after the request that asked for the file had left.
    let old = Version::read(&path, at(11), None);
    store.kept().tried = at(11);
    *store.attempt.lock().await = Some(tokio::spawn(async { old }));
    KeyFile::revoke(&path, key.id(), at(50)).unwrap();
    assert_eq!(store.find(&key, at(100)).await.unwrap_err(), AuthenticationError::Revoked);
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_parsed_again() {
    let (directory, store, key) = site();
    let first = store.current(at(0)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &store.current(at(10)).await.unwrap()));
    KeyFile::revoke(&directory.path().join("keys.json"), key.id(), at(15)).unwrap();
    assert!(!Arc::ptr_eq(&first, &store.current(at(20)).await.unwrap()));
}
