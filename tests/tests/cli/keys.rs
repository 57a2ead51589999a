//! Key files: made once, readable by their owner alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::site::Site;

fn mode(site: &Site, file: &str) -> u32 {
    fs::metadata(site.path(file)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_private_key_is_readable_by_its_owner_alone() {
    let site = Site::empty();
    let outcome = site.run(&["key", "gen", "--insecure-plain", "--out", "team"]);
    assert!(outcome.stderr.contains("not encrypted"), "{}", outcome.stderr);
    outcome.ends_with(0);
    assert_eq!(mode(&site, "team.pem"), 0o600);
    assert_eq!(mode(&site, "team.pub.pem") & 0o600, 0o600);
    assert!(!fs::read_to_string(site.path("team.pub.pem")).unwrap().contains("PRIVATE"));
}

#[test]
fn two_keys_are_never_the_same() {
    let site = Site::empty();
    for name in ["one", "other"] {
        site.run(&["key", "gen", "--insecure-plain", "--out", name]).ends_with(0);
    }
    let read = |name: &str| fs::read(site.path(name)).unwrap();
    assert_ne!(read("one.pem"), read("other.pem"));
    assert_ne!(read("one.pub.pem"), read("other.pub.pem"));
}

#[test]
fn keys_are_never_overwritten() {
    let site = Site::empty();
    site.run(&["key", "gen", "--insecure-plain", "--out", "team"]).ends_with(0);
    let before = site.files("");
    site.run(&["key", "gen", "--insecure-plain", "--out", "team"])
        .refuses(2, &["team.pem: exists", "never overwritten"]);
    assert_eq!(site.files(""), before);
    // Half a pair is as good as a pair.
    fs::remove_file(site.path("team.pem")).unwrap();
    let before = site.files("");
    site.run(&["key", "gen", "--insecure-plain", "--out", "team"]).refuses(2, &["team.pub.pem: exists"]);
    assert_eq!(site.files(""), before);
    // Nor is what a link leads to, even if there is nothing.
    fs::remove_file(site.path("team.pub.pem")).unwrap();
    std::os::unix::fs::symlink("nowhere", site.path("team.pem")).unwrap();
    site.run(&["key", "gen", "--insecure-plain", "--out", "team"]).refuses(2, &["team.pem: exists"]);
    let names: Vec<_> = fs::read_dir(site.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["team.pem"]);
}

#[test]
fn the_public_half_of_a_key_is_printed_as_it_was_written() {
    let site = Site::empty();
    site.run(&["key", "gen", "--insecure-plain", "--out", "team"]).ends_with(0);
    let printed = site.run(&["key", "pub", "team.pem"]).ends_with(0);
    assert_eq!(printed, fs::read_to_string(site.path("team.pub.pem")).unwrap());
}

#[test]
fn a_private_key_that_others_can_read_signs_nothing() {
    let site = Site::signed();
    let before = site.files("repository");
    for mode in [0o640, 0o604, 0o622, 0o777] {
        fs::set_permissions(site.path("keys/author.pem"), Permissions::from_mode(mode)).unwrap();
        let reasons = ["keys/author.pem: other users can", "chmod 600"];
        site.run(&["key", "pub", "keys/author.pem"]).refuses(2, &reasons);
        site.run(&["release", "sign", "repository", "--key", "keys/author.pem"]).refuses(2, &reasons);
    }
    assert_eq!(site.files("repository"), before);
}

#[test]
fn a_file_that_is_not_a_private_key_is_refused_by_name() {
    let site = Site::signed();
    let sign = |key: &str| site.run(&["release", "sign", "repository", "--key", key]);
    site.write("garbage.pem", "not a key");
    site.write("empty.pem", "");
    site.write("long.pem", vec![b'x'; 1 << 20]);
    let public = fs::read(site.path("keys/author.pub.pem")).unwrap();
    site.write("public.pem", public);
    sign("garbage.pem").refuses(2, &["garbage.pem", "not an Ed25519 private key"]);
    sign("empty.pem").refuses(2, &["empty.pem"]);
    sign("long.pem").refuses(2, &["long.pem", "16 KiB"]);
    sign("public.pem").refuses(2, &["public.pem", "it is a public key, but a private key belongs here"]);
    sign("nobody.pem").refuses(2, &["nobody.pem: no such file"]);
}

#[test]
fn a_key_goes_only_where_there_is_a_directory() {
    let site = Site::empty();
    for nameless in ["keys/", "/", "."] {
        site.run(&["key", "gen", "--insecure-plain", "--out", nameless]).refuses(2, &["--out", "is not a file name"]);
    }
    site.run(&["key", "gen", "--insecure-plain", "--out", "nowhere/team"])
        .refuses(2, &["nowhere", "no such directory"]);
}
