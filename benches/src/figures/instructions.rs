//! Instructions of each part of the pipeline, by running it under callgrind.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::ensure;

use super::memory::write;
use crate::callgrind::Profile;
use crate::effort::Effort;
use crate::measure::Measured;
use crate::report::{Report, progress};

/// Records that are counted, and records of a first run, whose instructions are subtracted as the cost of starting.
const COUNT: usize = 10_000;
const BEFORE: usize = 1_000;
/// Functions that are listed.
const LISTED: usize = 40;

pub(crate) fn measure(_: Effort, report: &mut Report) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let mut profiles = Vec::new();
    for count in [BEFORE, BEFORE + COUNT] {
        let (loans, out) = (directory.path().join("loans.ndjson"), directory.path().join(format!("callgrind.{count}")));
        write(&loans, count)?;
        progress("    counting: everything is fifty times slower, starting with the compiler");
        let mut file = OsString::from("--callgrind-out-file=");
        file.push(&out);
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--quiet"]).arg(file).arg(std::env::current_exe()?);
        let status = command.args(["child", "count"]).arg(&loans).stdout(Stdio::null()).status();
        match status {
            Ok(status) => ensure!(status.success(), "callgrind failed"),
            Err(error) => {
                report.miss("instructions", "of each record", &format!("valgrind cannot be started: {error}"));
                return Ok(());
            }
        }
        profiles.push(Profile::read(&std::fs::read_to_string(&out)?));
    }
    let [before, after] = profiles.as_slice() else { return Ok(()) };
    let functions = after.beyond(before, COUNT);
    progress(&format!("{:>12}  {:<10} function", "per record", "part"));
    for (name, part, count) in functions.iter().take(LISTED) {
        progress(&format!("{count:>12.1}  {part:<10} {name}"));
    }
    let total = functions.iter().map(|(.., count)| count).sum();
    report.add(
        "instructions",
        "instructions of each small loan from text to its line, `thorough`, one worker",
        Measured::once(total),
    );
    let mut parts: Vec<&str> = functions.iter().map(|(_, part, _)| *part).collect();
    parts.sort_unstable();
    parts.dedup();
    for part in parts {
        let of_part = functions.iter().filter(|(_, other, _)| *other == part).map(|(.., count)| count).sum();
        report.add(&format!("instructions_{part}"), "of these, in one part of the pipeline", Measured::once(of_part));
    }
    Ok(())
}
