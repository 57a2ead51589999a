//! A signed repository on disk, changed by an attacker without a key: it is refused whole, and the file is named.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::forge::METADATA;
use crate::site::{Site, TARGET, loan_rules, sample};

/// Nothing is judged, and the reason names the file (by its path in the repository) and says something of the kind.
#[track_caller]
fn check(site: &Site, file: &Path, reason: &str) {
    let file = file.strip_prefix("repository").unwrap().display().to_string();
    let refusal = site.validate("thorough", &["--format", "json"], &sample("loans.json")).refuses(3, &[&file, reason]);
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    let verify = ["trust", "verify", "repository", "--root", "root.json", "--repository", "demo", "--target", TARGET];
    site.run(&verify).refuses(3, &[&file]);
}

/// The files that hosts read. They have the first root from elsewhere.
fn read_by_hosts(site: &Site) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = site.files("repository");
    assert!(files.remove(Path::new("repository/metadata/1.root.json")).is_some());
    assert_eq!(files.len(), 4 + 1 + 11, "{:?}", files.keys());
    files
}

/// `count` positions in a text, the first and the last among them.
fn positions(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |index| index * (length - 1) / (count - 1))
}

#[test]
fn a_byte_identical_copy_is_accepted() {
    let original = Site::signed();
    let copy = Site::empty();
    for (path, bytes) in original.files("") {
        copy.write(path, bytes);
    }
    copy.judges();
}

#[test]
fn every_flipped_byte_is_found() {
    let site = Site::signed();
    for (path, bytes) in &read_by_hosts(&site) {
        let count = if path == Path::new(METADATA) { 40 } else { 6 };
        for (index, at) in positions(bytes.len(), count).enumerate() {
            let mut flipped = bytes.clone();
            flipped[at] ^= [0x01, 0x20, 0x80][index % 3];
            site.write(path, &flipped);
            check(&site, path, "");
        }
        site.write(path, bytes);
    }
    site.judges();
}

#[test]
fn every_truncated_lengthened_emptied_or_deleted_file_is_found() {
    let site = Site::signed();
    for (path, bytes) in read_by_hosts(&site) {
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            site.write(&path, &bytes[..length]);
            check(&site, &path, "");
        }
        for more in [&b"\0"[..], b" ", b"\n", &bytes] {
            site.write(&path, [&bytes, more].concat());
            // White space around the timestamp is not signed.
            if !(path == Path::new(METADATA) && more.trim_ascii().is_empty()) {
                check(&site, &path, "");
            }
        }
        fs::remove_file(site.path(&path)).unwrap();
        check(&site, &path, "does not exist");
        site.write(&path, bytes);
    }
    site.judges();
}

#[test]
fn a_repository_without_metadata_is_refused() {
    let site = Site::signed();
    fs::remove_file(site.path(METADATA)).unwrap();
    let outcome = site.validate("thorough", &[], &sample("loans.json"));
    outcome.refuses(3, &["metadata/timestamp.json", "does not exist"]);
}

#[test]
fn two_swapped_blobs_are_found() {
    let site = Site::signed();
    let blobs: Vec<_> = site.files("repository/blobs").into_iter().collect();
    for pair in blobs.windows(2) {
        let [(one, one_bytes), (other, other_bytes)] = pair else { panic!("windows have two") };
        site.write(one, other_bytes);
        site.write(other, one_bytes);
        let outcome = site.validate("thorough", &[], &sample("loans.json"));
        // Which of the two comes first is the manifest's affair.
        let refusal = outcome.refuses(3, &["blobs/sha256/"]);
        let names = [one, other].map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        assert!(names.iter().any(|name| refusal.contains(name)), "{refusal}");
        site.write(one, one_bytes);
        site.write(other, other_bytes);
    }
    site.judges();
}

#[test]
fn links_and_directories_in_place_of_files_are_refused() {
    let site = Site::signed();
    for (path, bytes) in read_by_hosts(&site) {
        // The link leads to the very same bytes.
        site.write("elsewhere", &bytes);
        fs::remove_file(site.path(&path)).unwrap();
        symlink(site.path("elsewhere"), site.path(&path)).unwrap();
        let file = path.strip_prefix("repository").unwrap().display().to_string();
        let outcome = site.validate("thorough", &[], &sample("loans.json"));
        outcome.refuses(3, &[&file, "symbolic link"]);
        fs::remove_file(site.path(&path)).unwrap();
        fs::create_dir(site.path(&path)).unwrap();
        let outcome = site.validate("thorough", &[], &sample("loans.json"));
        outcome.refuses(3, &[&file, "not a regular file"]);
        fs::remove_dir(site.path(&path)).unwrap();
        site.write(&path, bytes);
    }
    site.judges();
}

#[test]
fn a_directory_of_blobs_behind_a_link_is_refused() {
    let site = Site::signed();
    fs::rename(site.path("repository/blobs"), site.path("blobs")).unwrap();
    symlink(site.path("blobs"), site.path("repository/blobs")).unwrap();
    let outcome = site.validate("thorough", &[], &sample("loans.json"));
    outcome.refuses(3, &["blobs/sha256/"]);
}

