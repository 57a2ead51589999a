use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use jurat_model::Bytes;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::geteuid;
use tempfile::TempDir;

use super::*;

/// A directory with these files. What ends in a slash is a directory.
fn tree(paths: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in paths {
        let at = root.path().join(path);
        fs::create_dir_all(if path.ends_with('/') { &at } else { at.parent().unwrap() }).unwrap();
        if !path.ends_with('/') {
            fs::write(at, path).unwrap();
        }
    }
    root
}

/// The inputs of arguments below a directory, as paths below it.
fn find(root: &TempDir, arguments: &[&str]) -> Result<Vec<String>, InputError> {
    let prefix = format!("{}/", root.path().display());
    let arguments: Vec<_> = arguments.iter().map(|argument| format!("{prefix}{argument}")).collect();
    Ok(names(&Inputs::find(&arguments)?).iter().map(|name| name.strip_prefix(&prefix).unwrap().to_owned()).collect())
}

fn why(root: &TempDir, argument: &str) -> InputReason {
    let error = find(root, &[argument]).unwrap_err();
    assert!(error.blame() == jurat_model::Blame::Caller && !error.is_interrupt(), "{error}");
    error.reason().clone()
}

#[test]
fn a_directory_has_the_records_in_and_below_it_sorted_by_path() {
    let root = tree(&[
        "d/b.json",
        "d/a/z.ndjson.gz",
        "d/a/y.jsonl",
        "d/a-b/x.json.zst",
        "d/c.JSON.GZ",
        "d/.hidden.json",
        "d/.git/x.json",
        "d/.json",
        "d/notes.txt",
        "d/json",
        "d/a.json.gz.bak",
        "d/a.gz",
        "d/dir.json/e.ndjson",
        "d/empty/",
        "d/a b [1].json",
    ]);
    let all = [
        "d/a/y.jsonl",
        "d/a/z.ndjson.gz",
        "d/a b [1].json",
        "d/a-b/x.json.zst",
        "d/b.json",
        "d/c.JSON.GZ",
        "d/dir.json/e.ndjson",
    ];
    assert_eq!(find(&root, &["d"]).unwrap(), all);
    assert_eq!(find(&root, &["d/"]).unwrap(), all);
    assert_eq!(find(&root, &["d/.git"]).unwrap(), ["d/.git/x.json"]);
    assert_eq!(find(&root, &["d/empty"]).unwrap(), Vec::<String>::new());
}

#[test]
fn a_directory_says_what_is_not_read_of_it() {
    let root = tree(&["d/a.csv", "d/b.json", "d/deep/c.txt", "d/.git/x", "d/.hidden", "d/.c.json.gz", "e/"]);
    symlink("deep", root.path().join("d/link")).unwrap();
    let path = |name: &str| root.path().join(name).display().to_string();
    let inputs = Inputs::find(&[path("d"), path("e"), path("d/b.json")]).unwrap();
    let unread_names = ["d/.c.json.gz", "d/.git", "d/a.csv", "d/deep/c.txt", "d/link"].map(path).to_vec();
    let expected = [
        Directory { name: path("d"), read: 1, unread: 5, unread_names },
        Directory { name: path("e"), read: 0, unread: 0, unread_names: Vec::new() },
    ];
    assert_eq!((inputs.count(), inputs.directories()), (2, &expected[..]));

    let many: Vec<_> = (0..30).rev().map(|number| format!("m/{number:02}.csv")).collect();
    let root = tree(&many.iter().map(String::as_str).collect::<Vec<_>>());
    let inputs = Inputs::find(&[root.path().join("m")]).unwrap();
    let [directory] = inputs.directories() else { panic!("{inputs:?}") };
    let first: Vec<_> = (0..10).map(|number| format!("{}/m/{number:02}.csv", root.path().display())).collect();
    assert_eq!((directory.unread, &directory.unread_names), (30, &first));
}

#[test]
fn arguments_keep_their_order_and_a_file_named_twice_is_read_twice() {
    let root = tree(&["b.json", "a.json", "d/c.json", "d/a.json"]);
    assert_eq!(find(&root, &["b.json", "a.json", "b.json"]).unwrap(), ["b.json", "a.json", "b.json"]);
    assert_eq!(find(&root, &["d", "d/a.json"]).unwrap(), ["d/a.json", "d/c.json", "d/a.json"]);
    assert_eq!(find(&root, &["**/a.*"]).unwrap(), ["a.json", "d/a.json"]);
}

