//! Every cap on a component's shape: one more of something is refused and named, and exactly as much as is allowed is not.

use jurat_sandbox::{ShapeError, scan};

/// What there is too much of in a component, as text, if its shape is refused for that.
#[track_caller]
fn too_much(component: &str) -> Option<(&'static str, u64)> {
    match scan(&wat::parse_str(component).unwrap()) {
        Ok(_) => None,
        Err(ShapeError::TooMany { what, found, .. }) => Some((what, found)),
        Err(error) => panic!("{error}: {component:.200}"),
    }
}

/// A component with one core module.
fn module(fields: &str) -> String {
    format!("(component (core module {fields}))")
}

#[test]
fn items_of_every_kind_count_together() {
    const CAP: usize = 10_000;
    // What is repeated, and what it needs, which is one item if it is not empty. Whether names are distinct is the compiler's concern.
    let in_module = [
        ("import", "", "(import \"\" \"\" (memory 1))"),
        ("export", "(type (func))", "(export \"\" (memory 0))"),
        ("type", "", "(type (func))"),
        ("global", "", "(global i32 (i32.const 0))"),
        ("element segment", "", "(elem func)"),
    ];
    let in_component = [
        ("core instance", "", "(core instance)"),
        ("core type", "", "(core type (func))"),
        ("instance", "", "(instance)"),
        ("alias", "(core instance $i)", "(alias core export $i \"\" (core func))"),
        ("type", "", "(type (func))"),
        ("canonical function", "(type $r (resource (rep i32)))", "(core func (canon resource.drop $r))"),
        ("import", "(type $f (func))", "(import \"i\" (func (type $f)))"),
        ("export", "(type $f (func))", "(export \"e\" (type $f))"),
    ];
    let check = |name: &str, around: fn(&str) -> String, needed: &str, item: &str| {
        let component = |count| around(&format!("{needed} {}", item.repeat(count)));
        let most = CAP - usize::from(!needed.is_empty());
        assert_eq!(too_much(&component(most)), None, "{name}");
        let found = too_much(&component(most + 1));
        assert_eq!(found, Some(("types, imports, exports and aliases", CAP as u64 + 1)), "{name}");
    };
    for (name, needed, item) in in_module {
        check(name, module, needed, item);
    }
    for (name, needed, item) in in_component {
        check(name, |fields| format!("(component {fields})"), needed, item);
    }
}

#[test]
fn what_modules_hold_counts_over_all_of_them() {
    let modules = |count: usize| format!("(component {})", "(core module)".repeat(count));
    assert_eq!(too_much(&modules(8)), None);
    assert_eq!(too_much(&modules(9)), Some(("core modules", 9)));

    let cases = [("functions", "(func)", 20_000), ("memories", "(memory 1)", 2), ("tables", "(table 1 funcref)", 4)];
    for (what, item, cap) in cases {
        let halves = |count: usize| {
            let (first, second) = (count / 2, count - count / 2);
            format!("(component (core module {}) (core module {}))", item.repeat(first), item.repeat(second))
        };
        assert_eq!(too_much(&halves(cap)), None, "{what}");
        assert_eq!(too_much(&halves(cap + 1)), Some((what, cap as u64 + 1)));
    }
}

#[test]
fn the_locals_and_the_bytes_of_a_function_have_a_cap() {
    let locals = |count: usize| module(&format!("(func (local {}) (local i64))", "i32 ".repeat(count - 1)));
    assert_eq!(too_much(&locals(5_000)), None);
    assert_eq!(too_much(&locals(5_001)), Some(("locals in one function", 5_001)));

    // Beside the code, a body has the number of its groups of locals, and its end.
    let body = |bytes: usize| module(&format!("(func {})", "nop ".repeat(bytes - 2)));
    assert_eq!(too_much(&body(256 << 10)), None);
    assert_eq!(too_much(&body((256 << 10) + 1)), Some(("bytes in one function", (256 << 10) + 1)));
}

#[test]
fn a_component_has_at_most_two_mebibytes() {
    const CAP: usize = 2 << 20;
    // Of the whole, all but the data have the same length.
    let with_data = |count: usize| wat::parse_str(module(&format!("(data \"{}\")", "x".repeat(count)))).unwrap();
    let rest = with_data(CAP - 100).len() - (CAP - 100);
    assert!(scan(&with_data(CAP - rest)).is_ok());
    let error = scan(&with_data(CAP - rest + 1)).unwrap_err();
    assert!(matches!(error, ShapeError::TooMany { what: "bytes", found: 2_097_153, cap: 2_097_152 }), "{error:?}");
}

#[test]
fn blocks_beside_each_other_do_not_nest() {
    assert_eq!(too_much(&module(&format!("(func {})", "block end ".repeat(5_000)))), None);
}
