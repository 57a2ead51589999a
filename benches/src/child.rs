//! What this program does as a process of its own, for those who measure processes: `jurat-benches child WHAT...`.

use std::fs::File;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use jurat_engine::Request;
use jurat_model::{Component, Worker};
use jurat_sandbox::{Compiler, Sandbox, Settings, compile_from_stdin};

use crate::columns::{Batches, call};
use crate::report::progress;
use crate::source;
use crate::subject::Subject;
use crate::workload::Loans;

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments.as_slice() {
        ["compile"] => return ExitCode::from(compile_from_stdin()),
        ["stream", file, threads] => stream(file, threads, compiler()),
        // The processor that callgrind pretends to be runs nothing that was compiled for the real one.
        ["count", file] => stream(file, "1", Ok(Compiler::InProcess)),
        ["components", count, places] => components(count, places),
        _ => Err(anyhow::anyhow!("there is no such thing to do")),
    };
    match figures {
        Ok([first, second]) => {
            println!("{first} {second}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            progress(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Judges a file. Gives the number of records, and the most KiB of memory that were held.
fn stream(file: &str, threads: &str, compiler: anyhow::Result<Compiler>) -> anyhow::Result<[f64; 2]> {
    let threads = threads.parse()?;
    let settings = Settings::new(NonZeroUsize::new(threads).context("no threads")?).with_compiler(compiler?);
    let component = source::sandboxed(&Sandbox::open(settings)?, source::component()?)?;
    let subject = Subject::of(vec![component], source::thorough(), threads)?;
    let records = subject.stream(File::open(file)?)?;
    Ok([records as f64, held("VmHWM")?])
}

/// Loads so many different components into a sandbox with so many places for instances, and has each of them judge. Gives the KiB
/// that each but the first takes, and of all that is held.
fn components(count: &str, places: &str) -> anyhow::Result<[f64; 2]> {
    let count: u64 = count.parse()?;
    ensure!(count > 1, "one component alone says nothing");
    let settings = Settings { instances: places.parse()?, ..Settings::new(NonZeroUsize::MIN) };
    let sandbox = Sandbox::open(settings.with_compiler(compiler()?))?;
    let load = |number| source::sandboxed(&sandbox, source::variant(number)?);
    let run = *Request::new("thorough", 0).run();

    let mut loaded: Vec<Arc<dyn Component>> = vec![load(0)?];
    let batches = Batches::of(&**loaded.first().context("nothing is loaded")?, &Loans::small(1_024), 1_024)?;
    let batches = batches.first().context("there are no loans")?;
    let judge = |component: &Arc<dyn Component>| call(&**component, Worker(0), &run, batches);
    // More than once: what is taken the first time only is no memory of components.
    (0..4).try_for_each(|_| loaded.iter().try_for_each(judge))?;
    let first = held("VmRSS")?;
    for number in 1..count {
        loaded.push(load(number)?);
    }
    (0..4).try_for_each(|_| loaded.iter().try_for_each(judge))?;
    let all = held("VmRSS")?;
    Ok([(all - first) / (count - 1) as f64, all])
}

/// A further process that compiles: what a compiler leaves behind is no memory of components, or of batches.
fn compiler() -> anyhow::Result<Compiler> {
    let program = std::env::current_exe()?;
    Ok(Compiler::Child { program, arguments: vec!["child".into(), "compile".into()] })
}

/// A figure that the system has of this process, in KiB.
fn held(name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux tells what a process holds")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let Some(figure) = line.and_then(|line| line.split_whitespace().next()) else { bail!("there is no `{name}`") };
    Ok(figure.parse()?)
}
