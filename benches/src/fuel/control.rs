//! Control: branches, calls, and code that is spread over memory.

use super::program::{Program, Reach};

/// One step of a generator of pseudo-random numbers, into `$i`.
pub(super) const RANDOM: &str =
    "(local.set $i (i32.add (i32.mul (local.get $i) (i32.const 1664525)) (i32.const 1013904223)))";

pub(super) fn programs() -> Vec<Program> {
    let functions = |count: usize, body: &str| -> String {
        (0..count).map(|index| format!("(func $f{index} (param i32) (result i32) {body})\n")).collect()
    };
    let table = |count: usize| -> String {
        let names: String = (0..count).map(|index| format!("$f{index} ")).collect();
        format!(
            "(type $t (func (param i32) (result i32))) (table $t {count} funcref) (elem (table $t) (i32.const 0) func {names})"
        )
    };
    let mut programs = vec![
        Program::new("nothing", ""),
        Program::new("nop", "nop ".repeat(64)),
        Program::new("block", "(block (nop)) ".repeat(64)),
        Program::new("loop once", "(loop (nop)) ".repeat(64)),
        Program::new("loop backwards", "(local.set $j (i32.const 64)) (loop $l (br_if $l (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))"),
        Program::new("br_if not taken", "(block $b (br_if $b (global.get $no))) ".repeat(64)).with(NO),
        Program::new("br_if taken", "(block $b (br_if $b (i32.eqz (global.get $no))) (global.set $no (i32.const 1))) ".repeat(64)).with(NO),
        Program::new("if by chance", format!("{RANDOM} (if (i32.lt_s (local.get $i) (i32.const 0)) (then (global.set $no (i32.const 0))))").repeat(16)).with(NO),
        Program::new("br_table by chance", format!("{RANDOM} {}", switch(64)).repeat(4)).with(NO),
        Program::new("select", "(local.set $j (select (local.get $i) (local.get $j) (global.get $no))) (local.set $i (select (local.get $j) (local.get $i) (global.get $no)))".repeat(32)).with(NO),
        Program::new("call", "(local.set $i (call $f0 (local.get $i))) ".repeat(64)).with(functions(1, "(local.get 0)")),
        Program::new("call of nothing", "(call $f) ".repeat(64)).with("(func $f)"),
        Program::new("call and return", "(call $f) ".repeat(64)).with("(func $f (return))"),
        Program::new("call_indirect", "(local.set $i (call_indirect $t (type $t) (local.get $i) (i32.const 0))) ".repeat(64)).with(functions(1, "(local.get 0)") + &table(1)),
        Program::new("call_indirect by chance", format!("{RANDOM} (local.set $i (call_indirect $t (type $t) (local.get $i) (i32.shr_u (local.get $i) (i32.const 26)))) ").repeat(16)).with(functions(64, "(local.get 0)") + &table(64)),
        Program::new("recursion", "(local.set $i (call $r (i32.const 1000)))").with("(func $r (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (call $r (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))"),
        Program::new("recursion of nothing", "(global.set $no (i32.const 1000)) (call $r)").with(format!("{NO} (func $r (if (global.get $no) (then (global.set $no (i32.sub (global.get $no) (i32.const 1))) (call $r))))")),
        Program::new("global.get", "(local.set $i (i32.add (local.get $i) (global.get $no)))".repeat(64)).with(NO),
        Program::new("global.set", "(global.set $no (local.get $i))".repeat(64)).with(NO),
        Program::new("global chain", "(global.set $no (i32.add (global.get $no) (i32.const 1)))".repeat(64)).with(NO),
        Program::new("call with 16 parameters", format!("(call $f {})", "(local.get $i) ".repeat(16)).repeat(16)).with(format!("(func $f (param {}))", "i32 ".repeat(16))),
        Program::new("call with 200 results", format!("(call $f) {}", "drop ".repeat(200)).repeat(8)).with(format!("(func $f (result {}) {})", "i32 ".repeat(200), "(i32.const 1)".repeat(200))),
        merge(16),
        merge(200),
        stack_merge(200),
        Program::new("ref.func", "(drop (ref.func $f)) ".repeat(64)).with("(func $f) (elem declare func $f)"),
        Program::new("ref.func kept", "(table.set $t (i32.const 0) (ref.func $f)) ".repeat(64)).with("(func $f) (elem declare func $f) (table $t 1 funcref)"),
        Program::new("ref.is_null", "(local.set $i (ref.is_null (table.get $t (i32.const 0)))) ".repeat(64)).with("(table $t 1 funcref)"),
        Program::new("typed select", "(table.set $t (i32.const 0) (select (result funcref) (ref.null func) (table.get $t (i32.const 0)) (local.get $i)))".repeat(64)).with("(table $t 1 funcref)"),
    ];
    // Code that no cache of instructions holds: every function has a page of its own.
    let filler = "(global.set $no (i32.xor (global.get $no) (i32.const 77))) ".repeat(60);
    let body = format!("(if (local.get 0) (then {filler})) (i32.const 0)");
    for (count, reach) in [(400, Reach::Cache), (3_600, Reach::All)] {
        let calls: String =
            (0..count).map(|index| format!("(drop (call $f{} (i32.const 0))) ", index * 127 % count)).collect();
        programs.push(Program {
            reach,
            ..Program::new(format!("call of {count} functions in turn"), calls)
                .with(format!("{NO} {}", functions(count, &body)))
        });
        let bits = count.ilog2();
        let by_chance = format!(
            "{RANDOM} (drop (call_indirect $t (type $t) (i32.const 0) (i32.shr_u (local.get $i) (i32.const {}))))",
            32 - bits
        );
        programs.push(Program {
            reach,
            ..Program::new(format!("call of {count} functions by chance"), by_chance.repeat(16)).with(format!(
                "{NO} {} {}",
                functions(count, &body),
                table(count)
            ))
        });
        let parts: Vec<String> = (0..count.div_ceil(200))
            .map(|index| {
                format!(
                    "(func $p{index} {}) ",
                    format!("(if (global.get $no) (then {filler})) ").repeat(200.min(count))
                )
            })
            .collect();
        let calls: String = (0..parts.len()).map(|index| format!("(call $p{index}) ")).collect();
        programs.push(Program {
            reach,
            ..Program::new(format!("{count} jumps over code"), calls).with(format!("{NO} {}", parts.concat()))
        });
    }
    programs
}

