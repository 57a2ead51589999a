use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

fn open(dir: &Path) -> Kept {
    Kept::open(&CacheDir::open(&dir.join("acme")).unwrap()).unwrap()
}

fn release(manifest: &str) -> KeptRelease {
    KeptRelease {
        target: "t/acme/prod/loan-rules.json".parse().unwrap(),
        manifest_sha256: Digest::of(manifest.as_bytes()),
        name: "loan-rules".parse().unwrap(),
        version: "1.4.0+build".parse().unwrap(),
        role: "t-acme".to_owned(),
        versions: KeptVersions { root: 3, timestamp: 9_007_199_254_740_991, snapshot: 7, targets: 1, role: 4 },
        expires: "2026-12-31T00:00:00Z".parse().unwrap(),
        activated: "2026-11-01T10:11:12.123456789Z".parse().unwrap(),
        envelope: vec![0, 255, b'"', b'\n'],
        manifest: manifest.as_bytes().to_vec(),
    }
}

fn manifests(kept: &Kept) -> Vec<String> {
    let list = kept.list().unwrap();
    assert!(list.broken.is_empty(), "{:?}", list.broken);
    list.releases.into_iter().map(|release| String::from_utf8(release.manifest).unwrap()).collect()
}

fn few(keep: usize) -> NonZeroUsize {
    NonZeroUsize::new(keep).unwrap()
}

#[test]
fn what_is_kept_is_read_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    assert!(kept.list().unwrap().releases.is_empty());
    let one = release("one");
    assert!(kept.get(&one.manifest_sha256).unwrap().is_none());
    kept.add(&one).unwrap();
    assert_eq!(open(dir.path()).get(&one.manifest_sha256).unwrap().unwrap(), one);
    assert_eq!(kept.list().unwrap().releases, [one]);
}

#[test]
fn the_one_added_last_is_the_first_whatever_the_clock_says() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    kept.add(&release("one")).unwrap();
    kept.add(&release("two")).unwrap();
    kept.add(&KeptRelease { activated: "2001-01-01T00:00:00Z".parse().unwrap(), ..release("three") }).unwrap();
    assert_eq!(manifests(&kept), ["three", "two", "one"]);
    kept.add(&release("one")).unwrap();
    assert_eq!(manifests(&kept), ["one", "three", "two"]);
    assert_eq!(kept.prune(few(1), None).unwrap().len(), 2);
    assert_eq!(manifests(&kept), ["one"]);
}

#[test]
fn the_newest_few_stay_and_the_one_that_is_pinned() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    for name in ["one", "two", "three", "four", "five"] {
        kept.add(&release(name)).unwrap();
    }
    assert!(kept.prune(few(5), None).unwrap().is_empty());
    let digest = |name: &str| Digest::of(name.as_bytes());
    assert_eq!(kept.prune(few(2), Some(&digest("two"))).unwrap(), [digest("three"), digest("one")]);
    assert_eq!(manifests(&kept), ["five", "four", "two"]);
    assert!(kept.prune(few(2), Some(&digest("two"))).unwrap().is_empty());
    assert!(kept.prune(few(4), Some(&digest("five"))).unwrap().is_empty());
    assert_eq!(kept.prune(few(2), Some(&digest("five"))).unwrap(), [digest("two")]);
    assert_eq!(manifests(&kept), ["five", "four"]);
}

#[test]
fn one_that_cannot_be_read_does_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    for name in ["cut", "directory", "link", "whole"] {
        kept.add(&release(name)).unwrap();
    }
    let path = |name: &str| kept.directory.path().join(file_name(&Digest::of(name.as_bytes())));
    let bytes = fs::read(path("cut")).unwrap();
    fs::write(path("cut"), &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(path("directory")).unwrap();
    fs::create_dir(path("directory")).unwrap();
    fs::remove_file(path("link")).unwrap();
    symlink(path("whole"), path("link")).unwrap();
    fs::write(kept.directory.path().join(".0123456789abcdef.part"), b"{").unwrap();

    let list = kept.list().unwrap();
    assert_eq!(list.releases, [release("whole")]);
    assert_eq!(list.broken.len(), 3, "{:?}", list.broken);
    for broken in ["cut", "directory", "link"] {
        let digest = Digest::of(broken.as_bytes());
        let error = kept.get(&digest).unwrap_err();
        let is_expected = match &error {
            KeptError::Malformed { .. } => broken == "cut",
            KeptError::Directory(CacheDirError::Read { .. }) => broken != "cut",
            _ => false,
        };
        assert!(is_expected, "{broken}: {error:?}");
        assert!(error.to_string().contains(&digest.to_string()), "{error}");
    }
    assert!(kept.prune(few(1), None).unwrap().is_empty());
    assert_eq!(kept.list().unwrap().broken.len(), 3, "somebody should look at them");
    kept.add(&release("cut")).unwrap();
    assert_eq!(kept.list().unwrap().broken.len(), 2);
}

