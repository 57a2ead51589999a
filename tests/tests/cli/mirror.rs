//! A repository in one file: what comes out is what went in, and nothing else ever comes out.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::cdn::{Cdn, Trick};
use crate::site::{Site, TARGET};

/// What hosts see below a directory, by paths in it; but for what was published earlier.
fn served(site: &Site, directory: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = site.files(directory).into_iter();
    let files = files.map(|(path, bytes)| (path.strip_prefix(directory).unwrap().to_owned(), bytes));
    files.filter(|(path, _)| ["metadata", "targets", "blobs"].iter().any(|top| path.starts_with(top))).collect()
}

/// A site whose repository is served, and what a host needs to get there.
fn on_a_server() -> (Site, Cdn) {
    let site = Site::signed();
    let cdn = Cdn::serve(site.path("repository"));
    site.write("authority.pem", cdn.authority());
    let config = "http: {authorities: [authority.pem]}\nlogic_cache_dir: cache\nstate_dir: state\n";
    let rules = format!("business_config_uri: {}\ntrust: {{release: {TARGET}}}\n", cdn.url());
    site.write("local-config.yaml", format!("{rules}{config}"));
    (site, cdn)
}

fn export(site: &Site, file: &str) {
    site.run(&["mirror", "export", "repository", file, "--root", "root.json"]).ends_with(0);
}

fn temporaries(site: &Site) -> Vec<String> {
    let names = fs::read_dir(site.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with(".jurat")).collect()
}

/// A file with a name of its own at the beginning of an archive.
fn with_entry(archive: &[u8], name: &str) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(b"00000000000");
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..263].copy_from_slice(b"ustar\0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    [&header[..], archive].concat()
}

#[test]
fn what_comes_out_is_what_went_in() {
    let site = Site::signed();
    export(&site, "rules.tar");
    export(&site, "again.tar");
    assert_eq!(fs::read(site.path("rules.tar")).unwrap(), fs::read(site.path("again.tar")).unwrap());
    let import = ["mirror", "import", "rules.tar", "srv/rules", "--root", "root.json"];
    site.run(&import).ends_with(0);
    assert_eq!(served(&site, "srv/rules"), served(&site, "repository"));
    site.run(&["trust", "verify", "srv/rules", "--root", "root.json"]).ends_with(0);
    site.run(&import).ends_with(0);
    assert_eq!(served(&site, "srv/rules"), served(&site, "repository"));
    assert!(temporaries(&site).is_empty());
}

#[test]
fn a_server_gives_the_same_file_as_the_directory_that_it_serves() {
    let (site, cdn) = on_a_server();
    export(&site, "directory.tar");
    let url = cdn.url();
    let export = ["mirror", "export", &url, "server.tar", "--root", "root.json", "--config", "local-config.yaml"];
    let _ = cdn.answers();
    site.run(&export).ends_with(0);
    assert_eq!(fs::read(site.path("server.tar")).unwrap(), fs::read(site.path("directory.tar")).unwrap());
    let mut asked: Vec<_> = cdn.answers().into_iter().map(|(file, _)| file).collect();
    assert!(asked.iter().all(|file| !file.starts_with("staged")), "{asked:?}");
    let count = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), count, "a file was asked for twice");

    fs::remove_file(site.path("server.tar")).unwrap();
    cdn.play("metadata/timestamp.json", Trick::Status(403));
    site.run(&export).refuses(3, &["metadata/timestamp.json"]);
    cdn.go_down();
    site.run(&export).refuses(4, &["cannot be fetched"]);
    assert!(!site.path("server.tar").exists() && temporaries(&site).is_empty());
}

#[test]
fn what_is_not_in_order_is_not_exported_and_leaves_the_last_export_alone() {
    let site = Site::signed();
    export(&site, "rules.tar");
    let before = fs::read(site.path("rules.tar")).unwrap();
    let blob = site.files("repository/blobs").into_keys().next().unwrap();
    site.write(&blob, "altered");
    site.run(&["mirror", "export", "repository", "rules.tar", "--root", "root.json"]).refuses(3, &["blobs/sha256/"]);
    assert_eq!(fs::read(site.path("rules.tar")).unwrap(), before);
    assert!(temporaries(&site).is_empty());
}

