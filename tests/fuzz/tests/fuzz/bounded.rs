//! A fixed number of mutations of the corpus for each target, always the same ones.

use std::panic;

use crate::mutation::mutated;
use crate::random::Random;
use crate::{entries, target};

/// Gives a target mutations of its corpus. The seed of the first is 0, that of the next one 1, and so on.
fn run(name: &str, inputs: u64) {
    let target = target(name);
    let corpus: Vec<_> = entries(&target).into_iter().map(|(_, bytes)| bytes).collect();
    for seed in 0..inputs {
        let input = mutated(&corpus, &mut Random::of(seed));
        if panic::catch_unwind(|| (target.check)(&input)).is_err() {
            panic!("`{name}` does not hold for seed {seed}: b\"{}\"", input.escape_ascii());
        }
    }
}

#[test]
fn nearly_batches_get_an_answer() {
    run("batch", 3_000);
}

#[test]
fn nearly_envelopes_get_an_answer() {
    run("envelope", 5_000);
}

#[test]
fn nearly_field_maps_get_an_answer() {
    run("field_map", 30_000);
}

#[test]
fn nearly_replies_of_guests_get_an_answer() {
    run("guest_reply", 4_000);
}

#[test]
fn nearly_json_gets_an_answer() {
    run("json", 40_000);
}

#[test]
fn nearly_key_files_get_an_answer() {
    run("key_file", 6_000);
}

#[test]
fn nearly_manifests_get_an_answer() {
    run("manifest", 12_000);
}

#[test]
fn nearly_payloads_get_an_answer() {
    run("payload", 12_000);
}

#[test]
fn nearly_records_get_an_answer() {
    run("records", 3_000);
}

#[test]
fn nearly_schemas_get_an_answer() {
    run("schema", 6_000);
}

#[test]
fn nearly_values_have_an_end_or_none() {
    run("value_end", 40_000);
}
