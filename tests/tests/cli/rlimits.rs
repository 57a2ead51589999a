//! Limits of `ulimit`: a command works, or says in a sentence what it lacks.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Output};

use jurat_tests::program;
use jurat_tests::results::{without_evidence, without_times};
use jurat_tests::site::{CONFIG, Site, sample};
use jurat_tests::skip::not_tried;

use crate::volumes::{USER, site};

const VALIDATE: &[&str] = &["validate", "--config", "local-config.yaml", "--ruleset", "quick", "loans.json"];

/// Runs the program under a limit.
fn run(site: &Site, limit: &str, arguments: &[&str]) -> Output {
    let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program::path()).args(arguments);
    command.current_dir(site.path("")).env_remove("JURAT_LOG").output().unwrap()
}

/// A site with a cache.
fn caching() -> Site {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}state_dir: state\nlogic_cache_dir: cache\n"));
    site.write("loans.json", sample("loans.json"));
    site
}

/// The verdicts that were printed, and the exit code.
fn judged(output: &Output) -> (Option<i32>, Vec<String>) {
    let lines = str::from_utf8(&output.stdout).unwrap().lines();
    (output.status.code(), lines.map(|line| without_evidence(&without_times(line))).collect())
}

fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn verdicts_are_the_same_under_low_limits() {
    let free = judged(&run(&caching(), "-c 0", VALIDATE));
    assert!(free.0 == Some(1) && !free.1.is_empty(), "{free:?}");
    // The address space is too small to reserve memories in it, and for the compiler's own limit.
    let limits = [
        ("-v 4000000", "address space"),
        ("-d 400000", "`ulimit -d`"),
        ("-t 20", "`ulimit -t`"),
        // The limit of the compiler, which needs a second more to tell that it was reached.
        ("-t 30", "`ulimit -t`"),
        ("-s 64", ""),
    ];
    for (limit, warning) in limits {
        let site = caching();
        // The second time with compiled code from the cache.
        for is_first in [true, false] {
            let output = run(&site, limit, VALIDATE);
            assert_eq!(judged(&output), free, "{limit}: {}", log(&output));
            assert!(!is_first || log(&output).contains(warning), "{limit}: {}", log(&output));
        }
        let mut cached = site.files("cache").into_keys();
        assert!(cached.any(|file| file.components().any(|part| part.as_os_str() == "code")), "{limit}");
    }
}

#[test]
fn a_file_that_may_not_grow_further_is_an_error_in_one_sentence() {
    let site = caching();
    // Without directories of the host, which would be written first.
    site.write("local-config.yaml", CONFIG);
    site.write("many.ndjson", sample("loans.ndjson").repeat(600));
    let arguments = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--results", "results.ndjson"];
    // Enough for what the sandbox keeps in files without a name, and not for the results.
    let output = run(&site, "-f 1000", &[&arguments[..], &["many.ndjson"]].concat());
    assert_eq!(output.status.code(), Some(4), "{}", log(&output));
    assert!(log(&output).contains("results.ndjson") && !log(&output).contains("panicked"), "{}", log(&output));
}

#[test]
fn a_user_without_processes_gets_verdicts_or_one_sentence() {
    if !rustix::process::geteuid().is_root() {
        not_tried("`ulimit -u`: only root can become a user without other processes");
        return;
    }
    let site = site();
    site.write("local-config.yaml", format!("{CONFIG}state_dir: state\nlogic_cache_dir: cache\n"));
    fs::set_permissions(site.path("local-config.yaml"), Permissions::from_mode(0o644)).unwrap();
    for directory in ["state", "cache"] {
        fs::create_dir(site.path(directory)).unwrap();
        chown(site.path(directory), Some(USER), Some(USER)).unwrap();
        fs::set_permissions(site.path(directory), Permissions::from_mode(0o700)).unwrap();
    }
    let (mut judged, mut refused) = (0, 0);
    for processes in (1..=12).chain([16, 20, 24, 32, 48, 64]) {
        let script = format!(
            "prlimit --nproc={processes} setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs \
             --bounding-set=-all ./jurat"
        );
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {script} \"$@\""), "sh"]).args(VALIDATE).current_dir(site.path(""));
        let output = command.env_remove("JURAT_LOG").output().unwrap();
        let log = log(&output);
        assert!(!log.contains("panicked"), "{processes}: {log}");
        match output.status.code() {
            Some(1) if !output.stdout.is_empty() => judged += 1,
            Some(4) => {
                assert!(log.contains("`ulimit -u`"), "{processes}: {log}");
                refused += 1;
            }
            code => panic!("{processes}: {code:?}: {log}"),
        }
    }
    assert!(judged > 0 && refused > 0, "{judged} judged, {refused} refused");
}