/// A condition that the compiler does not know.
const NO: &str = "(global $no (mut i32) (i32.const 0))";

/// A switch between `cases` cases by the upper bits of `$i`.
fn switch(cases: u32) -> String {
    let shift = 32 - cases.ilog2();
    let targets: String = (0..cases).map(|case| format!("{case} ")).collect();
    let opening = "(block ".repeat(cases as usize);
    let bodies: String =
        (0..cases).map(|case| format!(") (global.set $no (i32.const {case})) (br {})", cases - 1 - case)).collect();
    // The last branch leaves the outer block.
    format!("(block {opening} (br_table {targets} (i32.shr_u (local.get $i) (i32.const {shift}))) {bodies})")
}

/// Many locals that have other values behind a branch that is never taken.
fn merge(count: usize) -> Program {
    let locals: String = (0..count).map(|index| format!("(local $a{index} i32) (local $b{index} i32) ")).collect();
    let copy: String = (0..count)
        .map(|index| format!("(local.set $a{index} (i32.add (local.get $i) (i32.const {index}))) (local.set $b{index} (local.get $a{index})) "))
        .collect();
    let swap: String = (0..count)
        .map(|index| format!("(local.set $a{index} (i32.mul (local.get $b{index}) (i32.const 3))) "))
        .collect();
    let all: String = (0..count)
        .map(|index| format!("(global.set $no (local.get $a{index})) (global.set $no (local.get $b{index})) "))
        .collect();
    Program::new(
        format!("branches over {count} locals"),
        format!("(if (global.get $no) (then {swap})) (if (global.get $no) (then {all}))").repeat(8),
    )
    .before(format!("{locals} {copy}"))
    .with(NO)
}

/// Many operands on the stack that have other values behind a branch that is never taken.
fn stack_merge(count: usize) -> Program {
    let types = "i32 ".repeat(count);
    let get: String = (0..count).map(|index| format!("(local.get $a{index}) ")).collect();
    let locals: String = (0..count).map(|index| format!("(local $a{index} i32) ")).collect();
    let set: String = (0..count)
        .map(|index| format!("(local.set $a{index} (i32.add (local.get $i) (i32.const {index}))) "))
        .collect();
    let constants: String = (0..count).map(|index| format!("(i32.const {index}) ")).collect();
    let (drops, keep) = ("drop ".repeat(count), "(global.set $no)".repeat(count));
    let one = format!(
        "(block $b (param {types}) (result {types}) (br_if $b (i32.eqz (global.get $no))) {drops} {constants})"
    );
    Program::new(
        format!("branches over {count} operands"),
        format!("{get} {} (if (param {types}) (global.get $no) (then {keep}) (else {drops})) (if (global.get $no) (then {get} {keep}))", one.repeat(16)),
    )
    .before(format!("{locals} {set}"))
    .with(NO)
}