#[test]
fn patterns_match_names_part_by_part() {
    let root = tree(&[
        "2025/loans.json",
        "2026/loans.json",
        "2026/loans.csv",
        "2026/old/loans.json",
        "2026/old/older/x.json",
        "2026/.tmp/loans.json",
        "2026/.loans.json",
        "loans/a*b.json",
        "loans/aab.json",
    ]);
    for (pattern, expected) in [
        ("*/loans.json", &["2025/loans.json", "2026/loans.json"][..]),
        ("202[!5]/loans.*", &["2026/loans.csv", "2026/loans.json"]),
        ("202?/*.json", &["2025/loans.json", "2026/loans.json"]),
        ("2026/**/*.json", &["2026/loans.json", "2026/old/loans.json", "2026/old/older/x.json"]),
        ("2026/**/**/x.json", &["2026/old/older/x.json"]),
        ("**/old/**/x.json", &["2026/old/older/x.json"]),
        ("2026/old/**", &["2026/old/loans.json", "2026/old/older/x.json"]),
        ("2026/.*/*.json", &["2026/.tmp/loans.json"]),
        ("2026/*/../.lo*", &["2026/old/../.loans.json"]),
        ("loans/a[*]b.json", &["loans/a*b.json"]),
        ("loans/a*b.json", &["loans/a*b.json"]),
        ("loans/?[*a]b.json", &["loans/a*b.json", "loans/aab.json"]),
        ("./202[5]//loans.json", &["./2025/loans.json"]),
    ] {
        assert_eq!(find(&root, &[pattern]).unwrap(), expected, "{pattern}");
    }
    for nothing in ["*.json", "2026/ol[!d]/*", "nowhere/*.json", "2026/loans.json/*", "202?", "2026/*/nothing"] {
        assert!(matches!(why(&root, nothing), InputReason::NoMatch), "{nothing}");
    }
    assert!(matches!(why(&root, "2026/[a.json"), InputReason::Malformed(_)));
}

#[test]
fn what_is_written_out_is_read_whatever_its_name() {
    let strange = ["-", "--limit", "a b", "*", "[", "{}", "a\nb", ".hidden", "notes.txt", "ä.json"];
    let root = tree(&strange);
    for name in strange {
        assert_eq!(find(&root, &[name]).unwrap(), [name]);
        assert_eq!(read(&Inputs::find(&[root.path().join(name)]).unwrap()).unwrap(), name.as_bytes());
    }
}

#[test]
fn names_that_are_no_text_are_found_in_every_way() {
    let root = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"loans-\xff.json");
    let path = root.path().join(name);
    if fs::write(&path, "[]").is_err() {
        skip("this file system takes only names that are text");
        return;
    }
    let pattern = root.path().join("loans-?.json");
    for argument in [path.as_path(), root.path(), &pattern] {
        let inputs = Inputs::find(&[argument]).unwrap();
        assert_eq!(inputs.path(0), Some(&*path));
        assert!(inputs.name(0).ends_with("loans-\u{fffd}.json"));
        assert_eq!(read(&inputs).unwrap(), b"[]");
    }
    let missing = OsString::from(OsStr::from_bytes(b"\xff*"));
    assert!(matches!(Inputs::find(&[missing]).unwrap_err().reason(), InputReason::NotFound));
}

#[test]
fn links_to_files_are_followed_and_links_to_directories_only_where_they_are_named() {
    let root = tree(&["real/a.json", "d/b.json"]);
    symlink("../real/a.json", root.path().join("d/link.json")).unwrap();
    symlink("../real", root.path().join("d/linked")).unwrap();
    symlink("..", root.path().join("d/up.json")).unwrap();
    assert_eq!(find(&root, &["d"]).unwrap(), ["d/b.json", "d/link.json"]);
    assert_eq!(find(&root, &["d/linked"]).unwrap(), ["d/linked/a.json"]);
    assert_eq!(find(&root, &["d/*/a.json"]).unwrap(), ["d/linked/a.json"]);
    assert_eq!(find(&root, &["d/**/*.json"]).unwrap(), ["d/b.json", "d/link.json"]);
}

#[test]
fn links_that_lead_nowhere_are_told_rather_than_left_out() {
    let root = tree(&["a/x.json", "b/x.json", "c/x.txt"]);
    symlink("gone", root.path().join("a/y.json")).unwrap();
    symlink("z.json", root.path().join("b/z.json")).unwrap();
    symlink("gone", root.path().join("c/other")).unwrap();
    for argument in ["a", "a/*", "a/y.json", "**/y.json", "[a]/y.json"] {
        assert!(matches!(why(&root, argument), InputReason::NotFound), "{argument}");
    }
    for argument in ["b", "b/*", "b/z.json"] {
        assert!(matches!(why(&root, argument), InputReason::Circle), "{argument}");
    }
    // Nothing says that this is one with records.
    assert_eq!(find(&root, &["c"]).unwrap(), Vec::<String>::new());
    assert!(matches!(why(&root, "c/*/a.json"), InputReason::NoMatch));
}