#[test]
fn a_file_is_one_of_these_or_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    let digest = Digest::of(b"one");
    kept.add(&release("one")).unwrap();
    let path = kept.directory.path().join(file_name(&digest));
    let good = fs::read_to_string(&path).unwrap();
    let other = Digest::of(b"two").to_string();
    let replaced = [
        ("jurat.kept/1", "jurat.kept/2", Some("schema")),
        ("t/acme/prod/loan-rules.json", "../loan-rules.json", Some("target")),
        ("t/acme/prod/loan-rules.json", "t/acme/prod/other-rules.json", Some("name")),
        (r#""name":"loan-rules""#, r#""name":"Loan""#, Some("name")),
        (r#""version":"1.4.0+build""#, r#""version":"""#, Some("version")),
        (r#""role":"t-acme""#, r#""role":"""#, Some("role")),
        ("2026-12-31T00:00:00Z", "soon", Some("expires")),
        ("2026-11-01T10:11:12.123456789Z", "", Some("activated")),
        ("AP8iCg==", "AP8iCg", Some("envelope")),
        ("b25l", "b25=", Some("manifest")),
        (&digest.to_string(), &other, Some("name")),
        (&digest.to_string(), "00", Some("manifest_sha256")),
        (r#""root":3"#, r#""root":3,"root":4"#, None),
        (r#""root":3"#, r#""root":-3"#, None),
        (r#""root":3"#, r#""roots":3"#, None),
        (r#""serial":0"#, r#""serial":0,"serial":1"#, None),
        (r#""serial":0"#, r#""serial":0,"trusted":true"#, None),
        (r#""serial":0,"#, "", None),
        ("}}", "}} ", None),
    ];
    for (from, to, what) in replaced {
        let bad = if from == "}}" { format!("{good}{{}}") } else { good.replace(from, to) };
        assert_ne!(bad, good, "{from}");
        fs::write(&path, bad).unwrap();
        match kept.get(&digest) {
            Err(KeptError::Invalid { what: found, .. }) => assert_eq!(Some(found), what, "{to}"),
            Err(KeptError::Malformed { .. }) => assert_eq!(what, None, "{to}"),
            other => panic!("{to}: {other:?}"),
        }
    }
    fs::write(&path, good.replace("b25l", "dHdv")).unwrap();
    assert!(matches!(kept.get(&digest), Err(KeptError::Altered { .. })));
    for (index, name) in ["", "0", "read-me.txt"].into_iter().enumerate() {
        fs::write(&path, if name.is_empty() { "" } else { &good }).unwrap();
        if !name.is_empty() {
            fs::write(kept.directory.path().join(name), &good).unwrap();
        }
        assert_eq!(kept.list().unwrap().broken.len(), index.max(1), "{name}");
    }
}

#[test]
fn what_would_never_be_read_back_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    let one = release("one");
    let refused = [
        KeptRelease { manifest: b"two".to_vec(), ..one.clone() },
        KeptRelease { role: String::new(), ..one.clone() },
        KeptRelease { role: "x".repeat(MOST_ROLE + 1), ..one.clone() },
        KeptRelease { name: "other-rules".parse().unwrap(), ..one.clone() },
        KeptRelease { envelope: vec![0; 12 << 20], ..one.clone() },
    ];
    for release in refused {
        assert!(kept.add(&release).is_err(), "{} {}", release.role, release.name);
    }
    assert!(kept.list().unwrap().releases.is_empty());
    let long = KeptRelease { envelope: vec![0; (12 << 20) - 1_024], role: "x".repeat(MOST_ROLE), ..one };
    kept.add(&long).unwrap();
    assert!(kept.list().unwrap().releases == [long]);
}

#[test]
fn no_more_files_are_read_than_anybody_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let kept = open(dir.path());
    kept.add(&release("one")).unwrap();
    for number in 1..MOST_RELEASES {
        fs::write(kept.directory.path().join(format!("x{number}")), b"").unwrap();
    }
    let list = kept.list().unwrap();
    assert!(list.broken.iter().all(|error| matches!(error, KeptError::Malformed { .. })));
    assert_eq!((list.releases.len(), list.broken.len()), (1, MOST_RELEASES - 1));
    fs::write(kept.directory.path().join("y"), b"").unwrap();
    let list = kept.list().unwrap();
    assert!(list.broken.iter().any(|error| matches!(error, KeptError::TooMany { found: 257, .. })));
}
