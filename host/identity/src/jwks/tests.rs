use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use jurat_test_server::{Reply, Server};
use serde_json::json;

use super::*;
use crate::forge::{Signer, set};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A server that answers the request with this number, from 0, and counts them.
fn server(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Server, Arc<KeySource>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = Server::start(move |_| reply(counted.fetch_add(1, Ordering::SeqCst)));
    let url = Url::parse(&server.url("/keys?secret=7")).unwrap();
    let source = KeySource::open(&Location::Url(url), &Http::default(), at(0)).unwrap();
    (server, source, asked)
}

/// Waits until so many requests were made.
async fn asked(count: &AtomicUsize, expected: usize) {
    while count.load(Ordering::SeqCst) < expected {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_after_ten_minutes() {
    let signers = [Signer::ed("old"), Signer::ed("new")];
    let sets = [set([&signers[0]]), set([&signers[1]])];
    let (_server, source, count) = server(move |number| Reply::ok(sets[number.min(1)].as_bytes()));
    let (old, new) = (signers[0].token(&json!({})), signers[1].token(&json!({})));
    for second in [0, 1, 599] {
        let keys = source.keys(at(second)).await.unwrap();
        assert!(keys.verify(&old).is_ok() && keys.verify(&new).is_err());
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    // Nobody waits for newer ones.
    assert!(source.keys(at(600)).await.unwrap().verify(&old).is_ok());
    asked(&count, 2).await;
    while source.keys(at(601)).await.unwrap().verify(&new).is_err() {
        tokio::task::yield_now().await;
    }
    assert!(source.keys(at(601)).await.unwrap().verify(&old).is_err());
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_unknown_key_makes_one_request_a_minute_however_many_ask() {
    let signers = [Signer::ed("a"), Signer::ed("b")];
    let sets = [set([&signers[0]]), set(&signers)];
    let (_server, source, count) = server(move |number| Reply::ok(sets[number.min(1)].as_bytes()));
    let keys = source.keys(at(0)).await.unwrap();
    let flood = |second| {
        let (source, keys) = (Arc::clone(&source), Arc::clone(&keys));
        async move {
            let tasks: Vec<_> = (0..100)
                .map(|_| {
                    let (source, keys) = (Arc::clone(&source), Arc::clone(&keys));
                    tokio::spawn(async move { source.others(&keys, at(second)).await })
                })
                .collect();
            let mut found = Vec::new();
            for task in tasks {
                found.push(task.await.unwrap());
            }
            found
        }
    };
    assert!(flood(59).await.iter().all(Option::is_none));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let found = flood(60).await;
    assert!(found.iter().all(|found| found.as_ref().unwrap().verify(&signers[1].token(&json!({}))).is_ok()));
    flood(61).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_last_good_keys_stay_for_a_day() {
    let signer = Signer::ed("a");
    let text = set([&signer]);
    for bad in [
        || Reply::status(500, ""),
        || Reply::redirect("http://127.0.0.1:1/keys"),
        || Reply::ok(b"{}"),
        || Reply::ok(&vec![b' '; (64 << 10) + 1]),
        || Reply::Last(Vec::new()),
    ] {
        let text = text.clone();
        let (_server, source, count) =
            server(move |number| if number == 0 { Reply::ok(text.as_bytes()) } else { bad() });
        source.keys(at(0)).await.unwrap();
        source.keys(at(700)).await.unwrap();
        asked(&count, 2).await;
        assert!(source.keys(at(86_399)).await.is_ok());
        assert!(source.keys(at(86_400 + 60)).await.is_err());
    }
}

#[tokio::test]
async fn without_keys_nothing_is_accepted_until_there_are_some() {
    let text = set([&Signer::ed("a")]);
    let (_server, source, count) =
        server(move |number| if number == 0 { Reply::status(503, "") } else { Reply::ok(text.as_bytes()) });
    assert_eq!(source.keys(at(0)).await.unwrap_err(), AuthenticationError::Unavailable);
    assert_eq!(source.keys(at(59)).await.unwrap_err(), AuthenticationError::Unavailable);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(source.keys(at(60)).await.is_ok());
}

#[tokio::test]
async fn keys_that_a_client_asked_for_stay_when_it_leaves() {
    let text = set([&Signer::ed("a")]);
    let (_server, source, count) = server(move |_| Reply::ok(text.as_bytes()));
    let leaving = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.keys(at(0)).await.map(drop) }
    });
    asked(&count, 1).await;
    leaving.abort();
    let _ = leaving.await;
    // Others wait for the same attempt, and get what came of it.
    assert!(source.keys(at(1)).await.is_ok());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_keys_younger() {
    let signers = [Signer::ed("a"), Signer::ed("b")];
    let sets = [set([&signers[0]]), set([&signers[1]])];
    let (_server, source, count) = server(move |number| Reply::ok(sets[number.min(1)].as_bytes()));
    source.keys(at(1_000_000)).await.unwrap();
    // More than a day: they are not used.
    assert!(source.keys(at(0)).await.unwrap().verify(&signers[1].token(&json!({}))).is_ok());
    // More than ten minutes: newer ones are asked for.
    source.keys(at(-700)).await.unwrap();
    asked(&count, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let (_server, source, _) = server(|_| Reply::Silence(b"HTTP/1.1 200 OK\r\n".to_vec()));
    let began = tokio::time::Instant::now();
    assert_eq!(source.keys(at(0)).await.unwrap_err(), AuthenticationError::Unavailable);
    assert!(began.elapsed() <= PATIENCE + Duration::from_secs(1));
}

#[test]
fn a_file_is_read_at_the_start_and_an_error_names_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    let open = || KeySource::open(&Location::File(path.clone()), &Http::default(), at(0));
    assert!(matches!(open(), Err(KeySetError::Read { .. })));
    fs::write(&path, "{}").unwrap();
    assert!(matches!(open(), Err(KeySetError::Form { .. })));
    fs::write(&path, set([&Signer::ed("a")])).unwrap();
    open().unwrap();
    let (_server, source, _) = server(|_| Reply::status(500, ""));
    assert!(!source.failed(String::new()).to_string().contains("secret"));
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    let signers = [Signer::ed("a"), Signer::ed("b")];
    fs::write(&path, set([&signers[0]])).unwrap();
    let source = KeySource::open(&Location::File(path.clone()), &Http::default(), at(0)).unwrap();
    let keys = source.keys(at(0)).await.unwrap();
    fs::write(&path, set([&signers[1]])).unwrap();
    assert!(source.others(&keys, at(59)).await.is_none());
    let others = source.others(&keys, at(60)).await.unwrap();
    assert!(others.verify(&signers[1].token(&json!({}))).is_ok());
    fs::remove_file(&path).unwrap();
    assert!(source.others(&others, at(120)).await.is_none());
    assert!(source.keys(at(121)).await.is_ok());
}
