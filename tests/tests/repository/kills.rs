//! Processes that are killed at any moment, 200 times each: what is on the disk afterwards is whole.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, serves};
use crate::publisher::{Publisher, write};

const CHILD: &str = env!("CARGO_BIN_EXE_jurat-tests-child");
const KILLS: u64 = 200;

/// Kills a process after some time below this: where it is by then is what is tested.
fn kill(mut child: Child, within: Duration) {
    let random = RandomState::new().hash_one(()) % 1_000;
    thread::sleep(within.mul_f64(f64::from(u32::try_from(random).unwrap()) / 1e3));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The number of the release that a host says it serves: one that has been published, and none older than what it served before.
#[track_caller]
fn served(line: &str, seen: u64, newest: u64) -> u64 {
    let (version, verdict) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
    assert_eq!(verdict, "PASS", "{line}");
    let number = version.strip_suffix(".0.0").unwrap().parse().unwrap();
    assert!((seen..=newest).contains(&number), "{number} after {seen}, of {newest}");
    number
}

#[test]
fn a_host_that_is_killed_goes_on_with_a_whole_release_and_none_older() {
    let publisher = Publisher::new("prod", &[TENANT]);
    publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let (mut newest, mut seen) = (1, 1);
    for round in 0..KILLS {
        let mut command = Command::new(CHILD);
        command.args(["host", host.path("").to_str().unwrap(), &host.now().to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        newest += 1;
        if round % 2 == 0 {
            // In the middle of looking for what is new.
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            seen = served(line.trim_end(), seen, newest - 1);
            publisher.release(TENANT, newest);
            kill(child, Duration::from_millis(40));
        } else {
            // In the middle of a start.
            publisher.release(TENANT, newest);
            kill(child, Duration::from_millis(120));
        }
        for line in lines.lines() {
            seen = served(&line.unwrap(), seen, newest);
        }
    }
    let service = host.open().unwrap();
    serves(&service, newest);
    cdn.go_down();
    drop(service);
    serves(&host.open().unwrap(), newest);
    assert!(seen > KILLS / 2, "{seen}");
}

#[test]
fn a_publisher_that_is_killed_leaves_a_whole_release() {
    let publisher = Publisher::new("prod", &[TENANT]);
    publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (mut serving, mut switches) = (1, 0);
    for round in 0..KILLS {
        // The same one until it is out: what broke off is gone on with.
        let number = serving + 1;
        let (plan, _) = publisher.plan_release(TENANT, number);
        let mut list = String::new();
        for (index, upload) in plan.uploads.iter().enumerate() {
            write(directory.path(), &index.to_string(), &upload.bytes);
            list += &format!("{} {}\n", directory.path().join(index.to_string()).display(), upload.path);
        }
        write(directory.path(), "list", list.as_bytes());
        let (list, served) = (directory.path().join("list"), publisher.served());
        let mut child = Command::new(CHILD).arg("publisher").args([&list, served]).spawn().unwrap();
        if round % 10 == 9 {
            // However slow the machine is, something is published now and then.
            assert!(child.wait().unwrap().success());
        } else {
            kill(child, Duration::from_millis(6));
        }
        service.reload_logic().unwrap();
        let version = service.identity().unwrap().version;
        if version != format!("{serving}.0.0") {
            (serving, switches) = (number, switches + 1);
        }
        serves(&service, serving);
        if round % 20 == 0 {
            // A new host finds the same.
            serves(&Host::new(&publisher, &cdn).open().unwrap(), serving);
        }
    }
    assert!(switches > 0 && switches < KILLS, "{switches}");
}

#[test]
fn hosts_find_a_whole_release_after_each_step_of_publishing() {
    let publisher = Publisher::new("prod", &[TENANT]);
    publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    let (plan, _) = publisher.plan_release(TENANT, 2);
    let (last, before) = plan.uploads.split_last().unwrap();
    for upload in before {
        assert!(
            !fs::exists(publisher.served().join(upload.path.as_str())).unwrap()
                || upload.path.as_str().starts_with("blobs/")
        );
        publisher.write(upload.path.as_str(), &upload.bytes);
        service.reload_logic().unwrap();
        serves(&service, 1);
        serves(&Host::new(&publisher, &cdn).open().unwrap(), 1);
    }
    assert_eq!(last.path.as_str(), "metadata/timestamp.json");
    publisher.write(last.path.as_str(), &last.bytes);
    service.reload_logic().unwrap();
    serves(&service, 2);
    serves(&Host::new(&publisher, &cdn).open().unwrap(), 2);
}