#[test]
fn nothing_is_imported_that_does_not_follow_from_the_root() {
    let site = Site::signed();
    export(&site, "rules.tar");
    let archive = fs::read(site.path("rules.tar")).unwrap();
    let import = ["mirror", "import", "rules.tar", "srv", "--root", "root.json"];

    site.write("rules.tar", with_entry(&archive, "metadata/9.t-evil.json"));
    site.run(&import).refuses(3, &["no signed file refers to `metadata/9.t-evil.json`"]);
    site.write("rules.tar", with_entry(&archive, "../evil.json"));
    site.run(&import).refuses(3, &[]);
    site.write("rules.tar", &archive[..archive.len() / 2]);
    site.run(&import).refuses(3, &[]);
    let mut altered = archive.clone();
    let at = altered.windows(15).position(|bytes| bytes == b"jurat.release/1").unwrap();
    altered[at] ^= 1;
    site.write("rules.tar", altered);
    site.run(&import).refuses(3, &[]);
    assert!(!site.path("srv").exists() && !site.path("evil.json").exists());

    site.write("rules.tar", archive);
    let other = Site::empty();
    other.publish("demo", TARGET);
    site.write("root.json", fs::read(other.path("root.json")).unwrap());
    site.run(&import).refuses(3, &[]);
    assert!(!site.path("srv").exists() && temporaries(&site).is_empty());
}

#[test]
fn a_mirror_never_goes_back() {
    let site = Site::signed();
    export(&site, "old.tar");
    site.run(&["timestamp", "refresh", "repository", "--key", "keys/timestamp.pem"]).ends_with(0);
    export(&site, "new.tar");
    site.run(&["mirror", "import", "old.tar", "srv", "--root", "root.json"]).ends_with(0);
    site.run(&["mirror", "import", "new.tar", "srv", "--root", "root.json"]).ends_with(0);
    let before = site.files("srv");
    site.run(&["mirror", "import", "old.tar", "srv", "--root", "root.json"]).refuses(3, &["timestamp"]);
    assert_eq!(site.files("srv"), before);
}

#[test]
fn an_import_never_replaces_a_timestamp_by_another_one_of_its_version() {
    let site = Site::signed();
    let copy = |from: &str, to: &str| {
        for (path, bytes) in site.files(from) {
            site.write(PathBuf::from(to).join(path.strip_prefix(from).unwrap()), bytes);
        }
    };
    copy("repository", "other");
    for (repository, lifetime) in [("repository", "20h"), ("other", "21h")] {
        let refresh = ["timestamp", "refresh", repository, "--key", "keys/timestamp.pem", "--freshness", lifetime];
        site.run(&refresh).ends_with(0);
    }
    copy("other", "srv");
    export(&site, "rules.tar");
    let before = site.files("srv");
    let import = ["mirror", "import", "rules.tar", "srv", "--root", "root.json"];
    site.run(&import).refuses(3, &["srv: has another timestamp of the same version 2", "export the repository again"]);
    assert_eq!(site.files("srv"), before);
}

#[test]
fn an_import_that_broke_off_is_run_again_also_when_keys_have_changed() {
    let site = Site::signed();
    export(&site, "old.tar");
    site.run(&["mirror", "import", "old.tar", "srv", "--root", "root.json"]).ends_with(0);
    site.run(&["key", "gen", "--insecure-plain", "--out", "keys/timestamp-2"]).ends_with(0);
    let keys = ["--old", "keys/timestamp.pub.pem", "--new", "keys/timestamp-2.pub.pem"];
    site.run(&[&["root", "rotate", "repository", "--role", "timestamp"][..], &keys].concat()).ends_with(0);
    site.sign(&["root"]);
    let signers = ["--key", "keys/snapshot.pem", "--key", "keys/timestamp-2.pem"];
    site.run(&[&["release", "publish", "repository"][..], &signers].concat()).ends_with(0);
    export(&site, "new.tar");
    // As far as the new root, and no further.
    site.write("srv/metadata/2.root.json", fs::read(site.path("repository/metadata/2.root.json")).unwrap());
    site.run(&["mirror", "import", "new.tar", "srv", "--root", "root.json"]).ends_with(0);
    site.run(&["trust", "verify", "srv", "--root", "root.json"]).ends_with(0);
}

#[test]
fn what_stands_in_the_way_is_found_before_anything_is_written() {
    let site = Site::signed();
    export(&site, "rules.tar");
    let manifest = served(&site, "repository").into_keys().find(|path| path.starts_with("targets")).unwrap();
    site.write(PathBuf::from("srv").join(&manifest), "something else");
    let before = site.files("srv");
    site.run(&["mirror", "import", "rules.tar", "srv", "--root", "root.json"]).refuses(3, &["never replaced"]);
    assert_eq!(site.files("srv"), before);
}
