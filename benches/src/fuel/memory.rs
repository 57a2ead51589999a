//! Memory and tables: loads that wait for each other, stores, bulk operations, growth.

use super::control::RANDOM;
use super::program::{Program, Reach};

/// Where the memory begins that a program roams.
const BASE: u32 = 0x10_0000;

pub(super) fn programs() -> Vec<Program> {
    let mut programs = Vec::new();
    for (reach, kibi) in [(Reach::Cache, 32), (Reach::Cache, 1_024), (Reach::All, 14 << 10)] {
        // 64 bytes apart: a line of the cache each. 4,160: also a page each. 60 into a line or 4,092 into a page: two of them.
        for (stride, offset, what) in
            [(64, 0, "lines"), (64, 60, "split lines"), (4_160, 0, "pages"), (4_096, 4_092, "split pages")]
        {
            programs.push(chase(reach, kibi, stride, offset, what, "i32.load", ""));
        }
        programs.push(chase(reach, kibi, 64, 0, "lines", "i64.load32_u", "i32.wrap_i64"));
        programs.push(chase(reach, kibi, 64, 0, "lines", "f32.load", "i32.reinterpret_f32"));
        for load in [
            "i32.load8_s",
            "i32.load8_u",
            "i32.load16_s",
            "i32.load16_u",
            "i32.load",
            "i64.load8_s",
            "i64.load8_u",
            "i64.load16_s",
            "i64.load16_u",
            "i64.load32_s",
            "i64.load",
            "f32.load",
            "f64.load",
        ] {
            let work = format!("{RANDOM} (drop ({load} {})) ", at_random(kibi));
            let work = match load.split_at(3).0 {
                "i32" => format!("{RANDOM} (local.set $j (i32.add (local.get $j) ({load} {})))", at_random(kibi)),
                "i64" => format!(
                    "{RANDOM} (local.set $j (i32.add (local.get $j) (i32.wrap_i64 ({load} {}))))",
                    at_random(kibi)
                ),
                "f32" => format!(
                    "{RANDOM} (local.set $j (i32.add (local.get $j) (i32.reinterpret_f32 ({load} {}))))",
                    at_random(kibi)
                ),
                _ => work,
            };
            programs.push(roaming(format!("{load} by chance in {kibi} KiB"), reach, work.repeat(16)));
        }
        for (store, value) in [
            ("i32.store8", "i32"),
            ("i32.store16", "i32"),
            ("i32.store", "i32"),
            ("i64.store8", "i64"),
            ("i64.store16", "i64"),
            ("i64.store32", "i64"),
            ("i64.store", "i64"),
            ("f32.store", "f32"),
            ("f64.store", "f64"),
        ] {
            let work = format!("{RANDOM} ({store} {} ({value}.const 1)) ", at_random(kibi));
            programs.push(roaming(format!("{store} by chance in {kibi} KiB"), reach, work.repeat(16)));
        }
        let split =
            format!("{RANDOM} (i64.store (i32.or {} (i32.const 4093)) (i64.const 1))", at_random(kibi - 8)).repeat(16);
        programs.push(roaming(format!("i64.store over page ends in {kibi} KiB"), reach, split));
        let line = (0..64)
            .map(|index| format!("(i64.store offset={} (local.get $i) (i64.const 1))", u64::from(BASE) + index * 4_160))
            .collect::<String>();
        if kibi > 1_000 {
            let line = format!(
                "(local.set $i (i32.and (i32.add (local.get $i) (i32.const 64)) (i32.const {})))",
                (kibi - 512) * 1_024 / 2 - 64
            ) + &line;
            programs.push(roaming(format!("i64.store page by page in {kibi} KiB"), reach, line));
        }
        // As dense as can be: the addresses are in the code.
        let mut seed = 1u32;
        let dense: String = (0..4_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = u64::from(BASE) + ((u64::from(seed) * u64::from((kibi << 10) - 4_096)) >> 32);
                format!("(i64.store offset={at} (local.get $j) (i64.const 1))")
            })
            .collect();
        programs.push(roaming(format!("i64.store in {kibi} KiB, addresses in the code"), reach, dense));
        let bytes = (kibi - 20) << 10;
        for (name, work) in [
            ("memory.fill", format!("(memory.fill (i32.const {BASE}) (local.get $n) (i32.const {bytes}))")),
            (
                "memory.copy",
                format!("(memory.copy (i32.const {BASE}) (i32.const {}) (i32.const {}))", BASE + bytes / 2, bytes / 2),
            ),
            (
                "memory.copy by one",
                format!("(memory.copy (i32.const {}) (i32.const {BASE}) (i32.const {}))", BASE + 1, bytes - 1),
            ),
        ] {
            programs.push(roaming(format!("{name} of {kibi} KiB"), reach, work));
        }
    }
    programs.push(roaming(
        "store and load".into(),
        Reach::Cache,
        format!("(i32.store8 (i32.const {BASE}) (local.get $j)) (local.set $j (i32.load (i32.const {BASE})))")
            .repeat(16),
    ));
    programs.push(roaming("two stores and a load".into(), Reach::Cache, format!("(i32.store offset={BASE} (local.get $j) (local.get $j)) (i32.store offset={} (local.get $j) (local.get $j)) (local.set $j (i32.and (i32.wrap_i64 (i64.load offset={BASE} (local.get $j))) (i32.const 7)))", BASE + 4).repeat(16)));
    for length in [0, 1, 7, 64, 300, 5_000] {
        for (name, work) in [
            ("memory.fill", format!("(memory.fill (i32.const {BASE}) (i32.const 1) (i32.const {length}))")),
            (
                "memory.copy",
                format!("(memory.copy (i32.const {BASE}) (i32.const {}) (i32.const {length}))", BASE + 8_192),
            ),
            (
                "memory.copy across pages",
                format!(
                    "(memory.copy (i32.const {}) (i32.const {}) (i32.const {length}))",
                    BASE + 4_093,
                    BASE + 12_285
                ),
            ),
        ] {
            programs.push(roaming(format!("{name} of {length} bytes"), Reach::Cache, work.repeat(16)));
        }
        if length <= 300 {
            let init = format!("(memory.init $d (i32.const {BASE}) (i32.const 0) (i32.const {length}))").repeat(16);
            programs.push(
                roaming(format!("memory.init of {length} bytes"), Reach::Cache, init)
                    .with(format!("(data $d \"{}\")", "x".repeat(300))),
            );
        }
    }
    let grow = |grow: &str| format!("(drop (memory.grow (i32.const {grow}))) ").repeat(16);
    programs.push(Program::new("memory.grow by nothing", grow("0")));
    programs.push(Program::new("memory.grow too far", grow("65536")));
    programs.push(Program::new("memory.size", "(local.set $i (i32.add (local.get $i) (memory.size))) ".repeat(64)));
    programs.push(Program::new("data.drop", "(data.drop $d) ".repeat(64)).with("(data $d \"x\")"));
    programs.extend(tables());
    programs
}

