//! Components and limits in, verdicts or faults out: the only crate that names wasmtime.
