//! Copies memory about: few instructions, much work.

use std::hint::black_box;

use hostile_guests::{Batch, Verdicts, all_pass, count, guest, rows};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    let mut bytes = vec![1; 2 << 10];
    for &n in rows(batch) {
        for turn in 0..count(n) {
            let from = black_box(turn % 7);
            bytes.copy_within(from..from + 1_024, 1_000);
        }
    }
    black_box(&bytes);
    Ok(all_pass(batch))
}

guest!(evaluate);