#[test]
fn metadata_of_another_repository_by_the_same_signers_is_refused() {
    let site = Site::signed();
    let other = Site::empty();
    for (path, bytes) in site.files("keys") {
        other.write(path, bytes);
    }
    other.publish("other", TARGET);
    for (path, bytes) in other.files("repository") {
        site.write(path, bytes);
    }
    // They were signed by the very keys that this host trusts.
    check(&site, Path::new(METADATA), "signed for the repository `other`, but `demo` is expected");
}

#[test]
fn signatures_by_other_keys_are_worth_nothing() {
    let site = Site::signed();
    for stranger in ["stranger", "another"] {
        site.run(&["key", "gen", "--insecure-plain", "--out", &format!("keys/{stranger}")]).ends_with(0);
    }
    let payload = site.payload();
    for keys in
        [&["stranger", "another"][..], &["author", "stranger"], &["reviewer", "stranger", "another"], &["author"]]
    {
        site.proclaim(&payload, keys);
        check(&site, Path::new(&site.metadata()), "signatures by 2 trusted keys are needed");
    }
    site.proclaim(&payload, &[]);
    check(&site, Path::new(&site.metadata()), "signatures by 2 trusted keys are needed: 0 are valid");
    // A signature by an unknown key beside those of the two does no harm.
    site.proclaim(&payload, &["stranger", "author", "reviewer"]);
    site.judges();
}

#[test]
fn one_signature_does_not_count_twice() {
    let site = Site::signed();
    let envelope: Value = serde_json::from_slice(&fs::read(site.path(site.metadata())).unwrap()).unwrap();
    let [first, second] = [0, 1].map(|index| envelope["signatures"][index].clone());
    let write = |signatures: Value| {
        let mut envelope = envelope.clone();
        envelope["signatures"] = signatures;
        site.proclaim_envelope(None, envelope.to_string().as_bytes());
    };
    write(json!([first, first]));
    check(&site, Path::new(&site.metadata()), "two of its signatures");
    write(json!([first, {"keyid": second["keyid"], "sig": first["sig"]}]));
    check(&site, Path::new(&site.metadata()), "1 are valid, 1 are not");
    write(json!([first, {"keyid": "somebody", "sig": first["sig"]}]));
    check(&site, Path::new(&site.metadata()), "1 are valid");
    write(json!([first, second, second]));
    check(&site, Path::new(&site.metadata()), "two of its signatures");
    // In another order they are the same two.
    write(json!([second, first]));
    site.judges();
}

#[test]
fn an_unsigned_payload_is_refused_under_valid_signatures_of_another() {
    let site = Site::signed();
    let old = fs::read(site.path(site.metadata())).unwrap();
    let mut payload = site.payload();
    payload["version"] = json!(7);
    site.proclaim(&payload, &[]);
    let new: Value = serde_json::from_slice(&fs::read(site.path(site.metadata())).unwrap()).unwrap();
    let mut grafted: Value = serde_json::from_slice(&old).unwrap();
    grafted["payload"] = new["payload"].clone();
    site.proclaim_envelope(None, grafted.to_string().as_bytes());
    check(&site, Path::new(&site.metadata()), "0 are valid, 2 are not");
}

#[test]
fn a_manifest_by_another_name_is_refused() {
    let site = Site::signed();
    let mut payload = site.payload();
    let target = payload["targets"][TARGET].clone();
    payload["targets"] = json!({"t/demo/main/order.json": target});
    site.proclaim(&payload, &["author", "reviewer"]);
    // The host asks for what the metadata does not list: that is not an attack.
    let outcome = site.validate("thorough", &[], &sample("loans.json"));
    outcome.refuses(2, &["lists no release `t/demo/main/loan.json`"]);
}

#[test]
fn an_older_version_than_the_host_has_been_told_is_refused() {
    let site = Site::signed();
    let config = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    for (floor, file) in
        [("timestamp", "metadata/timestamp.json"), ("snapshot", "snapshot.json"), ("root", "root.json")]
    {
        let floor = format!("loan.json, min_{floor}_version: 2}}");
        site.write("local-config.yaml", config.replace("loan.json}", &floor));
        let outcome = site.validate("thorough", &[], &sample("loans.json"));
        outcome.refuses(3, &[file, "the settings demand at least version 2"]);
    }
}

#[test]
fn a_release_that_was_tampered_with_is_not_signed() {
    let site = Site::founded();
    site.build_from(&loan_rules(), TARGET).ends_with(0);
    let (blob, bytes) = site.files("repository/blobs").pop_first().unwrap();
    site.write(&blob, [&bytes[..], b" "].concat());
    let before = site.files("repository");
    let name = blob.file_name().unwrap().to_str().unwrap();
    let outcome = site.run(&["release", "sign", "repository", "--key", "keys/author.pem"]);
    assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
    outcome.ends_with(3);
    assert_eq!(site.files("repository"), before);
}
