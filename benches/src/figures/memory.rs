//! What a process holds. Each figure is of a process of its own.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::Effort;
use crate::loans::{self, Size};
use crate::measure::Measured;
use crate::report::{Report, progress};

/// Different components that one process has loaded.
const COMPONENTS: usize = 50;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    for (count, name) in [(10_000, "rss_mib_10k"), (100_000, "rss_mib_100k"), (1_000_000, "rss_mib_1m")] {
        let file = place.path().join("loans.ndjson");
        write(&file, count)?;
        let mut peaks = Vec::new();
        for _ in 0..effort.runs() {
            let [records, peak] = ask(&["stream".as_ref(), file.as_os_str(), "2".as_ref()])?;
            ensure!(records == count as f64, "{records} records were judged, and {count} were given");
            peaks.push(peak / 1_024.0);
        }
        let meaning =
            "the most memory a process has held that streamed so many loans from a file to lines, two workers";
        report.add(name, meaning, Measured::of(peaks));
    }

    let (mut idle, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..effort.runs() {
        let count = COMPONENTS.to_string();
        for (places, figures) in [("1", &mut idle), ("64", &mut warm)] {
            let [each, _] = ask(&["components".as_ref(), count.as_ref(), places.as_ref()])?;
            figures.push(each);
        }
    }
    report.add(
        "memory_idle_kib",
        "of each component that is loaded, without a place for an instance",
        Measured::of(idle),
    );
    let meaning = "of each component that is loaded and has judged 1,024 records, with the place for an instance that is kept for it";
    report.add("memory_warm_kib", meaning, Measured::of(warm));
    Ok(())
}

impl Effort {
    /// How often a process is started for one figure.
    fn runs(self) -> usize {
        if self.is_quick { 1 } else { 5 }
    }
}

/// Writes small loans to a file.
pub(super) fn write(file: &Path, count: usize) -> anyhow::Result<()> {
    progress(&format!("    writing {count} loans"));
    let mut out = BufWriter::new(File::create(file)?);
    loans::write(count, 1, Size::Small, &mut out)?;
    Ok(out.flush()?)
}

/// Has this program do something as another process, and gives the figures that it prints.
fn ask<const N: usize>(arguments: &[&std::ffi::OsStr]) -> anyhow::Result<[f64; N]> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("child").args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "a process that was to be measured failed");
    let figures = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = figures.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    figures.try_into().ok().context("a process that was to be measured printed something else")
}
