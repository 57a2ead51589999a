//! Every operator from numbers to numbers, on operands that are easy and on some that are hard for processors.

use super::program::Program;

/// How often an operator stands in the work.
const TIMES: usize = 64;

macro_rules! visitors {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        &[$((stringify!($proposal), stringify!($visit))),*]
    };
}

/// All operators that the reader of WebAssembly knows, by proposal.
const OPERATORS: &[(&str, &str)] = wasmparser::for_each_operator!(visitors);

/// The proposals whose operators rules may use.
const PROPOSALS: [&str; 5] = ["mvp", "sign_extension", "saturating_float_to_int", "bulk_memory", "reference_types"];

/// An operator from numbers to a number.
struct Operator {
    name: String,
    operand: &'static str,
    operands: usize,
    result: &'static str,
}

pub(super) fn programs() -> Vec<Program> {
    names().filter_map(operator).flat_map(|operator| operator.programs()).collect()
}

/// The operators that rules may use, as WebAssembly's text format names them.
pub(super) fn names() -> impl Iterator<Item = String> {
    let operators = OPERATORS.iter().filter(|(proposal, _)| PROPOSALS.contains(proposal));
    operators.map(|(_, visit)| name(visit))
}

/// The name of the operator that a visitor is about.
fn name(visit: &str) -> String {
    let name = visit.trim_start_matches("visit_");
    let prefixes = ["i32", "i64", "f32", "f64", "local", "global", "memory", "table", "ref", "data", "elem"];
    match name.split_once('_') {
        Some((prefix, rest)) if prefixes.contains(&prefix) => format!("{prefix}.{rest}"),
        _ => name.to_owned(),
    }
}

/// The operator of that name, if it computes a number from numbers.
fn operator(name: String) -> Option<Operator> {
    const TYPES: [&str; 4] = ["i32", "i64", "f32", "f64"];
    const COMPARISONS: [&str; 15] =
        ["eqz", "eq", "ne", "lt", "gt", "le", "ge", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
    const UNARY: [&str; 14] = [
        "eqz",
        "clz",
        "ctz",
        "popcnt",
        "abs",
        "neg",
        "ceil",
        "floor",
        "trunc",
        "nearest",
        "sqrt",
        "extend8_s",
        "extend16_s",
        "extend32_s",
    ];
    let (result, rest) = name.split_once('.')?;
    let own = *TYPES.iter().find(|known| **known == result)?;
    if rest.starts_with("load") || rest.starts_with("store") || rest == "const" {
        return None;
    }
    let from = TYPES.iter().find(|known| rest.split('_').any(|part| part == **known));
    let (operand, operands, result) = match from {
        Some(from) => (*from, 1, own),
        None => {
            let is_comparison = COMPARISONS.contains(&rest);
            (own, if UNARY.contains(&rest) { 1 } else { 2 }, if is_comparison { "i32" } else { own })
        }
    };
    Some(Operator { name, operand, operands, result })
}

impl Operator {
    fn programs(&self) -> Vec<Program> {
        let pairs: &[(&str, &str)] = match self.operand {
            "i32" => &[("-17", "1"), ("1234567", "3"), ("0", "-1")],
            "i64" => &[("-17", "1"), ("0x7ffffffffffffff1", "3"), ("0x123456789abcdef", "0x123456789")],
            "f32" => &[("1.5", "1.0000001"), ("1e-40", "1"), ("1e-40", "1e-40"), ("nan", "1"), ("0x1p30", "0x1p-30")],
            _ => &[("1.5", "1.0000001"), ("1e-310", "1"), ("1e-310", "1e-310"), ("nan", "1"), ("0x1p30", "0x1p-30")],
        };
        let traps = self.name.contains("trunc_f");
        let pairs = pairs.iter().filter(|(x, _)| !(traps && (*x == "nan")));
        let programs = pairs.flat_map(|(x, y)| {
            let chain = (self.operand == self.result).then(|| self.chain(x, y));
            chain.into_iter().chain([self.side_by_side(x, y)])
        });
        programs.collect()
    }

    /// Each operator needs the result of the one before it.
    fn chain(&self, x: &str, y: &str) -> Program {
        let Self { name, operand, operands, .. } = self;
        let step = if *operands == 2 { format!("(local.get $y) {name}\n") } else { format!("{name}\n") };
        let steps = step.repeat(TIMES);
        self.program(
            "chain",
            x,
            y,
            format!("(global.get $x) (local.set $y (global.get $y)) {steps} (global.set $result)"),
        )
        .before(format!("(local $y {operand})"))
    }

    /// No operator needs the result of another.
    fn side_by_side(&self, x: &str, y: &str) -> Program {
        let Self { name, operand, operands, result } = self;
        let combine = match *result {
            "i32" => "i32.xor",
            "i64" => "i64.xor",
            "f32" => "i32.reinterpret_f32 i32.xor",
            _ => "i64.reinterpret_f64 i64.xor",
        };
        let (sum, zero) = match *result {
            "i32" | "f32" => ("i32", "(i32.const 0)"),
            _ => ("i64", "(i64.const 0)"),
        };
        let mut work = zero.to_owned();
        // The same operands in another order are another value for the compiler.
        for index in 0..TIMES {
            let (x, y) = (index % 8, index / 8);
            work += &match operands {
                2 => format!("(local.get $x{x}) (local.get $y{y}) {name} {combine}\n"),
                _ if y == 0 => format!("(local.get $x{x}) {name} {combine}\n"),
                _ => continue,
            };
        }
        work += &format!("(global.set ${sum})");
        let mut before = String::new();
        for local in 0..8 {
            before += &format!("(local $x{local} {operand}) (local $y{local} {operand})");
        }
        for local in 0..8 {
            work +=
                &format!("(local.set $x{local} (global.get $x{local})) (local.set $y{local} (global.get $y{local}))");
        }
        for local in 0..8 {
            before +=
                &format!("(local.set $x{local} (global.get $x{local})) (local.set $y{local} (global.get $y{local}))");
        }
        let mut globals = String::new();
        for global in 0..8 {
            for (name, value) in [("x", x), ("y", y)] {
                globals += &format!("(global ${name}{global} (mut {operand}) ({operand}.const {value}))\n");
            }
        }
        Program::new(format!("{name} {x} {y} side by side"), work)
            .before(before)
            .with(format!("{globals}(global $i32 (mut i32) (i32.const 0)) (global $i64 (mut i64) (i64.const 0))"))
    }

    fn program(&self, form: &str, x: &str, y: &str, work: String) -> Program {
        let Self { name, operand, result, .. } = self;
        Program::new(format!("{name} {x} {y} {form}"), work).with(format!(
            "(global $x (mut {operand}) ({operand}.const {x})) (global $y (mut {operand}) ({operand}.const {y}))
             (global $result (mut {result}) ({result}.const 0))"
        ))
    }
}
