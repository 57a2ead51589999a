//! Processes that are killed, also while they hold locks, and full disks.
//!
//! A child is this program, which runs one test as a child.

use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStderr, Command, Stdio};

use jurat_trust::Digest;
use serde_json::json;

use super::*;
use crate::kept::{KeptRelease, KeptVersions};
use crate::pin::{Pin, PinnedBy};

/// The variable with the directory of a child. Without it the child returns at once.
const CHILD_DIR: &str = "JURAT_TEST_STATE_CHILD";
const KILLS: u32 = 200;
const KEEP: NonZeroUsize = NonZeroUsize::new(3).unwrap();

/// A running child. It reports over standard error, which the test harness does not use.
struct Running {
    child: Child,
    says: BufReader<ChildStderr>,
}

impl Running {
    fn start(command: &mut Command, test: &str, dir: &Path) -> Self {
        let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
        let mut child = command
            .args(["--exact", &name, "--test-threads=1", "--nocapture"])
            .env(CHILD_DIR, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stderr.take().unwrap());
        Self { child, says }
    }

    fn of_this(test: &str, dir: &Path) -> Self {
        Self::start(&mut Command::new(std::env::current_exe().unwrap()), test, dir)
    }

    /// The number that it says next.
    fn number(&mut self) -> u64 {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        line.trim().parse().unwrap_or_else(|_| panic!("the child said {line:?}"))
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        assert!(!self.child.wait().unwrap().success());
    }
}

fn child_dir() -> Option<std::path::PathBuf> {
    std::env::var_os(CHILD_DIR).map(Into::into)
}

fn say(number: u64) {
    std::io::stderr().write_all(format!("{number}\n").as_bytes()).unwrap();
}

/// The text of a round: a missing part can be detected.
fn text(round: u64) -> String {
    format!("{round} ").repeat(usize::try_from(1 + round * 7_919 % 4_001).unwrap())
}

/// The round in which a text was written.
fn round(text: &[u8]) -> u64 {
    let found = str::from_utf8(text).unwrap();
    let round = found.split(' ').next().unwrap().parse().unwrap();
    assert!(found == self::text(round), "a file of round {round} is not whole");
    round
}

fn release(round: u64) -> KeptRelease {
    let manifest = text(round).into_bytes();
    KeptRelease {
        target: "t/acme/prod/loan-rules.json".parse().unwrap(),
        manifest_sha256: Digest::of(&manifest),
        name: "loan-rules".parse().unwrap(),
        version: format!("1.{round}").parse().unwrap(),
        role: "t-acme".to_owned(),
        versions: KeptVersions { root: 1, timestamp: round, snapshot: round, targets: 1, role: round },
        expires: "2026-12-31T00:00:00Z".parse().unwrap(),
        activated: "2026-11-01T00:00:00Z".parse().unwrap(),
        envelope: text(round + 1).into_bytes(),
        manifest,
    }
}

fn pin(round: u64) -> Pin {
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    Pin { manifest: Digest::of(b"x"), at, by: PinnedBy::Cli, reason: Some(round.to_string()) }
}

#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(dir) = child_dir() else { return };
    let state = state(&dir);
    let kept = state.kept().unwrap();
    let _held = state.lock(AT_ONCE).unwrap();
    let last = state.read_file(&StateFile::Timestamp).unwrap().map_or(0, |text| round(&text));
    say(last);
    for round in last + 1.. {
        for file in [StateFile::Root(MetadataVersion::FIRST), StateFile::Snapshot, StateFile::Clock] {
            state.write_file(&file, text(round).as_bytes()).unwrap();
        }
        kept.add(&release(round)).unwrap();
        kept.prune(KEEP, None).unwrap();
        state.pin().write(&pin(round)).unwrap();
        state.status().write(&json!(text(round)), "2026-11-01T00:00:00Z".parse().unwrap()).unwrap();
        state.remove_file(&StateFile::Targets).unwrap();
        state.write_file(&StateFile::Targets, text(round).as_bytes()).unwrap();
        state.write_file(&StateFile::Timestamp, text(round).as_bytes()).unwrap();
        say(round);
    }
}

/// Reads everything while a child may be writing: it is whole, and no older than the last completed round.
fn check_whole(state: &StateDir, ended: u64) {
    let files = [StateFile::Root(MetadataVersion::FIRST), StateFile::Snapshot, StateFile::Clock, StateFile::Timestamp];
    for file in files {
        match state.read_file(&file).unwrap() {
            Some(text) => assert!(round(&text) >= ended, "{file:?}"),
            None => assert_eq!(ended, 0, "{file:?}"),
        }
    }
    if let Some(text) = state.read_file(&StateFile::Targets).unwrap() {
        assert!(round(&text) >= ended);
    }
    let pinned = state.pin().read().unwrap();
    assert!(pinned.map_or(0, |pin| pin.reason.unwrap().parse().unwrap()) >= ended);
    let status = state.status().read().unwrap();
    assert!(status.map_or(0, |report| round(report.status.as_str().unwrap().as_bytes())) >= ended);
    let kept = state.kept().unwrap().list().unwrap();
    assert!(kept.broken.is_empty(), "{:?}", kept.broken);
    for release in &kept.releases {
        assert_eq!(round(&release.manifest), release.versions.role);
        assert_eq!(round(&release.envelope), release.versions.role + 1);
    }
    assert!(kept.releases.is_sorted_by_key(|release| std::cmp::Reverse(release.versions.role)));
    assert!(kept.releases.first().map_or(0, |release| release.versions.role) >= ended);
}

