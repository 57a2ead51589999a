//! Of WebAssembly, rules get what they need. Every proposal that is switched off is refused by name of the test.

use jurat_sandbox::{CompileError, Refusal};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, sandbox};

/// A module that nothing but the proposal makes invalid.
struct Proposal {
    name: &'static str,
    module: &'static str,
}

const OFF: &[Proposal] = &[
    Proposal { name: "simd", module: "(module (func (drop (v128.const i32x4 0 0 0 0))))" },
    Proposal {
        name: "relaxed simd",
        module: "(module (func (param v128 v128 v128) (result v128)
            (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))",
    },
    Proposal { name: "shared memory", module: "(module (memory 1 1 shared))" },
    Proposal { name: "atomics", module: "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))" },
    Proposal { name: "tail calls", module: "(module (func $f (return_call $f)))" },
    Proposal { name: "64-bit memory", module: "(module (memory i64 1))" },
    Proposal { name: "64-bit tables", module: "(module (table i64 1 funcref))" },
    Proposal { name: "garbage collection", module: "(module (type (struct (field i32))))" },
    Proposal { name: "exceptions", module: "(module (tag) (func (throw 0)))" },
    Proposal { name: "custom page sizes", module: "(module (memory 1 (pagesize 1)))" },
    Proposal {
        name: "wide arithmetic",
        module: "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1))))",
    },
    Proposal { name: "stack switching", module: "(module (type $f (func)) (type (cont $f)))" },
];

/// What compilers emit by default today, and what rules may use.
const ON: &[Proposal] = &[
    Proposal {
        name: "bulk memory",
        module: "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))))",
    },
    Proposal { name: "sign extension", module: "(module (func (drop (i32.extend8_s (i32.const 1)))))" },
    Proposal { name: "saturating conversions", module: "(module (func (drop (i32.trunc_sat_f64_s (f64.const 1)))))" },
    Proposal { name: "multiple values", module: "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))" },
    Proposal { name: "reference types", module: "(module (table 1 funcref) (func (drop (table.size 0))))" },
    Proposal { name: "mutable globals", module: "(module (global (export \"g\") (mut i32) (i32.const 0)))" },
    Proposal { name: "extended constants", module: "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))" },
    // Types without state; a runtime that is built without garbage collection cannot switch them off.
    Proposal { name: "typed function references", module: "(module (type $f (func)) (func (param (ref $f))))" },
    // Composed components need it; what all memories have together is limited.
    Proposal { name: "two memories", module: "(module (memory 1))" },
];

fn load_with(proposal: &Proposal) -> Result<(), Refusal> {
    let component = guest::with_module(guest::described(&[guest::declaration()]), proposal.module);
    load(sandbox(), component, &Terms::default()).map(drop).map_err(|error| error.reason)
}

#[test]
fn every_proposal_that_is_switched_off_is_refused() {
    for proposal in OFF {
        match load_with(proposal) {
            // Some are so new that the reader of shapes does not know them either.
            Err(Refusal::Compile(CompileError::Invalid(_)) | Refusal::Shape(_)) => {}
            other => panic!("{}: {other:?}", proposal.name),
        }
    }
}

#[test]
fn every_proposal_that_rules_need_is_there() {
    for proposal in ON {
        if let Err(refusal) = load_with(proposal) {
            panic!("{}: {refusal:?}", proposal.name);
        }
    }
}
