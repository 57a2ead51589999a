//! Allocates `n` times 64 KiB.

use std::hint::black_box;

use hostile_guests::{Batch, Verdicts, all_pass, count, guest, rows};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    for &n in rows(batch) {
        for _ in 0..count(n) {
            hoard.push(Vec::with_capacity(64 << 10));
        }
    }
    black_box(&hoard);
    Ok(all_pass(batch))
}

guest!(evaluate);
