//! Many files, and concurrent fetches.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn four_files_are_fetched_at_a_time_and_no_more() {
    let files: Vec<_> = (0..AT_A_TIME * 3).map(|seed| file(seed, 1_000)).collect();
    let given: BTreeMap<_, _> = files.iter().map(|bytes| (name(bytes), bytes.clone())).collect();
    let (now, most, all) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)), Barrier::new(AT_A_TIME));
    let seen = Arc::clone(&most);
    let site = Site::new(move |digest, _| {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // A single request waits for ever.
        all.wait();
        now.fetch_sub(1, Ordering::SeqCst);
        Reply::ok(&given[digest])
    });
    // Two callers share the same four permits.
    let (blobs, remote) = (site.blobs(), site.remote(1));
    std::thread::scope(|scope| {
        for half in files.chunks(files.len() / 2) {
            let (blobs, remote) = (&blobs, &remote);
            scope.spawn(move || blobs.fetch_missing(remote, &wanted(half)).unwrap());
        }
    });
    assert_eq!((most.load(Ordering::SeqCst), site.asked(), site.names().len()), (AT_A_TIME, 12, 12));
}

#[test]
fn processes_that_fetch_the_same_file_at_the_same_time_do_each_other_no_harm() {
    const PROCESSES: usize = 3;
    let bytes = file(1, 200_000);
    let (given, all) = (bytes.clone(), Barrier::new(PROCESSES));
    let site = Site::new(move |_, _| {
        all.wait();
        Reply::ok(&given)
    });
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| assert_eq!(site.fetch(std::slice::from_ref(&bytes)).unwrap().bytes, 200_000));
        }
    });
    assert_eq!((site.asked(), site.names()), (PROCESSES, vec![name(&bytes)]));
    assert_eq!(read(&site.blobs(), &bytes).unwrap(), bytes);
}

#[test]
fn a_file_being_fetched_is_neither_written_nor_removed_by_others() {
    let bytes = file(1, 1_000);
    let site = Site::giving(std::slice::from_ref(&bytes));
    let blobs = site.blobs();
    let other = Partial::open(Arc::clone(&site.blobs().disk), Digest::of(&bytes), 1_000).unwrap();
    assert_eq!(blobs.keep_only(&BTreeSet::new(), Timestamp::MAX).unwrap(), 0);
    site.fetch(std::slice::from_ref(&bytes)).unwrap();
    let partial = format!("{}.0.partial", name(&bytes));
    assert_eq!(site.names(), [name(&bytes), partial.clone()]);
    assert_eq!(fs::read(site.path(&partial)).unwrap(), b"");
    drop(other);
    assert_eq!(blobs.keep_only(&BTreeSet::from([Digest::of(&bytes)]), Timestamp::MAX).unwrap(), 1);
    assert_eq!(site.names(), [name(&bytes)]);
}

#[test]
fn a_caller_with_a_wrong_length_does_others_no_harm() {
    let bytes = file(1, 1_000);
    let site = Site::giving(std::slice::from_ref(&bytes));
    site.fetch(std::slice::from_ref(&bytes)).unwrap();
    for length in [0, 999, 1_001, u64::MAX] {
        let error = site.blobs().fetch_missing(&site.remote(1), &[(Digest::of(&bytes), length)]).unwrap_err();
        assert!(matches!(error, BlobsError::OtherLength { found, .. } if found.get() == 1_000), "{error}");
        // The file is what its digest says. What lists it is wrong.
        assert_eq!(RepositoryError::from(error).blame(), Blame::Publisher);
    }
    assert_eq!((site.asked(), read(&site.blobs(), &bytes).unwrap()), (1, bytes));
}

#[test]
fn files_are_removed_that_are_old_and_not_kept() {
    let files: Vec<_> = (0..3).map(|seed| file(seed, 1_000)).collect();
    let site = Site::giving(&files);
    site.fetch(&files).unwrap();
    for other in ["README", "x.0.partial"] {
        fs::write(site.path(other), b"").unwrap();
    }
    let blobs = site.blobs();
    let keep = BTreeSet::from([Digest::of(&files[0])]);
    let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000);
    let age = |bytes: &[u8]| fs::File::open(site.path(&name(bytes))).unwrap().set_modified(old).unwrap();
    let limit = Timestamp::from_second(1_001).unwrap();

    assert_eq!(blobs.keep_only(&keep, limit).unwrap(), 0, "all are new");
    files.iter().for_each(|bytes| age(bytes));
    assert_eq!(blobs.keep_only(&keep, Timestamp::from_second(1_000).unwrap()).unwrap(), 0, "none is older");
    // One of them is used.
    assert_eq!(site.blobs().fetch_missing(&site.remote(1), &wanted(&files[1..2])).unwrap(), Fetched::default());
    assert_eq!(blobs.keep_only(&keep, limit).unwrap(), 1);
    let mut left = vec![name(&files[0]), name(&files[1]), "README".to_owned(), "x.0.partial".to_owned()];
    left.sort();
    assert_eq!(site.names(), left);
}
