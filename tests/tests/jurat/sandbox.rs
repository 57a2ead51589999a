//! The sandbox: hostile rules in, faults and verdicts out.

mod attacks;
mod chunking;
mod compiled_cache;
mod compiler;
mod contract;
mod deadline;
mod descriptions;
mod features;
mod halving;
mod neighbours;
mod refusals;
mod sealed;
mod shared_code;
