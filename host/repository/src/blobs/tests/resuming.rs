//! Resuming a fetch.

use super::*;

const LENGTH: usize = 300_000;
const HALF: usize = 100_000;

/// How a server answers a range request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rest {
    Given,
    Ignored,
    OfAnotherLength,
    FromElsewhere,
    Refused,
}

/// Gives a file, breaking off the first answers; what it has sent is counted.
fn site(bytes: &[u8], breaks: usize, rest: Rest) -> (Site, Arc<Mutex<Vec<usize>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let (bytes, counts) = (bytes.to_vec(), Arc::clone(&sent));
    let site = Site::new(move |_, head| {
        let mut counts = counts.lock().unwrap();
        let first_of = |line: &str| line.strip_prefix("range: bytes=")?.strip_suffix("-")?.parse().ok();
        let asked: Option<usize> = head.lines().find_map(first_of);
        let is_same = !head.contains("if-range: ") || head.contains("if-range: \"a\"\r\n");
        let first: usize = match (rest, asked) {
            (Rest::Refused, Some(_)) => return Reply::status(416, ""),
            (Rest::Ignored, _) | (_, None) => 0,
            (Rest::FromElsewhere, Some(first)) => first - 1,
            (_, Some(first)) => first * usize::from(is_same),
        };
        let body = &bytes[first..];
        let whole = bytes.len() + usize::from(rest == Rest::OfAnotherLength && first > 0);
        let range = format!("content-range: bytes {first}-{}/{whole}\r\n", whole - 1);
        let (status, range) = if first > 0 { (206, &*range) } else { (200, "") };
        let head = format!("HTTP/1.1 {status} X\r\netag: \"a\"\r\n{range}content-length: {}\r\n\r\n", body.len());
        let end = if counts.len() < breaks { body.len().min(HALF) } else { body.len() };
        counts.push(end);
        Reply::Last([head.as_bytes(), &body[..end]].concat())
    });
    (site, sent)
}

/// Some of the last bytes before a connection breaks may not reach the reader.
fn held(site: &Site, bytes: &[u8]) -> usize {
    let held = fs::read(site.path(&format!("{}.0.partial", name(bytes)))).unwrap();
    assert!(bytes.starts_with(&held) && !held.is_empty());
    held.len()
}

#[test]
fn a_download_that_breaks_off_is_gone_on_from_in_the_same_call() {
    let bytes = file(1, LENGTH);
    let (site, sent) = site(&bytes, 2, Rest::Given);
    let fetched = site.fetch(std::slice::from_ref(&bytes)).unwrap();
    assert_eq!(fetched, Fetched { files: 1, bytes: LENGTH as u64 });
    assert_eq!(sent.lock().unwrap().len(), 3);
    let heads = site.server.heads();
    assert!(!heads[0].contains("range: "));
    assert!(heads[1..].iter().all(|head| head.contains("\r\nrange: bytes=") && head.contains("if-range: \"a\"\r\n")));
    assert_eq!(read(&site.blobs(), &bytes).unwrap(), bytes);
    assert_eq!(site.names(), [name(&bytes)]);
}

#[test]
fn a_download_is_gone_on_from_after_a_restart() {
    let bytes = file(1, LENGTH);
    let (site, sent) = site(&bytes, 1, Rest::Given);
    let error = site.blobs().fetch_missing(&site.remote(1), &wanted(std::slice::from_ref(&bytes))).unwrap_err();
    assert!(matches!(&error, BlobsError::Remote(error) if matches!(error.cause, RemoteCause::BrokenOff(_))), "{error}");
    let held = held(&site, &bytes);
    assert!(held <= HALF);

    let fetched = site.fetch(std::slice::from_ref(&bytes)).unwrap();
    assert_eq!(fetched, Fetched { files: 1, bytes: (LENGTH - held) as u64 });
    assert_eq!(*sent.lock().unwrap(), [HALF, LENGTH - held]);
    assert_eq!(site.names(), [name(&bytes)]);
}

#[test]
fn a_server_without_ranges_is_asked_for_the_whole_file() {
    let bytes = file(1, LENGTH);
    for rest in [Rest::Ignored, Rest::OfAnotherLength, Rest::FromElsewhere, Rest::Refused] {
        let (site, sent) = site(&bytes, 1, rest);
        site.fetch(std::slice::from_ref(&bytes)).unwrap();
        assert_eq!(sent.lock().unwrap().last(), Some(&LENGTH), "{rest:?}");
        assert_eq!(read(&site.blobs(), &bytes).unwrap(), bytes, "{rest:?}");
        assert_eq!(site.names(), [name(&bytes)], "{rest:?}");
    }
}

#[test]
fn the_rest_of_another_version_is_not_taken() {
    let bytes = file(1, LENGTH);
    let breaks = Mutex::new(true);
    let given = bytes.clone();
    // An older file had another mark, and other bytes.
    let site = Site::new(move |_, head| {
        if std::mem::take(&mut *breaks.lock().unwrap()) {
            let head = format!("HTTP/1.1 200 X\r\netag: \"old\"\r\ncontent-length: {LENGTH}\r\n\r\n");
            return Reply::Last([head.as_bytes(), &[b'x'; HALF]].concat());
        }
        assert!(head.contains("if-range: \"old\"\r\n"), "{head}");
        Reply::ok(&given)
    });
    site.fetch(std::slice::from_ref(&bytes)).unwrap();
    assert_eq!((site.asked(), site.names()), (2, vec![name(&bytes)]));
}

#[test]
fn a_beginning_that_is_wrong_does_no_harm() {
    let bytes = file(1, LENGTH);
    for (wrong, asked) in [
        (vec![b'x'; HALF], 2),
        // As long as the file, so that nothing is left to ask for; and longer.
        (vec![b'x'; LENGTH], 1),
        (vec![b'x'; LENGTH + 1], 1),
        (Vec::new(), 1),
        (bytes.clone(), 0),
    ] {
        let (site, sent) = site(&bytes, 0, Rest::Given);
        site.blobs();
        fs::write(site.path(&format!("{}.0.partial", name(&bytes))), &wrong).unwrap();
        site.fetch(std::slice::from_ref(&bytes)).unwrap();
        assert_eq!(sent.lock().unwrap().len(), asked, "{}", wrong.len());
        assert_eq!(read(&site.blobs(), &bytes).unwrap(), bytes);
        assert_eq!(site.names(), [name(&bytes)]);
    }
}

#[test]
fn bytes_that_are_wrong_after_a_restart_too_are_reported_once_all_of_them_are_new() {
    let (bytes, wrong) = (file(1, LENGTH), file(2, LENGTH));
    let (site, sent) = site(&wrong, 0, Rest::Given);
    site.blobs();
    fs::write(site.path(&format!("{}.0.partial", name(&bytes))), &bytes[..HALF]).unwrap();
    let error = site.fetch(std::slice::from_ref(&bytes)).unwrap_err();
    assert!(matches!(&error, BlobsError::Altered { found, .. } if *found == name(&wrong)), "{error}");
    assert_eq!(RepositoryError::from(error).blame(), Blame::Source);
    assert_eq!((&**sent.lock().unwrap(), site.names()), (&[LENGTH - HALF, LENGTH][..], Vec::new()));
}
