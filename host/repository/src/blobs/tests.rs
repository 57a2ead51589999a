use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use jurat_http::Http;
use jurat_http::{Reach, client};
use jurat_model::{Blame, Bytes, chain};
use jurat_retry::RetryPolicy;
use jurat_test_server::{Reply, Server};
use jurat_trust::{Fetch, FetchError};
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::RepositoryError;
use crate::remote::RemoteLimits;

mod disk;
mod resuming;
mod sharing;

/// A server, a runtime for requests to it, and a directory.
struct Site {
    server: Server,
    runtime: Runtime,
    dir: tempfile::TempDir,
}

impl Site {
    /// Answers a request for a file, of which the digest and the whole head are given.
    fn new(reply: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let server = Server::start_reading(move |path, head| reply(path.rsplit('/').next().unwrap(), head));
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { server, runtime, dir: tempfile::tempdir().unwrap() }
    }

    /// Gives these files.
    fn giving(files: &[Vec<u8>]) -> Self {
        let files: BTreeMap<_, _> = files.iter().map(|bytes| (Digest::of(bytes).to_string(), bytes.clone())).collect();
        Self::new(move |digest, _| files.get(digest).map_or(Reply::status(404, ""), |bytes| Reply::ok(bytes)))
    }

    fn remote(&self, attempts: u32) -> Remote {
        let milli = Duration::from_millis(1);
        let limits = RemoteLimits {
            retry: RetryPolicy {
                max_attempts: attempts.try_into().unwrap(),
                base_delay: milli,
                max_delay: milli,
                ..RetryPolicy::DEFAULT
            },
            ..RemoteLimits::default()
        };
        let client = client(&Http::default(), Reach::Anywhere).unwrap();
        let base = self.server.url("/rules").parse().unwrap();
        Remote::new(base, client, &BTreeMap::new(), limits, self.runtime.handle().clone()).unwrap()
    }

    /// As another process has it.
    fn blobs(&self) -> Blobs {
        Blobs::open(&CacheDir::open(self.dir.path()).unwrap()).unwrap()
    }

    fn fetch(&self, files: &[Vec<u8>]) -> Result<Fetched, BlobsError> {
        self.blobs().fetch_missing(&self.remote(3), &wanted(files))
    }

    fn asked(&self) -> usize {
        self.server.heads().len()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("blobs/sha256").join(name)
    }

    /// The files in the directory.
    fn names(&self) -> Vec<String> {
        names(&self.path(""))
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn wanted(files: &[Vec<u8>]) -> Vec<(Digest, u64)> {
    files.iter().map(|bytes| (Digest::of(bytes), bytes.len() as u64)).collect()
}

/// Some bytes, different for each seed.
fn file(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(seed + 7) >> 3).to_le_bytes()[0] ^ seed.to_le_bytes()[0]).collect()
}

fn name(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

fn read(blobs: &Blobs, bytes: &[u8]) -> Result<Vec<u8>, FetchError> {
    blobs.source().get(&SafePath::of_blob(&Digest::of(bytes)), Bytes::new(bytes.len() as u64))
}

#[test]
fn a_file_is_fetched_once_and_kept_for_this_user_only() {
    let files = [file(1, 100_000), file(2, 10), file(3, 0)];
    let site = Site::giving(&files);
    assert_eq!(site.fetch(&files).unwrap(), Fetched { files: 3, bytes: 100_010 });
    // There is only one empty file.
    assert_eq!(site.asked(), 2);
    let mut expected = files.each_ref().map(|bytes| name(bytes));
    expected.sort();
    assert_eq!(site.names(), expected);
    for bytes in &files {
        assert_eq!(&read(&site.blobs(), bytes).unwrap(), bytes);
        assert_eq!(site.path(&name(bytes)).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(site.fetch(&[files.to_vec(), files.to_vec()].concat()).unwrap(), Fetched::default());
    assert_eq!(site.asked(), 2);
}

#[test]
fn a_file_that_the_server_does_not_have_is_named_and_others_stay() {
    let files = [file(1, 1_000), file(2, 1_000)];
    let site = Site::giving(&files[..1]);
    let error = site.fetch(&files).unwrap_err();
    let BlobsError::Remote(remote) = &error else { panic!("{error:?}") };
    assert!(matches!(remote.cause, RemoteCause::Missing { status: 404 }));
    assert!(chain(&error).starts_with(&format!("`{}", site.server.url("/rules/blobs/sha256/"))), "{error}");
    site.fetch(&files[..1]).unwrap();
    assert_eq!(read(&site.blobs(), &files[0]).unwrap(), files[0]);
    assert!(matches!(read(&site.blobs(), &files[1]), Err(FetchError::NotFound)));
}

#[test]
fn what_is_not_the_file_is_reported_and_nothing_of_it_stays() {
    let good = file(1, 1_000);
    for bad in [file(2, 1_000), good[..999].to_vec(), [&good[..], b"x"].concat(), Vec::new()] {
        let given = bad.clone();
        let site = Site::new(move |_, _| Reply::ok(&given));
        let error = site.fetch(std::slice::from_ref(&good)).unwrap_err();
        let is_right = match &error {
            BlobsError::Altered { found, .. } => bad.len() == good.len() && *found == name(&bad),
            BlobsError::TooShort { found, .. } => bad.len() < good.len() && found.get() == bad.len() as u64,
            BlobsError::Remote(error) => bad.len() > good.len() && matches!(error.cause, RemoteCause::TooLong { .. }),
            _ => false,
        };
        assert!(is_right, "{error:?}");
        assert_eq!((site.asked(), site.names()), (1, Vec::new()), "{error}");
    }
}

#[test]
fn an_endless_file_is_read_no_further_than_it_may_be_long() {
    let good = file(1, 1 << 20);
    let site =
        Site::new(|_, _| Reply::Endless(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), vec![b'x'; 1 << 16]));
    let error = site.fetch(&[good]).unwrap_err();
    let BlobsError::Remote(remote) = &error else { panic!("{error:?}") };
    assert!(matches!(remote.cause, RemoteCause::TooLong { cap } if cap == Bytes::mebi(1)));
    assert_eq!((site.asked(), site.names()), (1, Vec::new()));
}

#[test]
fn the_source_gives_files_of_this_directory_by_their_one_path_only() {
    let bytes = file(1, 1_000);
    let site = Site::giving(std::slice::from_ref(&bytes));
    site.fetch(std::slice::from_ref(&bytes)).unwrap();
    let source = site.blobs().source();
    let get = |path: &str, cap| source.get(&path.parse().unwrap(), Bytes::new(cap));
    let path = SafePath::of_blob(&Digest::of(&bytes)).to_string();
    assert_eq!(get(&path, 1_000).unwrap(), bytes);
    assert!(matches!(get(&path, 999), Err(FetchError::TooLong)));
    let upper = path.replace(&name(&bytes), &name(&bytes).to_uppercase());
    for other in ["metadata/timestamp.json", "blobs/sha256/x", &name(&bytes), &format!("x/{path}"), &upper] {
        assert!(matches!(get(other, 1_000), Err(FetchError::NotFound)), "{other}");
    }
}
