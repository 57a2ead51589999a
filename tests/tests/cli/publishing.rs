//! The publisher's side: signing, what hosts see then, and what is left after an interruption.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use jurat_tests::random::Random;
use serde_json::Value;

use crate::program::{Outcome, command};
use crate::site::{CONFIG, Site, TARGET, loan_rules};

const ONLINE: [&str; 4] = ["--key", "keys/snapshot.pem", "--key", "keys/timestamp.pem"];

/// Checks the repository as a host does. Gives the versions of the releases.
#[track_caller]
fn verified(site: &Site) -> Vec<String> {
    let lines = site.run(&["trust", "verify", "repository", "--root", "root.json"]).ends_with(0);
    lines.lines().map(|line| line.split_whitespace().nth(2).unwrap().to_owned()).collect()
}

/// It says what it was about to do, and why it has not done it.
#[track_caller]
fn fails(outcome: Outcome, code: i32, reasons: &[&str]) {
    for reason in reasons {
        assert!(outcome.stderr.contains(reason), "`{reason}` is not in: {}", outcome.stderr);
    }
    assert_eq!(outcome.ends_with(code), "");
}

/// The next release, staged.
fn next(site: &Site, version: &str) {
    let source = site.sources("rules");
    let release = fs::read_to_string(source.join("release.yaml")).unwrap();
    site.write("rules/release.yaml", release.replace("version: 1.0.0", &format!("version: {version}")));
    site.build_from(&source, TARGET).ends_with(0);
}

fn manifest(site: &Site) -> String {
    site.payload()["targets"][TARGET]["hashes"]["sha256"].as_str().unwrap().to_owned()
}

fn key(site: &Site, name: &str) {
    site.run(&["key", "gen", "--insecure-plain", "--out", &format!("keys/{name}")]).ends_with(0);
}

#[test]
fn a_repository_is_made_with_keys_that_sign_at_once() {
    let site = Site::empty();
    site.write("passphrase", "correct horse battery staple\n");
    let init = ["trust", "init", "repository", "--repository", "prod", "--generate", "keys"];
    site.run(&[&init[..], &["--passphrase-file", "passphrase", "--freshness", "7d"]].concat()).ends_with(0);
    for key in ["root-1", "root-2", "targets-1", "targets-2", "snapshot", "timestamp"] {
        let pem = fs::read_to_string(site.path(format!("keys/{key}.pem"))).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{pem}");
    }
    let publish = [&["release", "publish", "repository"][..], &ONLINE].concat();
    site.run(&publish).refuses(2, &["passphrase is needed", "--passphrase-file"]);
    site.write("wrong", "correct horse battery stable\n");
    let with = |files: &[&str]| {
        let files = files.iter().flat_map(|file| ["--passphrase-file", *file]);
        site.run(&publish.iter().copied().chain(files).collect::<Vec<_>>())
    };
    with(&["wrong"]).refuses(2, &["keys/snapshot.pem: the passphrase is wrong"]);
    with(&["wrong", "passphrase"]).ends_with(0);
    let shown = site.run(&["trust", "show", "repository", "--format", "json"]).ends_with(0);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["repository"], &shown["roles"][0]["threshold"]), (&"prod".into(), &2.into()));
    assert!(shown["roles"].as_array().unwrap().iter().all(|role| role["published"]["version"] == 1), "{shown}");
    site.run(&init).refuses(2, &["contains the repository `prod` already"]);
}

