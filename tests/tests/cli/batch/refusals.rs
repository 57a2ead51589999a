//! What is not even begun.

use std::fs::OpenOptions;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use super::{batch, loans, read, written};
use crate::program::command;
use crate::site::Site;

#[track_caller]
fn check(site: &Site, more: &[&str], reasons: &[&str]) {
    let before = site.files("");
    batch(site, "quick", more, loans(1).as_bytes()).refuses(2, reasons);
    assert!(site.files("") == before, "{more:?}");
}

#[test]
fn two_outputs_cannot_be_the_same() {
    let site = Site::signed();
    site.write("old", "x\n");
    symlink(site.path("old"), site.path("link")).unwrap();
    std::fs::hard_link(site.path("old"), site.path("twin")).unwrap();
    for more in [
        ["--results", "r", "--failures", "r"],
        ["--results", "r", "--failures", "./r"],
        ["--results", "r", "--bad", "repository/../r"],
        ["--results", "-", "--failures", "-"],
        ["--results", "-", "--summary", "/dev/stdout"],
        ["--good", "old", "--bad", "link"],
        ["--good", "twin", "--bad", "old"],
        // One is written under that name until it is whole.
        ["--results", "r", "--summary", "r.partial"],
    ] {
        check(&site, &more, &[more[0], more[2], "name the same file"]);
    }
}

#[test]
fn an_output_cannot_be_an_input() {
    let site = Site::signed();
    site.write("in.ndjson", loans(1));
    site.write("in.ndjson.partial", loans(1));
    symlink(site.path("in.ndjson"), site.path("link")).unwrap();
    let reasons = ["--good", "names an input"];
    for (input, output) in
        [("in.ndjson", "in.ndjson"), ("./in.ndjson", "in.ndjson"), ("in.ndjson", "link"), ("link", "in.ndjson")]
    {
        check(&site, &[input, "--good", output], &reasons);
    }
    check(&site, &["in*", "--good", "in.ndjson"], &reasons);
    check(&site, &["in.ndjson.partial", "--good", "in.ndjson"], &reasons);
    // By whatever way it gets there.
    let arguments = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--good"];
    let open = |write: bool| OpenOptions::new().read(true).append(write).open(site.path("in.ndjson")).unwrap();
    let mut fed = command(&site.path(""), &[&arguments[..], &["in.ndjson"]].concat());
    let mut fills = command(&site.path(""), &[&arguments[..], &["-", "in.ndjson"]].concat());
    fed.stdin(open(false));
    fills.stdin(Stdio::null()).stdout(open(true));
    for command in [&mut fed, &mut fills] {
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains(reasons[1]), "{complaint}");
        assert_eq!((output.status.code(), read(&site, "in.ndjson")), (Some(2), loans(1)));
    }
}

#[test]
fn outputs_that_cannot_be_are_named_before_anything_is_judged() {
    let site = Site::signed();
    check(&site, &["--results", "nowhere/r"], &["nowhere/r", "does not exist"]);
    check(&site, &["--results", "keys"], &["keys", "is a directory"]);
    check(&site, &["--results", "r/"], &["r/"]);
    check(&site, &["--results", "keys/root.pem/r"], &["keys/root.pem/r"]);
    symlink(site.path("root.json"), site.path("r.partial")).unwrap();
    batch(&site, "quick", &["--results", "r"], b"").refuses(4, &["r: "]);
    symlink("nowhere/at/all", site.path("broken")).unwrap();
    batch(&site, "quick", &["--results", "broken"], b"").refuses(2, &["broken: is a dangling symbolic link"]);
    assert_eq!(written(&site), ["broken", "r.partial"]);
}

#[test]
fn arguments_that_say_nothing_are_refused() {
    let site = Site::signed();
    for more in [
        ["--sample", "0"],
        ["--sample", "101%"],
        ["--sample", "many"],
        ["--limit", "0"],
        ["--per", "field"],
        ["--threads", "0"],
        ["--format", "ndjson"],
    ] {
        check(&site, &more, &[more[0], more[1]]);
    }
}

#[test]
fn an_unknown_ruleset_is_usage_and_leaves_no_file() {
    let site = Site::signed();
    batch(&site, "qick", &["--results", "r"], &[]).refuses(2, &["`qick`", "`quick`"]);
    batch(&site, "nonsense", &["--results", "r"], &[]).refuses(2, &["the release has `quick`, `related`, `thorough`"]);
    batch(&site, "quick", &["--results", "r", "--id-fields", "a..b"], &[]).refuses(2, &["a..b"]);
    assert_eq!(written(&site), Vec::<String>::new());
}

#[test]
fn a_file_that_another_run_writes_is_left_to_it() {
    let site = Site::signed();
    let file = OpenOptions::new().create(true).append(true).open(site.path("r.partial")).unwrap();
    file.lock().unwrap();
    batch(&site, "quick", &["--results", "r"], &[]).refuses(4, &["r", "another process is writing it"]);
    drop(file);
    batch(&site, "quick", &["--results", "r", "--allow-empty"], &[]).ends_with(0);
    assert_eq!(written(&site), ["r"]);
}