#[test]
fn whatever_process_is_killed_and_whenever_every_file_is_whole_and_the_lock_is_free() {
    let dir = temp_dir();
    let state = state(dir.path());
    let mut ended = 0;
    for kill in 0..KILLS {
        // How far it gets is left to a few numbers that have nothing to do with each other, and to the machine.
        let (rounds, reads) = (kill * 7 % 4, kill * 13 % 5);
        let mut child = Running::of_this("child_that_writes_until_it_is_killed", dir.path());
        if kill % 10 > 0 {
            for _ in 0..=rounds {
                ended = child.number();
            }
        }
        for _ in 0..reads {
            // A reader needs no lock, and sees no partial write.
            check_whole(&state, 0);
        }
        child.kill();
        check_whole(&state, ended);
        drop(state.lock(AT_ONCE).unwrap());
        let again = self::state(dir.path());
        check_whole(&again, ended);
        let directory = dir.path().join("state/acme");
        for directory in [directory.join("releases"), directory] {
            for entry in fs::read_dir(directory).unwrap() {
                let name = entry.unwrap().file_name();
                assert!(!name.to_str().unwrap().starts_with('.'), "{name:?} is left");
            }
        }
        assert!(again.kept().unwrap().list().unwrap().releases.len() <= KEEP.get() + 1);
    }
    assert!(ended > u64::from(KILLS), "{ended} rounds are few");
}

#[test]
fn child_that_holds_the_lock_until_its_input_ends() {
    let Some(dir) = child_dir() else { return };
    let held = state(&dir).lock(A_MINUTE).unwrap();
    say(1);
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(held);
}

#[test]
fn a_lock_is_free_as_soon_as_its_holder_ends_in_whatever_way() {
    let dir = temp_dir();
    let state = state(dir.path());
    let start = || {
        let mut child = Running::of_this("child_that_holds_the_lock_until_its_input_ends", dir.path());
        assert_eq!(child.number(), 1);
        for patience in [AT_ONCE, Duration::from_millis(2)] {
            refused(state.lock(patience), |error| matches!(error, StateError::Busy { .. }));
        }
        assert!(state.read_file(&StateFile::Clock).unwrap().is_none(), "whoever reads is not kept out");
        child
    };
    start().kill();
    drop(state.lock(AT_ONCE).unwrap());

    let mut child = start();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| state.lock(A_MINUTE).map(drop));
        drop(child.child.stdin.take());
        waiting.join().unwrap().unwrap();
    });
    assert!(child.child.wait().unwrap().success());

    // And the other way round: a process waits for this one.
    let held = state.lock(AT_ONCE).unwrap();
    let mut child = Running::of_this("child_that_holds_the_lock_until_its_input_ends", dir.path());
    drop(held);
    assert_eq!(child.number(), 1);
    child.kill();
}

#[test]
fn child_that_cannot_write_long_files() {
    let Some(dir) = child_dir() else { return };
    let state = state(&dir);
    let kept = state.kept().unwrap();
    let _held = state.lock(AT_ONCE).unwrap();
    let is_failed = |error: &CacheDirError| match error {
        CacheDirError::Write { cause, .. } => cause.kind() == std::io::ErrorKind::FileTooLarge,
        _ => false,
    };
    let long = "x".repeat(1 << 20);
    match state.write_file(&StateFile::Timestamp, long.as_bytes()) {
        Err(StateError::Directory(error)) => assert!(is_failed(&error), "{error:?}"),
        other => panic!("{other:?}"),
    }
    match kept.add(&KeptRelease { envelope: long.clone().into_bytes(), ..release(1) }) {
        Err(KeptError::Directory(error)) => assert!(is_failed(&error), "{error:?}"),
        other => panic!("{other:?}"),
    }
    match state.status().write(&json!("x".repeat(1 << 19)), "2026-11-01T00:00:00Z".parse().unwrap()) {
        Err(status_file::StatusError::Directory(error)) => assert!(is_failed(&error), "{error:?}"),
        other => panic!("{other:?}"),
    }
    state.write_file(&StateFile::Clock, b"short").unwrap();
}

#[test]
fn a_write_to_a_full_disk_leaves_the_old_file_and_nothing_else() {
    let dir = temp_dir();
    let state = state(dir.path());
    let held = state.lock(AT_ONCE).unwrap();
    state.write_file(&StateFile::Timestamp, b"old").unwrap();
    state.kept().unwrap().add(&release(1)).unwrap();
    state.status().write(&json!("old"), "2026-11-01T00:00:00Z".parse().unwrap()).unwrap();
    drop(held);
    let names = |below: &str| -> std::collections::BTreeSet<_> {
        fs::read_dir(dir.path().join("state/acme").join(below))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect()
    };
    let before = [names(""), names("releases")];

    // The shell sets a limit and has the signal ignored that would end the process; what remains is an error, as of a full disk.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" XFSZ; ulimit -f 64; exec "$@""#, "sh"]).arg(std::env::current_exe().unwrap());
    let mut child = Running::start(&mut shell, "child_that_cannot_write_long_files", dir.path());
    let mut said = String::new();
    child.says.read_to_string(&mut said).unwrap();
    assert!(child.child.wait().unwrap().success(), "{said}");

    assert_eq!(state.read_file(&StateFile::Timestamp).unwrap().unwrap(), b"old");
    assert_eq!(state.read_file(&StateFile::Clock).unwrap().unwrap(), b"short");
    assert_eq!(state.kept().unwrap().list().unwrap().releases, [release(1)]);
    assert_eq!(state.status().read().unwrap().unwrap().status, "old");
    let [mut tenant, releases] = before;
    tenant.insert("clock.json".into());
    assert_eq!([names(""), names("releases")], [tenant, releases]);
}
