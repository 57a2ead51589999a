//! What the components of one release, and of several, may use together while they are compiled.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::time::Duration;

use jurat_model::Declaration;
use jurat_sandbox::{CompileError, CompileLimits, CompileSettings, Compiler, LoadError, Refusal, Sandbox, Settings};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load_release, settings};

use crate::child;
use crate::compiler::slow;

/// A sandbox whose compiler is the child with these arguments.
fn sandbox(arguments: &[OsString], compile: CompileSettings) -> Sandbox {
    let compiler = Compiler::Child { program: child::path(), arguments: arguments.to_vec() };
    Sandbox::open(Settings { compile, ..settings().with_compiler(compiler) }).unwrap()
}

fn threads(threads: usize) -> CompileSettings {
    CompileSettings { threads: NonZeroUsize::new(threads).unwrap(), ..CompileSettings::DEFAULT }
}

/// A component, and the rules that its release says it has.
type Part = (Vec<u8>, Vec<Declaration>);

/// This many components that differ. Each has a rule of its own, as a release demands.
fn components(count: usize) -> Vec<Part> {
    let component = |index| {
        let rules = vec![Declaration { id: format!("guest-{index}"), ..guest::declaration() }];
        (guest::described(&rules), rules)
    };
    (0..count).map(component).collect()
}

fn count(sandbox: &Sandbox, components: Vec<Part>) -> Result<usize, LoadError> {
    load_release(sandbox, components, &Terms::default()).map(|loaded| loaded.len())
}

#[test]
fn the_components_of_a_release_have_their_processor_time_together() {
    // Each uses up 5 s, and says then that it has taken 20.
    let slow = ["compile-in-20-seconds".into()];
    for side_by_side in [1, 2, 4] {
        let limit_of = |seconds| CompileSettings { release: Duration::from_secs(seconds), ..threads(side_by_side) };
        let sandbox = |seconds| sandbox(&slow, limit_of(seconds));
        assert_eq!(count(&sandbox(75), components(3)).unwrap(), 3, "{side_by_side}");
        let error = count(&sandbox(74), components(3)).unwrap_err();
        let Refusal::Compile(reason) = error.reason else { panic!("{error:?}") };
        let CompileError::BudgetSpent { limit } = reason else { panic!("{reason:?}") };
        assert!(limit == Duration::from_secs(74) && !reason.is_passing());
        // Each release has its own.
        let twice = sandbox(50);
        assert_eq!((count(&twice, components(2)).unwrap(), count(&twice, components(2)).unwrap()), (2, 2));
    }
}

#[test]
fn a_component_that_had_less_than_its_own_time_is_not_called_too_slow() {
    let processor = Duration::from_secs(1);
    let component = CompileLimits { processor, ..CompileLimits::DEFAULT };
    for (release, is_its_own) in [(processor, true), (processor - Duration::from_millis(1), false)] {
        let sandbox = sandbox(&["compile".into()], CompileSettings { release, component, ..threads(1) });
        let mut components = components(1);
        components[0].0 = slow(std::mem::take(&mut components[0].0));
        let Refusal::Compile(reason) = count(&sandbox, components).unwrap_err().reason else { panic!("it is loaded") };
        match reason {
            CompileError::TooSlow { limit } if is_its_own => assert_eq!(limit, processor),
            CompileError::BudgetSpent { limit } if !is_its_own => assert_eq!(limit, release),
            other => panic!("{release:?}: {other:?}"),
        }
    }
}

#[test]
fn components_are_compiled_side_by_side_up_to_the_setting() {
    let directory = tempfile::tempdir().unwrap();
    // Each waits for another one.
    let together = ["compile-beside-another".into(), directory.path().into()];
    assert_eq!(count(&sandbox(&together, threads(2)), components(2)).unwrap(), 2);
    // Each fails beside another one: of the same release, and of another.
    let alone = ["compile-alone".into(), directory.path().into()];
    let sandbox = sandbox(&alone, threads(1));
    let mut other = components(12);
    let own = other.split_off(6);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| count(&sandbox, other));
        assert_eq!(count(&sandbox, own).unwrap(), 6);
        assert_eq!(other.join().unwrap().unwrap(), 6);
    });
}

#[test]
fn the_first_component_that_cannot_be_loaded_is_the_one_that_is_named() {
    let sandbox = sandbox(&["compile".into()], threads(2));
    let mut components = components(4);
    components[2].0 = b"no component".to_vec();
    components[3].0 = b"neither is this".to_vec();
    let error = count(&sandbox, components).unwrap_err();
    assert!(error.component == "rules-2.wasm" && matches!(error.reason, Refusal::Shape(_)), "{error:?}");
}