/// Tables of functions. The runtime fills their elements in at the first use.
fn tables() -> Vec<Program> {
    const TABLES: &str = "(func $f) (table $t 5000 9000 funcref) (table $u 5000 funcref)
        (elem (table $t) (i32.const 0) func $f $f $f $f $f $f $f $f) (elem $e func $f $f $f $f $f $f $f $f) (elem declare func $f)";
    let of = |name: &str, work: String| Program::new(name, work).with(TABLES);
    let mut programs = vec![
        of("table.get", "(local.set $i (i32.add (local.get $i) (ref.is_null (table.get $t (i32.and (local.get $i) (i32.const 7)))))) ".repeat(64)),
        of("table.set", "(table.set $t (i32.const 1) (ref.null func)) ".repeat(64)),
        of("table.set and get", "(table.set $t (i32.const 1) (table.get $t (i32.const 2))) ".repeat(64)),
        of("table.size", "(local.set $i (i32.add (local.get $i) (table.size $t))) ".repeat(64)),
        of("table.grow by nothing", "(drop (table.grow $t (ref.null func) (i32.const 0))) ".repeat(16)),
        of("table.grow too far", "(drop (table.grow $t (ref.null func) (i32.const 9000))) ".repeat(16)),
        of("elem.drop", "(elem.drop $e) ".repeat(64)),
    ];
    for length in [0, 1, 8, 5_000] {
        programs.push(of(
            &format!("table.fill of {length}"),
            format!("(table.fill $t (i32.const 0) (ref.null func) (i32.const {length}))").repeat(4),
        ));
        programs.push(of(
            &format!("table.copy of {length}"),
            format!("(table.copy $u $t (i32.const 0) (i32.const 0) (i32.const {length}))").repeat(4),
        ));
        if length <= 8 {
            programs.push(of(
                &format!("table.init of {length}"),
                format!("(table.init $t $e (i32.const 0) (i32.const 0) (i32.const {length}))").repeat(4),
            ));
        }
    }
    programs
}

/// Loads each of which needs the value of the one before, in an order that no processor guesses.
fn chase(reach: Reach, kibi: u32, stride: u32, offset: u32, what: &str, load: &str, convert: &str) -> Program {
    let count = (kibi << 10) / stride - 1;
    let work = format!("(local.get $i) {} (local.set $i)", format!("{load} {convert}\n").repeat(64));
    let name = format!("{load} in turn in {kibi} KiB, {what}");
    // Sattolo's algorithm: a single cycle through all.
    let fields = format!(
        "(func $at (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const {stride})) (i32.const {})))
         (func $shuffle (local $i i32) (local $j i32) (local $k i32) (local $seed i32)
           (loop $l
             (i32.store (call $at (local.get $i)) (call $at (local.get $i)))
             (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count}))))
           (local.set $i (i32.const {}))
           (loop $l
             (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
             (local.set $j (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 4)) (local.get $i)))
             (local.set $k (i32.load (call $at (local.get $i))))
             (i32.store (call $at (local.get $i)) (i32.load (call $at (local.get $j))))
             (i32.store (call $at (local.get $j)) (local.get $k))
             (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
         (start $shuffle)",
        BASE + offset,
        count - 1,
    );
    roaming(name, reach, work).with(fields).before(format!("(local.set $i (i32.const {}))", BASE + offset))
}

/// A pseudo-random address, aligned to 8 bytes.
fn at_random(kibi: u32) -> String {
    // Not a power of two: the product of two numbers of 16 bits, scaled.
    format!(
        "(i32.add (i32.const {BASE}) (i32.mul (i32.rem_u (i32.shr_u (local.get $i) (i32.const 8)) (i32.const {})) (i32.const 8)))",
        (kibi - 8) * 128
    )
}

fn roaming(name: String, reach: Reach, work: String) -> Program {
    Program { reach, pages: 240, ..Program::new(name, work) }
}
