//! Whole requests over rules that are scripted: what each record is told, whatever the chunks, the threads and the neighbours.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod bad_answers;
mod broken_records;
mod cases;
mod discovery;
mod equality;
mod evidence;
mod fairness;
mod fixture;
mod hostile;
mod inputs;
mod load;
mod mixed;
mod model;
mod observed;
mod properties;
mod records;
mod requests;
mod routes;
mod scripted;
mod single;
mod streams;
mod supplied;
mod supplier;
mod turns;
mod unjudged;
mod written;
