//! Memory of a process. Each figure comes from a process of its own.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::effort::Effort;
use crate::loans::{self, Size};
use crate::measure::Measured;
use crate::report::{Report, progress};

/// Different components that one process loads.
const COMPONENTS: usize = 50;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    for (count, name) in [(10_000, "rss_mib_10k"), (100_000, "rss_mib_100k"), (1_000_000, "rss_mib_1m")] {
        let file = directory.path().join("loans.ndjson");
        write(&file, count)?;
        let mut peaks = Vec::new();
        for _ in 0..effort.processes() {
            let [records, peak] = ask(&["stream".as_ref(), file.as_os_str(), "2".as_ref()])?;
            ensure!(records == count as f64, "{records} records were judged instead of {count}");
            peaks.push(peak / 1_024.0);
        }
        let meaning = "peak memory of a process that streams that many loans from a file to lines, two workers";
        report.add(name, meaning, Measured::of(peaks));
    }

    let (mut idle, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..effort.processes() {
        let count = COMPONENTS.to_string();
        for (instances, figures) in [("1", &mut idle), ("64", &mut warm)] {
            let [each, _] = ask(&["components".as_ref(), count.as_ref(), instances.as_ref()])?;
            figures.push(each);
        }
    }
    report.add("memory_idle_kib", "memory of each loaded component, without a warm instance", Measured::of(idle));
    let meaning = "memory of each loaded component that has judged 1,024 records, with its warm instance slot";
    report.add("memory_warm_kib", meaning, Measured::of(warm));
    Ok(())
}

/// Writes small loans to a file.
pub(super) fn write(file: &Path, count: usize) -> anyhow::Result<()> {
    progress(&format!("    writing {count} loans"));
    let mut out = BufWriter::new(File::create(file)?);
    loans::write(count, 1, Size::Small, &mut out)?;
    Ok(out.flush()?)
}

/// Runs a task in a child process, and returns the figures that it prints.
fn ask<const N: usize>(arguments: &[&std::ffi::OsStr]) -> anyhow::Result<[f64; N]> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("child").args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "a measured process failed");
    let figures = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = figures.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    figures.try_into().ok().context("a measured process printed something else")
}
