//! Compiling in a child process: the same results, and nothing that the child does reaches the host.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use jurat_model::{Bytes, Limits};
use jurat_sandbox::{
    CompileError, CompileLimits, CompileSettings, Compiler, Refusal, Sandbox, SandboxedComponent, Settings, ShapeError,
};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, good, load, settings};
use jurat_test_kit::rows::{RUN, judge};

use crate::child;

fn load_by(argument: &str, component: Vec<u8>) -> Result<SandboxedComponent, Refusal> {
    load_within(CompileLimits::DEFAULT, argument, component)
}

fn load_within(
    component_limits: CompileLimits,
    argument: &str,
    component: Vec<u8>,
) -> Result<SandboxedComponent, Refusal> {
    let compiler = Compiler::Child { program: child::path(), arguments: vec![argument.into()] };
    let compile = CompileSettings { component: component_limits, ..CompileSettings::DEFAULT };
    let sandbox = Sandbox::open(Settings { compile, ..settings().with_compiler(compiler) }).unwrap();
    load(&sandbox, component, &Terms::default()).map_err(|error| error.reason)
}

fn compile_error(argument: &str, component: Vec<u8>) -> CompileError {
    match load_by(argument, component).expect_err("it is refused") {
        Refusal::Compile(error) => error,
        other => panic!("{other:?}"),
    }
}

/// What a host asks of the child before the component: processor time, memory, stack, and the form of memories.
fn order(memory: u64) -> Vec<u8> {
    [30_000_000, memory, 512 << 10, 0].iter().flat_map(|number: &u64| number.to_le_bytes()).collect()
}

/// Runs the child by hand.
fn run(argument: &str, input: &[u8]) -> Output {
    let mut child = Command::new(child::path());
    let child = child.arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let input = [&*order(1 << 30), input].concat();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    child.wait_with_output().unwrap()
}

/// Makes a component small enough for the shape, and seconds of work: the compiler looks for loops in loops again and again.
pub(crate) fn slow(component: Vec<u8>) -> Vec<u8> {
    let function = format!("(func (param i32) {} {})", "loop local.get 0 br_if 0 ".repeat(1_500), "end ".repeat(1_500));
    guest::with_module(component, &format!("(module {})", function.repeat(60)))
}

#[test]
fn a_child_compiles_to_the_same_verdicts_and_the_same_fuel() {
    let rows = [0, 100, 10_000_000, 3];
    let here = judge(&good(guest::rust("spin"), Limits::DEFAULT), &RUN, &rows);
    let there = judge(&load_by("compile", guest::rust("spin")).unwrap(), &RUN, &rows);
    assert_eq!(here.0, there.0);
    assert_eq!((here.1.fuel, here.1.calls), (there.1.fuel, there.1.calls));
}

#[test]
fn what_the_compiler_finds_wrong_is_told() {
    let component = guest::with_module(guest::fixture(), "(module (func $f (return_call $f)))");
    let error = compile_error("compile", component);
    let CompileError::Invalid(reason) = error else { panic!("{error:?}") };
    assert!(reason.to_string().contains("tail calls"), "{reason}");
}

#[test]
fn a_compiler_that_dies_is_the_end_of_the_component_only() {
    assert!(matches!(compile_error("die", guest::fixture()), CompileError::Crashed { .. }));
}

#[test]
fn a_compiler_that_is_killed_is_not_held_against_the_component() {
    let error = compile_error("be-killed", guest::fixture());
    assert!(matches!(error, CompileError::Killed { .. }) && error.is_passing(), "{error:?}");
    assert!(error.to_string().contains("SIGKILL"), "{error}");
}

#[test]
fn a_compiler_that_runs_out_of_its_memory_says_so() {
    let limits = CompileLimits { memory: Bytes::mebi(16), ..CompileLimits::DEFAULT };
    // Many branches in one function: the compiler needs far more than what it has reserved before it takes the limit.
    let body = "block local.get 0 br_if 0 local.get 0 i32.const 3 i32.add local.set 0 end ".repeat(18_000);
    let long = guest::with_module(guest::fixture(), &format!("(module (func (param i32) {body}))"));
    let Err(Refusal::Compile(error)) = load_within(limits, "compile", long) else { panic!("it is loaded") };
    assert!(matches!(error, CompileError::TooLarge { memory, .. } if memory == limits.memory), "{error:?}");
    assert!(!error.is_passing() && error.to_string().contains("16 MiB of memory"), "{error}");
}

#[test]
fn a_compiler_that_uses_up_its_time_says_so() {
    let limits = CompileLimits { processor: Duration::from_secs(1), ..CompileLimits::DEFAULT };
    let Err(Refusal::Compile(error)) = load_within(limits, "compile", slow(guest::fixture())) else {
        panic!("it is loaded")
    };
    assert!(matches!(error, CompileError::TooSlow { limit } if limit == limits.processor), "{error:?}");
    assert!(!error.is_passing() && error.to_string().contains("1s of processor time"), "{error}");
}

#[test]
fn a_compiler_that_writes_garbage_is_not_believed() {
    assert!(matches!(compile_error("print-garbage", guest::fixture()), CompileError::Process(_)));
}

#[test]
fn a_compiler_that_is_not_there_is_an_error() {
    let compiler = Compiler::Child { program: PathBuf::from("/nowhere/at/all"), arguments: Vec::new() };
    let sandbox = Sandbox::open(settings().with_compiler(compiler)).unwrap();
    let refusal = load(&sandbox, guest::fixture(), &Terms::default()).unwrap_err().reason;
    assert!(matches!(refusal, Refusal::Compile(CompileError::Start(_))), "{refusal:?}");
}

#[test]
fn a_compiler_is_told_nothing_of_the_environment() {
    let error = compile_error("print-environment", guest::fixture());
    let CompileError::Process(error) = error else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "0 variables");
}

#[test]
fn a_compiler_takes_memory_from_itself() {
    let output = run("compile-and-want-more", &guest::fixture());
    assert!(output.status.success(), "six gigabytes were there for the taking: {output:?}");
}

#[test]
fn a_compiler_says_how_much_processor_time_it_has_taken() {
    // The time of the release is reduced by it.
    let time = |component: &[u8]| {
        let output = run("compile", component);
        assert!(output.status.success(), "{output:?}");
        Duration::from_micros(u64::from_le_bytes(*output.stdout.first_chunk().unwrap()))
    };
    let function = format!("(func (param i32) {} {})", "loop local.get 0 br_if 0 ".repeat(500), "end ".repeat(500));
    let (short, long) = (
        time(&guest::fixture()),
        time(&guest::with_module(guest::fixture(), &format!("(module {})", function.repeat(20)))),
    );
    assert!(!short.is_zero() && short < long && long < Duration::from_secs(30), "{short:?} {long:?}");
}

#[test]
fn a_compiler_checks_the_shape_itself() {
    let output = run("compile", b"no component");
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a WebAssembly component"), "{output:?}");
}

#[test]
fn precompiled_machine_code_in_a_release_is_refused() {
    // Before it is the time that it has cost.
    let code = run("compile", &guest::fixture()).stdout.split_off(8);
    assert!(code.len() > 1_000);
    let sandbox = Sandbox::open(settings()).unwrap();
    let refusal = load(&sandbox, code, &Terms::default()).unwrap_err().reason;
    assert!(matches!(refusal, Refusal::Shape(ShapeError::Precompiled)), "{refusal:?}");
}