#[test]
fn what_is_missing_is_named() {
    let root = tree(&["a.json"]);
    let error = find(&root, &["a.json", "b.json"]).unwrap_err();
    let name = root.path().join("b.json").display().to_string();
    assert_eq!(error.to_string(), format!("`{name}` is not read: it does not exist"));
    for missing in ["b/c.json", "a.json/b", &"x".repeat(200)] {
        assert!(matches!(why(&root, missing), InputReason::NotFound), "{missing}");
    }
    assert!(matches!(Inputs::find(&[""]).unwrap_err().reason(), InputReason::NotFound));
    assert!(matches!(Inputs::find(&["a\0b"]).unwrap_err().reason(), InputReason::NotFound));
    assert!(matches!(why(&root, &"x".repeat(5000)), InputReason::PathTooLong));
}

#[test]
fn what_this_user_may_not_read_is_told() {
    let root = tree(&["d/closed/a.json", "d/b.json"]);
    if geteuid().is_root() {
        skip("root may read everything");
        return;
    }
    let set = |path: &str, mode| {
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("d/b.json", 0);
    let inputs = Inputs::find(&[root.path().join("d/b.json")]).unwrap();
    assert!(matches!(reason(&read(&inputs).unwrap_err()), InputReason::Forbidden));
    set("d/closed", 0);
    for argument in ["d", "d/closed/a.json", "**/a.json", "d/closed/*"] {
        assert!(matches!(why(&root, argument), InputReason::Forbidden), "{argument}");
    }
    set("d/closed", 0o700);
}

#[test]
fn pipes_are_read_where_a_pattern_or_a_name_means_them_and_not_in_directories() {
    let root = tree(&["a.json"]);
    mknodat(CWD, root.path().join("p.json"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(find(&root, &["p.json"]).unwrap(), ["p.json"]);
    assert_eq!(find(&root, &["*.json"]).unwrap(), ["a.json", "p.json"]);
    assert_eq!(names(&Inputs::find(&[root.path()]).unwrap()).len(), 1);
    assert_eq!(Inputs::find(&[root.path().join("p.json")]).unwrap().total_bytes(), None);
}

#[test]
fn standard_input_is_read_where_nothing_is_named_and_at_most_once() {
    let none: [&str; 0] = [];
    assert_eq!(names(&Inputs::find(&none).unwrap()), ["standard input"]);
    assert_eq!(names(&Inputs::find(&["-"]).unwrap()), ["standard input"]);
    assert_eq!(Inputs::find(&["-"]).unwrap().path(0), None);
    let error = Inputs::find(&["-", "-"]).unwrap_err();
    assert_eq!(error.to_string(), "`standard input` is not read: it is named twice, and can be read only once");
}

#[test]
fn no_more_is_found_than_the_budget_allows() {
    let root = tree(&["d/a.json", "d/b.json", "d/e/c.json"]);
    let paths = |names: &[&str]| names.iter().map(|name| root.path().join(name)).collect::<Vec<PathBuf>>();
    // Each file, and each directory that has to be scanned.
    for (arguments, needed) in [
        (paths(&["d"]), 4),
        (paths(&["d/**/*.json"]), 4),
        (paths(&["d/*/c.json"]), 2),
        (paths(&["d/a.json", "d/e", "d/b.json"]), 3),
    ] {
        assert!(find::all(&arguments, &mut ListingBudget::new(needed, Bytes::mebi(1))).is_ok());
        let error = find::all(&arguments, &mut ListingBudget::new(needed - 1, Bytes::mebi(1))).unwrap_err();
        assert!(matches!(error.reason(), InputReason::TooManyFiles { most } if *most == needed - 1));
    }
    let one = paths(&["d/a.json"]);
    let length = one[0].as_os_str().len() as u64;
    assert!(find::all(&one, &mut ListingBudget::new(1, Bytes::new(length))).is_ok());
    let error = find::all(&one, &mut ListingBudget::new(1, Bytes::new(length - 1))).unwrap_err();
    assert!(matches!(error.reason(), InputReason::TooManyPaths { .. }));
}