#[test]
fn one_person_is_not_enough_for_a_repository_with_users() {
    let site = Site::founded();
    let keys = |role: &str| [format!("--{role}-key"), format!("keys/{role}.pub.pem")];
    let keys: Vec<_> = ["root", "targets", "snapshot", "timestamp"].iter().flat_map(|role| keys(role)).collect();
    let init = ["trust", "init", "other", "--repository", "other", "--root-threshold", "1"].map(str::to_owned);
    let run = |more: &[&str]| {
        let more = more.iter().map(|more| (*more).to_owned());
        let arguments: Vec<_> = init.iter().cloned().chain(keys.iter().cloned()).chain(more).collect();
        site.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run(&["--targets-threshold", "1"]).refuses(2, &["root would need 1 signature", "at least 2"]);
    run(&[]).refuses(2, &["--targets-key"]);
    run(&["--targets-threshold", "1", "--snapshot-key", "keys/root.pub.pem"]).refuses(2, &["two roles"]);
    assert!(!site.path("other").exists());
}

#[test]
fn encrypted_keys_are_read_by_openssl_and_sign() {
    let site = Site::empty();
    site.write("passphrase", "correct horse battery staple");
    site.write("short", "");
    let generate = |file: &str| site.run(&["key", "gen", "--out", "team", "--passphrase-file", file]);
    generate("short").refuses(2, &["short: contains no passphrase"]);
    fs::set_permissions(site.path("passphrase"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    generate("passphrase").refuses(2, &["passphrase: other users can read"]);
    fs::set_permissions(site.path("passphrase"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    generate("passphrase").ends_with(0);
    let public = fs::read_to_string(site.path("team.pub.pem")).unwrap();
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["pkey", "-in", "team.pem", "-passin", "file:passphrase", "-pubout"]).current_dir(site.path(""));
    assert_eq!(String::from_utf8(openssl.output().unwrap().stdout).unwrap(), public);
    let printed = site.run(&["key", "pub", "team.pem", "--passphrase-file", "passphrase"]).ends_with(0);
    assert_eq!(printed, public);
    site.run(&["key", "pub", "team.pem"]).refuses(2, &["no terminal is available"]);
}

#[test]
fn a_plain_key_is_put_under_a_passphrase() {
    let site = Site::founded();
    site.write("passphrase", "correct horse battery staple");
    let encrypt = |file: &str| site.run(&["key", "encrypt", file, "--passphrase-file", "passphrase"]);
    let pem = encrypt("keys/author.pem").ends_with(0);
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{pem}");
    site.write("keys/reviewer.pem", &pem);
    let public = ["key", "pub", "keys/reviewer.pem", "--passphrase-file", "passphrase"];
    site.run(&public).refuses(2, &["does not match the public key `keys/reviewer.pub.pem`"]);
    site.write("keys/author.pem", &pem);
    encrypt("keys/author.pem").refuses(2, &["encrypted"]);
    site.build_from(&loan_rules(), TARGET).ends_with(0);
    let sign = ["release", "sign", "repository", "--key", "keys/author.pem", "--passphrase-file", "passphrase"];
    site.run(&sign).ends_with(0);
    site.run(&sign).refuses(2, &["cannot sign any staged role, or has signed already", "1 more signature"]);
}

#[test]
fn a_program_signs_with_a_key_that_it_keeps() {
    let site = Site::founded();
    site.build_from(&loan_rules(), TARGET).ends_with(0);
    let sign = |command: &str, public: &str| {
        let key = format!("exec:{command}");
        site.run(&["release", "sign", "repository", "--key", &key, "--public", public])
    };
    let openssl = |key: &str| {
        format!("[ $ROLE = t-demo ] && openssl pkeyutl -sign -rawin -inkey keys/{key}.pem -in /dev/stdin | base64")
    };
    // Another key than it says, and things that are not signatures.
    let before = site.files("repository");
    fails(sign(&openssl("reviewer"), "keys/author.pub.pem"), 2, &["is not valid"]);
    fails(sign("echo nonsense", "keys/author.pub.pem"), 2, &["did not write a signature"]);
    fails(sign("echo no >&2; exit 7", "keys/author.pub.pem"), 2, &["\nno\n", "exit status: 7"]);
    site.run(&["release", "sign", "repository", "--key", "exec:true"]).refuses(2, &["--public"]);
    assert_eq!(site.files("repository"), before);
    let outcome = sign(&openssl("author"), "keys/author.pub.pem");
    assert!(outcome.stderr.contains("signed      t-demo 1 with "), "{}", outcome.stderr);
    outcome.ends_with(0);
    site.sign(&["reviewer"]);
    site.publish_staged(&[]).ends_with(0);
}

#[test]
fn two_people_sign_on_two_machines() {
    let site = Site::founded();
    site.build_from(&loan_rules(), TARGET).ends_with(0);
    let other = Site::empty();
    for (path, bytes) in site.files("") {
        other.write(path, bytes);
    }
    site.sign(&["author"]);
    other.sign(&["reviewer"]);
    site.write("sent.json", fs::read(other.path("repository/staged/1.t-demo.json")).unwrap());
    let add = |more: &[&str]| site.run(&[&["release", "add-signature", "repository"][..], more].concat());
    add(&["root.json"]).refuses(2, &["root.json: it does not exist"]);
    add(&["repository/staged/1.root.json"]).ends_with(0);
    add(&["sent.json"]).ends_with(0);
    site.publish_staged(&[]).ends_with(0);

    // The same with a bare signature.
    next(&other, "1.1.0");
    let bytes = ["release", "bytes", "repository", "--role", "t-demo"];
    let pae = command(&other.path(""), &bytes).output().unwrap().stdout;
    assert!(pae.starts_with(b"DSSEv1 24 application/vnd.tuf+json "), "{pae:?}");
    other.write("pae", &pae);
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["pkeyutl", "-sign", "-rawin", "-inkey", "keys/author.pem", "-in", "pae", "-out", "sig"]);
    assert!(openssl.current_dir(other.path("")).status().unwrap().success());
    let add = ["release", "add-signature", "repository", "--role", "t-demo", "--signature", "sig", "--key"];
    other.run(&[&add[..], &["keys/reviewer.pub.pem"]].concat()).refuses(2, &["is not valid"]);
    other.run(&[&add[..], &["keys/root.pub.pem"]].concat()).refuses(2, &["may not sign t-demo"]);
    other.run(&[&add[..], &["keys/author.pub.pem"]].concat()).ends_with(0);
    let staged: Value =
        serde_json::from_slice(&fs::read(other.path("repository/staged/1.t-demo.json")).unwrap()).unwrap();
    assert_eq!(staged["signatures"].as_array().unwrap().len(), 1);
    // A change of what was signed makes the signatures void, and a copy of the old is a copy of nothing.
    other.write("old.json", staged.to_string());
    next(&other, "1.2.0");
    let outcome = other.run(&["release", "add-signature", "repository", "old.json"]);
    outcome.refuses(2, &["old.json: not a copy of a staged file"]);
}

#[test]
fn a_release_is_revoked_and_an_earlier_one_is_listed_again() {
    let site = Site::signed();
    let first = manifest(&site);
    next(&site, "1.1.0");
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    let second = manifest(&site);
    assert_eq!(verified(&site), ["1.1.0"]);
    let list = |command: &str, more: &[&str]| {
        let list = ["release", command, "repository", "--tenant", "demo"];
        site.run(&[&list[..], more].concat())
    };
    list("rollback", &["--target", TARGET, "--manifest", &"0".repeat(64)]).refuses(3, &["does not exist"]);
    list("rollback", &["--target", "t/other/main/loan.json", "--manifest", &first])
        .refuses(2, &["is not a path of the tenant"]);
    list("rollback", &["--target", TARGET, "--manifest", &first]).ends_with(0);
    let outcome = list("revoke", &["--manifest", &second]);
    assert!(outcome.stderr.contains("REVOKED"), "{}", outcome.stderr);
    outcome.ends_with(0);
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    assert_eq!((verified(&site), manifest(&site)), (vec!["1.0.0".to_owned()], first.clone()));
    site.judges();
    list("rollback", &["--target", TARGET, "--manifest", &second]).refuses(2, &["has been revoked, and stays so"]);
    let outcome = list("revoke", &["--target", TARGET]);
    assert!(outcome.stderr.contains("its hosts will have none"), "{}", outcome.stderr);
    outcome.ends_with(0);
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    site.validate("quick", &[], b"[]").refuses(2, &[TARGET]);
}

#[test]
fn a_rule_that_judges_otherwise_under_its_old_id_has_to_be_meant() {
    let site = Site::signed();
    let source = site.sources("rules");
    let edit = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(source.join(file)).unwrap();
        assert!(text.contains(from), "{text}");
        site.write(format!("rules/{file}"), text.replace(from, to));
    };
    // The principal is taken for the balance, so that rules see other amounts; vectors that would tell are gone.
    edit("release.yaml", "version: 1.0.0", "version: 1.1.0");
    edit("release.yaml", "  - vectors/v1.json\n", "");
    edit("field-maps/loan_v1.json", "financial.outstanding_balance", "financial.principal_amount");
    site.build_from(&source, TARGET).ends_with(0);
    site.sign(&["author", "reviewer"]);
    let before = site.files("repository");
    let outcome = site.publish_staged(&[]);
    for shown in ["version: `1.0.0` -> `1.1.0`", "`field-maps/loan_v1.json` (field_map) changed", "changed: rule `"] {
        assert!(outcome.stderr.contains(shown), "{shown}: {}", outcome.stderr);
    }
    assert!(outcome.stderr.contains("--accept-changes"), "{}", outcome.stderr);
    outcome.ends_with(1);
    assert_eq!(site.files("repository"), before);
    assert_eq!(verified(&site), ["1.0.0"]);
    site.publish_staged(&["--accept-changes"]).ends_with(0);
    assert_eq!(verified(&site), ["1.1.0"]);
}

#[test]
fn keys_are_replaced_while_hosts_go_on() {
    let site = Site::signed();
    for name in ["timestamp-2", "author-2", "root-2"] {
        key(&site, name);
    }
    let run = |arguments: &[&str]| site.run(arguments).ends_with(0);
    let rotate = ["root", "rotate", "repository", "--role", "timestamp", "--old", "keys/timestamp.pub.pem"];
    run(&[&rotate[..], &["--new", "keys/timestamp-2.pub.pem"]].concat());
    run(&["root", "add-key", "repository", "--role", "root", "--key", "keys/root-2.pub.pem"]);
    run(&["root", "threshold", "repository", "--role", "root", "2"]);
    site.sign(&["root"]);
    site.publish_staged(&[]).refuses(2, &["root", "1 more signature"]);
    site.sign(&["root-2"]);
    // The old key and the new one sign together, so that no host notices.
    let outcome = site.publish_staged(&["--key", "keys/timestamp-2.pem"]);
    assert!(outcome.stderr.contains("keys replaced"), "{}", outcome.stderr);
    outcome.ends_with(0);
    assert_eq!(verified(&site), ["1.0.0"]);
    let refresh = ["timestamp", "refresh", "repository", "--key"];
    site.run(&[&refresh[..], &["keys/timestamp.pem"]].concat()).refuses(2, &["has no role"]);
    run(&[&refresh[..], &["keys/timestamp-2.pem"]].concat());

    let rekey = ["tenant", "rekey", "repository", "demo", "--key", "keys/author-2.pub.pem"];
    run(&[&rekey[..], &["--key", "keys/reviewer.pub.pem"]].concat());
    site.sign(&["targets", "author-2", "reviewer"]);
    let publish = ["release", "publish", "repository", "--key", "keys/snapshot.pem", "--key", "keys/timestamp-2.pem"];
    run(&publish);
    assert_eq!(verified(&site), ["1.0.0"]);
    site.judges();
    run(&["tenant", "remove", "repository", "demo"]);
    site.sign(&["targets"]);
    run(&publish);
    assert!(verified(&site).is_empty());
    run(&["trust", "renew", "repository", "--role", "root", "--expires-in", "30d"]);
    site.sign(&["root", "root-2"]);
    run(&publish);
    assert!(verified(&site).is_empty());
}

#[test]
fn what_is_published_goes_elsewhere_in_the_right_order() {
    let site = Site::signed();
    let publish = |more: &[&str]| site.run(&[&["release", "publish", "repository"][..], &ONLINE, more].concat());
    publish(&["--to", "origin"]).ends_with(0);
    let served = |site: &Site, below: &str| {
        let files = site.files(below).into_iter();
        files.map(|(path, bytes)| (path.strip_prefix(below).unwrap().to_owned(), bytes)).collect::<Vec<_>>()
    };
    assert_eq!(served(&site, "origin"), served(&site, "repository"));
    next(&site, "1.1.0");
    site.sign(&["author", "reviewer"]);
    let plan = publish(&["--plan", "--format", "json"]).ends_with(0);
    let plan: Vec<Value> = serde_json::from_str(&plan).unwrap();
    let new: Vec<_> = plan.iter().filter(|entry| entry["new"] == true).collect();
    let paths: Vec<_> = new.iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(
        &paths[paths.len() - 3..],
        ["metadata/2.t-demo.json", "metadata/2.snapshot.json", "metadata/timestamp.json"]
    );
    for entry in &plan {
        let bytes = fs::read(site.path("repository").join(entry["file"].as_str().unwrap())).unwrap();
        assert_eq!(entry["sha256"], jurat_trust::Digest::of(&bytes).to_string());
        let is_timestamp = entry["path"] == "metadata/timestamp.json";
        let caching = entry["cache_control"].as_str().unwrap();
        assert_eq!((caching.contains("immutable"), caching.contains("max-age=10")), (!is_timestamp, is_timestamp));
    }
    // A host that has missed something catches up.
    let refresh = ["timestamp", "refresh", "repository", "--key", "keys/timestamp.pem", "--to", "origin"];
    site.run(&refresh).ends_with(0);
    let verify = ["trust", "verify", "origin", "--root", "root.json"];
    assert!(site.run(&verify).ends_with(0).contains("loan 1.1.0"));
    // What is there is never overwritten.
    site.write("other/metadata/1.root.json", "something else");
    fails(publish(&["--to", "other"]), 3, &["other/metadata/1.root.json", "never replaced"]);
}

#[test]
fn what_is_newer_elsewhere_is_never_overwritten() {
    let site = Site::signed();
    let copy = |from: &str, to: &str| {
        let _ = fs::remove_dir_all(site.path(to));
        for (path, bytes) in site.files(from) {
            site.write(std::path::Path::new(to).join(path.strip_prefix(from).unwrap()), bytes);
        }
    };
    let refresh = |repository: &str, more: &[&str]| {
        site.run(&[&["timestamp", "refresh", repository, "--key", "keys/timestamp.pem"][..], more].concat())
    };
    // Two copies of the publisher's directory: a restored backup, or a second machine.
    copy("repository", "backup");
    let publish =
        |repository: &str| site.run(&[&["release", "publish", repository][..], &ONLINE, &["--to", "origin"]].concat());
    publish("repository").ends_with(0);
    for _ in 0..2 {
        refresh("repository", &["--to", "origin"]).ends_with(0);
    }
    let refuses = |outcome: Outcome, reasons: &[&str]| {
        let before = (site.files("origin"), site.files("backup"));
        fails(outcome, 3, reasons);
        assert_eq!((site.files("origin"), site.files("backup")), before);
    };
    let advice = "copy `metadata`, `targets` and `blobs` from origin to backup";
    refuses(
        refresh("backup", &["--to", "origin"]),
        &["origin: has version 3 of timestamp, and this would be version 2", advice],
    );
    assert_eq!(site.files("backup").len(), site.files("repository").len(), "nothing was signed there, either");
    refuses(publish("backup"), &["origin: has version 3 of timestamp, and this would be version 1", advice]);
    // The same version with other bytes.
    refresh("backup", &["--freshness", "20h"]).ends_with(0);
    refuses(
        refresh("backup", &["--to", "origin", "--freshness", "20h"]),
        &["origin: has another timestamp of the same version 3", advice],
    );
    // A newer root alone.
    copy("origin", "backup");
    copy("origin", "before");
    site.run(&["trust", "renew", "repository", "--role", "root", "--expires-in", "30d"]).ends_with(0);
    site.sign(&["root"]);
    publish("repository").ends_with(0);
    copy("before", "backup");
    for _ in 0..3 {
        refresh("backup", &[]).ends_with(0);
    }
    refuses(
        refresh("backup", &["--to", "origin"]),
        &["origin: has version 2 of root, and this would be version 1", advice],
    );

    // The advice helps.
    copy("origin", "backup");
    refresh("backup", &["--to", "origin"]).ends_with(0);
    site.run(&["trust", "verify", "origin", "--root", "root.json"]).ends_with(0);
    // Another repository is not overwritten, either.
    let other = Site::signed();
    let stranger = Site::empty();
    stranger.publish("demo", TARGET);
    for (path, bytes) in stranger.files("repository/metadata") {
        other.write(std::path::Path::new("origin").join(path.strip_prefix("repository").unwrap()), bytes);
    }
    let before = other.files("");
    for command in [&["release", "publish"][..], &["timestamp", "refresh"]] {
        let outcome = other.run(&[command, &["repository"], &ONLINE, &["--to", "origin"]].concat());
        fails(outcome, 3, &["origin/metadata/1.root.json: exists with other content, and is never replaced"]);
    }
    assert_eq!(other.files(""), before);
}

#[test]
fn a_repository_is_carried_in_a_file() {
    let site = Site::signed();
    let export = ["mirror", "export", "repository", "rules.tar", "--root", "root.json"];
    let import = |to: &str| site.run(&["mirror", "import", "rules.tar", to, "--root", "root.json"]);
    site.run(&export).ends_with(0);
    let first = fs::read(site.path("rules.tar")).unwrap();
    site.run(&export).ends_with(0);
    assert_eq!(fs::read(site.path("rules.tar")).unwrap(), first);
    import("there").ends_with(0);
    let names = |below: &str| site.files(below).into_values().collect::<Vec<_>>();
    assert_eq!(names("there"), names("repository"));
    // Something newer, and then the old one again.
    next(&site, "1.1.0");
    site.sign(&["author", "reviewer"]);
    site.publish_staged(&[]).ends_with(0);
    site.run(&export).ends_with(0);
    import("there").ends_with(0);
    let before = site.files("there");
    site.write("rules.tar", &first);
    import("there").refuses(3, &["goes back to version 1 of timestamp"]);
    // Every byte of it is checked before anything is written.
    let mut random = Random::new(7);
    for _ in 0..20 {
        let mut bytes = first.clone();
        let at = random.below(bytes.len() as u64 - 2_048);
        bytes[usize::try_from(at).unwrap()] ^= 0x10;
        site.write("rules.tar", &bytes);
        let outcome = import("fresh");
        // The padding and some of the headers say nothing.
        assert!(matches!(outcome.code, 0 | 2 | 3), "{}", outcome.stderr);
        if outcome.code == 0 {
            assert_eq!(site.files("fresh").len(), 17);
            fs::remove_dir_all(site.path("fresh")).unwrap();
        } else {
            assert!(!site.path("fresh").exists(), "{}", outcome.stderr);
        }
    }
    site.write("rules.tar", &first[..first.len() / 2]);
    import("fresh").refuses(3, &["rules.tar"]);
    assert_eq!(site.files("there"), before);
}

/// Starts the program, and kills it after a while, if it is still there.
fn kill_after(site: &Site, arguments: &[&str], time: Duration) {
    let mut command = command(&site.path(""), arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(time);
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn whatever_is_broken_off_leaves_a_whole_repository_and_can_be_done_again() {
    let site = Site::signed();
    next(&site, "1.1.0");
    site.sign(&["author", "reviewer"]);
    let staged = site.files("repository");
    let publish = [&["release", "publish", "repository"][..], &ONLINE, &["--to", "origin"]].concat();
    let refresh = ["timestamp", "refresh", "repository", "--key", "keys/timestamp.pem", "--to", "origin"];
    let mut random = Random::new(11);
    for _ in 0..20 {
        for directory in ["repository", "origin"] {
            let _ = fs::remove_dir_all(site.path(directory));
        }
        for (path, bytes) in &staged {
            site.write(path, bytes);
        }
        let micros = |random: &mut Random, most: u64| Duration::from_micros(random.below(most));
        let verify = ["trust", "verify", "origin", "--root", "root.json"];
        for _ in 0..2 {
            kill_after(&site, &publish, micros(&mut random, 300_000));
            assert!(["1.0.0", "1.1.0"].contains(&verified(&site)[0].as_str()));
            if site.path("origin/metadata/timestamp.json").exists() {
                site.run(&verify).ends_with(0);
            }
        }
        done(&site, &publish);
        assert_eq!(verified(&site), ["1.1.0"]);
        for _ in 0..3 {
            kill_after(&site, &refresh, micros(&mut random, 30_000));
            assert_eq!(verified(&site), ["1.1.0"]);
        }
        site.run(&refresh).ends_with(0);
        assert!(site.run(&verify).ends_with(0).contains("loan 1.1.0"));
    }
}

/// It goes through, whatever has gone before.
#[track_caller]
fn done(site: &Site, arguments: &[&str]) {
    let Outcome { code, stderr, .. } = site.run(arguments);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn two_commands_do_not_change_a_repository_at_once() {
    let site = Site::signed();
    let file = fs::File::open(site.path("repository")).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    site.publish_staged(&[]).refuses(4, &["another command is changing it"]);
    site.run(&["tenant", "remove", "repository", "demo"]).refuses(4, &["another command"]);
    // Reading changes nothing.
    assert_eq!(verified(&site), ["1.0.0"]);
    site.write("local-config.yaml", CONFIG);
    site.judges();
}
