//! The price list: how much fuel each instruction of WebAssembly costs.
//!
//! Fuel is there to bound time. At one price for all, some instructions take a hundred times as long as others for the same fuel. So
//! an instruction costs what it takes in its worst case: a load, memory that no cache has; a multiplication, operands that
//! processors compute in microcode; a call, code that no cache has. One unit is worth at most 2 ns while memory and code fit the
//! second-level cache, and at most 25 ns with all the memory that the default limits allow. `cargo xtask bench fuel` tries every
//! instruction; `docs/limits.md` has its figures.
//!
//! A change of a price changes which calls exhaust their fuel. Then `FuelSchedule::CURRENT` must become another number.

use wasmtime::OperatorCost;

/// A call of sealed WASI, for the work of the host.
pub(crate) const HOST_CALL: u64 = 2_000;
/// A byte that is printed to sealed WASI.
pub(crate) const PRINTED_BYTE: u64 = 1;
/// A handle in a list that is waited for.
pub(crate) const POLLED_HANDLE: u64 = 100;

macro_rules! price {
    ($costs:ident, $($price:literal: $($operator:ident)+;)+) => {
        $($($costs.$operator = $price;)+)+
    };
}

/// The price list of `FuelSchedule::CURRENT`. What is not in it costs one unit, or none if it makes no machine code.
pub(crate) fn costs() -> OperatorCost {
    let mut costs = OperatorCost::new();
    price! { costs,
        // Memory: the latency of what no cache has; stores do not wait for it.
        8: I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S I64Load8U I64Load16S
            I64Load16U I64Load32S I64Load32U;
        6: I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32;
        // Calls of the runtime, beside what they do with each byte or element.
        128: MemoryGrow TableGrow;
        100: MemoryFill MemoryCopy MemoryInit TableFill TableCopy TableInit;
        40: RefFunc;
        16: DataDrop ElemDrop;
        8: TableGet TableSet;
        // Jumps: wrong predictions, code that no cache has, and the checks of fuel and deadline.
        16: CallIndirect;
        8: Call BrTable;
        6: Loop;
        3: If BrIf;
        2: Br Return;
        // Arithmetic: slow divisions, and operands near zero.
        16: I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU;
        48: F32Div F64Div F32Sqrt F64Sqrt;
        40: F32Mul F64Mul;
        16: F32DemoteF64 F64PromoteF32;
        8: F32Ceil F32Floor F32Trunc F32Nearest F64Ceil F64Floor F64Trunc F64Nearest;
        6: F32Min F32Max F64Min F64Max I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U I64TruncSatF32S
            I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U;
        4: F32Add F32Sub F64Add F64Sub F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U F64ConvertI32S
            F64ConvertI32U F64ConvertI64S F64ConvertI64U I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S
            I64TruncF32U I64TruncF64S I64TruncF64U;
    }
    // The kernel zeroes a page. A byte is one unit without our saying so.
    costs.variable.memory_grow_per_page = 255;
    costs.variable.table_grow_per_element = 4;
    costs.variable.table_fill_per_element = 4;
    costs.variable.table_copy_per_element = 4;
    costs.variable.table_init_per_element = 4;
    costs
}
