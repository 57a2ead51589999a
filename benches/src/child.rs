//! Tasks that run in a process of their own, so that the process can be measured: `jurat-benches child TASK...`.

use std::fs::File;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use jurat_engine::Request;
use jurat_model::{Component, Worker};
use jurat_sandbox::{Compiler, Sandbox, Settings, compile_from_stdin};

use crate::columns::{Batches, call};
use crate::pipeline::Pipeline;
use crate::report::progress;
use crate::source;
use crate::workload::Loans;

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments.as_slice() {
        ["compile"] => return ExitCode::from(compile_from_stdin()),
        ["stream", file, threads] => stream(file, threads, compiler()),
        // Callgrind emulates a processor with fewer features than the real one, so the code must be compiled under it.
        ["count", file] => stream(file, "1", Ok(Compiler::InProcess)),
        ["components", count, instances] => components(count, instances),
        _ => Err(anyhow::anyhow!("unknown task")),
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

/// Judges a file. Returns the number of records, and the peak memory in KiB.
fn stream(file: &str, threads: &str, compiler: anyhow::Result<Compiler>) -> anyhow::Result<[f64; 2]> {
    let threads = threads.parse()?;
    let settings = Settings::new(NonZeroUsize::new(threads).context("no threads")?).with_compiler(compiler?);
    let component = source::sandboxed(&Sandbox::open(settings)?, source::component()?)?;
    let pipeline = Pipeline::of(vec![component], source::thorough(), threads)?;
    let records = pipeline.stream(File::open(file)?)?;
    Ok([records as f64, memory("VmHWM")?])
}

/// Loads `count` different components into a sandbox with `instances` instances, and has each of them judge. Returns the memory of
/// each component but the first, and of the process, in KiB.
fn components(count: &str, instances: &str) -> anyhow::Result<[f64; 2]> {
    let count: u64 = count.parse()?;
    ensure!(count > 1, "at least two components are needed");
    let settings = Settings { instances: instances.parse()?, ..Settings::new(NonZeroUsize::MIN) };
    let sandbox = Sandbox::open(settings.with_compiler(compiler()?))?;
    let load = |number| source::sandboxed(&sandbox, source::variant(number)?);
    let run = *Request::new("thorough", Timestamp::UNIX_EPOCH).run();

    let mut loaded: Vec<Arc<dyn Component>> = vec![load(0)?];
    let batches = Batches::of(&**loaded.first().context("no component is loaded")?, &Loans::small(1_024), 1_024)?;
    let batches = batches.first().context("there are no loans")?;
    let judge = |component: &Arc<dyn Component>| call(&**component, Worker(0), &run, batches);
    // Repeated, because memory that only the first call needs does not belong to a component.
    (0..4).try_for_each(|_| loaded.iter().try_for_each(judge))?;
    let first = memory("VmRSS")?;
    for number in 1..count {
        loaded.push(load(number)?);
    }
    (0..4).try_for_each(|_| loaded.iter().try_for_each(judge))?;
    let all = memory("VmRSS")?;
    Ok([(all - first) / (count - 1) as f64, all])
}

/// Compiles in another process, so that memory of the compiler is not counted.
fn compiler() -> anyhow::Result<Compiler> {
    let program = std::env::current_exe()?;
    Ok(Compiler::Child { program, arguments: vec!["child".into(), "compile".into()] })
}

/// A figure of this process from the kernel, in KiB.
fn memory(name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux reports the memory of a process")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let Some(figure) = line.and_then(|line| line.split_whitespace().next()) else { bail!("there is no `{name}`") };
    Ok(figure.parse()?)
}
