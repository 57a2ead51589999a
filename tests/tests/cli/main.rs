//! The command line, used as people use it: real processes, real files, and what they leave behind.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: whatever fails here is a failed test"
)]

use jurat_tests::{cdn, forge, program, site};

mod authoring;
mod batch;
mod determinism;
mod doctor;
mod endings;
mod flow;
mod golden;
mod help;
mod hostile_text;
mod input;
mod keys;
mod mirror;
mod must_run;
mod operating;
mod publishing;
mod rlimits;
mod schemas;
mod signing;
mod simulate;
mod tampering;
mod unjudged;
mod unsigned;
mod vectors;
mod volumes;
