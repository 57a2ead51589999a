//! What the system knows of a process.

use std::fs;

use rustix::process::Pid;

/// What a process takes of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Its memory, in KiB.
    pub resident: u64,
    /// The most memory that it has taken, in KiB.
    pub peak: u64,
    /// Its threads.
    pub threads: usize,
    /// Its open files, sockets and pipes.
    pub descriptors: usize,
}

/// What a process takes at present.
#[must_use]
pub fn usage(pid: Pid) -> Usage {
    let directory = format!("/proc/{}", pid.as_raw_nonzero());
    let status = fs::read_to_string(format!("{directory}/status")).unwrap();
    let number = |name: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    };
    Usage {
        resident: number("VmRSS"),
        peak: number("VmHWM"),
        threads: usize::try_from(number("Threads")).unwrap(),
        descriptors: fs::read_dir(format!("{directory}/fd")).unwrap().count(),
    }
}

/// The threads of a process that have this name.
#[must_use]
pub fn threads(pid: Pid, name: &str) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
    // Those that end meanwhile are none any more.
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|other| other.trim_end() == name).count()
}

/// The processes that a process has started and not yet waited for.
#[must_use]
pub fn children(parent: Pid) -> Vec<Pid> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    numbers
        .filter(|number| parent_of(*number) == Some(parent.as_raw_nonzero().get()))
        .filter_map(Pid::from_raw)
        .collect()
}

/// The parent of a process; none of one that has ended.
fn parent_of(number: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name of the program comes first, in parentheses, and may have any characters. The state follows, then the parent.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_found_until_it_is_waited_for() {
        let me = Pid::from_raw(i32::try_from(std::process::id()).unwrap()).unwrap();
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        assert!(children(me).contains(&pid));
        assert!(threads(pid, "cat") == 1 && threads(pid, "dog") == 0);
        assert!(usage(pid).threads == 1 && usage(pid).descriptors >= 3, "{:?}", usage(pid));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!children(me).contains(&pid));
    }
}
