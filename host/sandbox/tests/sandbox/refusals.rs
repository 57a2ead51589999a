//! What is refused before any of it runs, and mostly before any of it is compiled.

use std::error::Error;

use jurat_sandbox::{Refusal, ShapeError, WasiHint};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, sandbox};

fn refusal(component: Vec<u8>) -> Refusal {
    load(sandbox(), component, &Terms::default()).expect_err("it is refused").reason
}

fn shape_error(component: Vec<u8>) -> ShapeError {
    match refusal(component) {
        Refusal::Shape(error) => error,
        other => panic!("{other:?}"),
    }
}

/// The sentence and its causes, as people read them.
fn told(refusal: &Refusal) -> String {
    let causes = std::iter::successors(Some(refusal as &dyn Error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn imports_are_refused_with_the_whole_list() {
    let refusal = refusal(guest::text("imports_host_function"));
    let Refusal::Imports { imports, hint } = &refusal else { panic!("{refusal:?}") };
    assert_eq!(*imports, ["evil:host/secrets@1.0.0", "run"]);
    assert_eq!(*hint, WasiHint::None);
    assert!(told(&refusal).contains("`evil:host/secrets@1.0.0`, `run`"), "{}", told(&refusal));
}

#[test]
fn imports_of_wasi_are_refused_with_advice() {
    let refusal = refusal(guest::text("imports_wasi"));
    let Refusal::Imports { imports, hint } = &refusal else { panic!("{refusal:?}") };
    assert_eq!(*imports, ["wasi:filesystem/preopens@0.2.6", "wasi:cli/stdout@0.2.6"]);
    assert_eq!(*hint, WasiHint::Sealed);
    assert!(told(&refusal).contains("wasi: sealed"), "{}", told(&refusal));
}

#[test]
fn a_component_of_another_world_is_refused_with_what_would_do() {
    for name in ["wrong_world", "future_version"] {
        let refusal = refusal(guest::text(name));
        let Refusal::Contract { exports, supported } = &refusal else { panic!("{refusal:?}") };
        assert_eq!(exports.len(), 1);
        assert_eq!(*supported, ["jurat:rule/rules@0.1.0"]);
        assert!(told(&refusal).contains("`jurat:rule/rules@0.1.0`"), "{}", told(&refusal));
    }
}

#[test]
fn a_component_that_only_claims_the_contract_is_refused() {
    for name in ["wrong_types", "missing_function"] {
        let refusal = refusal(guest::text(name));
        assert!(matches!(refusal, Refusal::Bind(_)), "{name}: {refusal:?}");
    }
}

#[test]
fn a_core_module_is_refused() {
    let module = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
    assert!(matches!(shape_error(module), ShapeError::CoreModule));
}

#[test]
fn bytes_that_are_not_webassembly_are_refused() {
    assert!(matches!(shape_error(b"#!/bin/sh\n".to_vec()), ShapeError::NotWebAssembly));
    assert!(matches!(shape_error(b"(component)".to_vec()), ShapeError::NotWebAssembly));
}

#[test]
fn a_component_cut_anywhere_is_refused() {
    let whole = guest::text("table_bomb");
    for length in (1..whole.len()).step_by(97) {
        let refusal = refusal(whole[..length].to_vec());
        assert!(
            matches!(refusal, Refusal::Shape(_) | Refusal::Contract { .. } | Refusal::Compile(_)),
            "{length}: {refusal:?}"
        );
    }
}

#[test]
fn a_hundred_thousand_functions_are_refused_by_their_number() {
    let with_functions = |count| {
        let module = format!("(module {})", "(func)".repeat(count));
        guest::with_module(guest::described(&[guest::declaration()]), &module)
    };
    let error = shape_error(with_functions(100_000));
    assert!(matches!(error, ShapeError::TooMany { what: "functions", .. }), "{error:?}");
    // The guest has a handful itself.
    load(sandbox(), with_functions(19_900), &Terms::default()).expect("the twin is good");
}

/// A module that is too much in one way, its twin that is just enough, and what is said about the first.
#[track_caller]
fn check(wrong: &str, right: &str, complaint: &str) {
    let with = |module| guest::with_module(guest::described(&[guest::declaration()]), module);
    match shape_error(with(wrong)) {
        ShapeError::TooMany { what, found, cap } => assert_eq!((what, found > cap), (complaint, true)),
        other => panic!("{other:?}"),
    }
    load(sandbox(), with(right), &Terms::default()).expect("the twin is good");
}

#[test]
fn what_costs_a_compiler_dearly_is_refused_by_its_shape() {
    let locals = |count| format!("(module (func (local {})))", "i32 ".repeat(count));
    check(&locals(5_001), &locals(5_000), "locals in one function");
    let body = |count| format!("(module (func {}))", "i32.const 1 drop ".repeat(count));
    check(&body(100_000), &body(50_000), "bytes in one function");
    let data = |count| format!("(module (memory 16) (data \"{}\"))", "x".repeat(count));
    check(&data(2 << 20), &data(1 << 20), "bytes");
    let globals = |count| format!("(module {})", "(global i32 (i32.const 0))".repeat(count));
    check(&globals(10_001), &globals(9_000), "types, imports, exports and aliases");
    let tables = |count| format!("(module {})", "(table 1 funcref)".repeat(count));
    check(&tables(5), &tables(4), "tables");
}

#[test]
fn more_memories_than_two_are_refused() {
    let module = "(module (memory 1) (memory 1))";
    let error = shape_error(guest::with_module(guest::described(&[guest::declaration()]), module));
    assert!(matches!(error, ShapeError::TooMany { what: "memories", found: 3, cap: 2 }), "{error:?}");
}

#[test]
fn components_in_components_are_refused_beyond_two_levels() {
    let nested = |levels: usize| {
        let text = format!("(component {}{})", "(component ".repeat(levels), ")".repeat(levels));
        wat::parse_str(&text).unwrap()
    };
    let error = shape_error(nested(3));
    assert!(matches!(error, ShapeError::TooMany { what: "levels of components", .. }), "{error:?}");
    assert!(matches!(refusal(nested(2)), Refusal::Contract { .. }), "only its lack of a contract is wrong");
}

#[test]
fn components_that_call_each_other_are_refused() {
    let error = shape_error(guest::text("components_that_call"));
    assert!(matches!(error, ShapeError::CallsBetween), "{error:?}");
    // Toolchains nest components that give names to functions, and put others where a function is missing, which trap.
    for text in [
        "(component (component (import \"f\" (func)) (export \"g\" (func 0))))",
        "(component
           (component $stub
             (core module $m (func (export \"f\") unreachable)) (core instance $m (instantiate $m))
             (func (export \"f\") (canon lift (core func $m \"f\"))))
           (component $main
             (import \"f\" (func $f)) (core func $f (canon lower (func $f)))
             (core module $m (func (export \"g\") nop)) (core instance $m (instantiate $m))
             (func (export \"g\") (canon lift (core func $m \"g\"))))
           (instance $stub (instantiate $stub))
           (instance (instantiate $main (with \"f\" (func $stub \"f\")))))",
    ] {
        let refusal = refusal(wat::parse_str(text).unwrap());
        assert!(matches!(refusal, Refusal::Contract { .. }), "{refusal:?}");
    }
    // Modules whose code is not known: imported, or of the component around.
    let lifted = "(core instance $m (instantiate $m)) (func (export \"f\") (canon lift (core func $m \"f\"))))";
    let borrowed = |module: &str| {
        format!(
            "(component
               (core module $outer (func (export \"f\") nop))
               (component $borrower {module} {lifted}
               (component $caller (import \"f\" (func $f)) (core func (canon lower (func $f))))
               (instance $b (instantiate $borrower (with \"m\" (core module $outer))))
               (instance (instantiate $caller (with \"f\" (func $b \"f\")))))"
        )
    };
    let imported = borrowed("(import \"m\" (core module $m (export \"f\" (func))))");
    let outer = borrowed("(alias outer 1 0 (core module $m))");
    // A function that is the runtime's own.
    let builtin = "(component
        (component $stub
          (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
          (func (export \"f\") (param \"x\" u32) (result u32) (canon lift (core func $new))))
        (component $main
          (import \"f\" (func $f (param \"x\" u32) (result u32))) (core func $f (canon lower (func $f)))
          (core module $m (func (export \"g\") nop)) (core instance $m (instantiate $m))
          (func (export \"g\") (canon lift (core func $m \"g\"))))
        (instance $stub (instantiate $stub))
        (instance (instantiate $main (with \"f\" (func $stub \"f\")))))";
    // A component that calls its own function, also by the index that an export gives it; two instances of one; one whose code comes
    // through an instance; components that could be anything.
    for text in [
        "(component
           (core module $m (memory (export \"m\") 1) (func (export \"f\") nop))
           (component $borrower
             (import \"i\" (instance $i (export \"m\" (core module (export \"f\" (func))))))
             (alias export $i \"m\" (core module $m)) (core instance $m (instantiate $m))
             (func (export \"f\") (canon lift (core func $m \"f\"))))
           (component $caller (import \"f\" (func $f)) (core func (canon lower (func $f))))
           (instance $i (export \"m\" (core module $m)))
           (instance $b (instantiate $borrower (with \"i\" (instance $i))))
           (instance (instantiate $caller (with \"f\" (func $b \"f\")))))",
        "(component
           (core module $m (func (export \"f\") nop)) (core instance $m (instantiate $m))
           (func $f (canon lift (core func $m \"f\"))) (core func (canon lower (func $f))))",
        "(component
           (core module $m (func (export \"f\") nop)) (core instance $m (instantiate $m))
           (func $f (canon lift (core func $m \"f\"))) (export $g \"g\" (func $f)) (core func (canon lower (func $g))))",
        "(component (import \"c\" (component)))",
        "(component (component $c) (component (alias outer 1 0 (component))))",
        "(component (component $c) (export \"c\" (component $c)))",
        &imported,
        &outer,
        builtin,
        "(component
           (component $c
             (core module $m (func (export \"f\") nop)) (core instance $m (instantiate $m))
             (func (export \"f\") (canon lift (core func $m \"f\"))))
           (instance (instantiate $c)) (instance (instantiate $c)))",
    ] {
        let error = shape_error(wat::parse_str(text).unwrap());
        assert!(matches!(error, ShapeError::CallsBetween), "{error:?}");
    }
}

#[test]
fn components_that_make_resources_of_their_own_are_refused() {
    let making = |body: &str| {
        format!(
            "(component
               (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
               (core module $m (func (export \"f\") {body})) (core instance $m (instantiate $m))
               (func (export \"f\") (canon lift (core func $m \"f\"))))"
        )
    };
    // Also one that offers nothing, when it starts.
    let starting = "(component (component $c
        (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
        (core module $m (import \"\" \"new\" (func $new (param i32) (result i32)))
          (func $start (drop (call $new (i32.const 1)))) (start $start))
        (core instance (instantiate $m (with \"\" (instance (export \"new\" (func $new)))))))
      (instance (instantiate $c)))";
    for text in [&making("nop"), starting] {
        let error = shape_error(wat::parse_str(text).unwrap());
        assert!(matches!(error, ShapeError::OwnResources), "{error:?}");
    }
    // Toolchains put such components where functions are missing. They only trap.
    let refusal = refusal(wat::parse_str(making("unreachable")).unwrap());
    assert!(matches!(refusal, Refusal::Contract { .. }), "{refusal:?}");
}

#[test]
fn names_in_a_refusal_cannot_take_over_a_terminal() {
    let text = "(component (import \"evil\" (func)))";
    let mut component = wat::parse_str(text).unwrap();
    let at = component.windows(4).position(|bytes| bytes == b"evil").unwrap();
    component[at..at + 4].copy_from_slice(b"\x1b[2J");
    let refusal = refusal(component);
    assert!(matches!(refusal, Refusal::Imports { .. }), "{refusal:?}");
    assert!(!told(&refusal).contains('\u{1b}'), "{:?}", told(&refusal));
}
