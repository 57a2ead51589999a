//! Works for as long as it is told to: up to one instruction below the limit, or beyond it.

use std::hint::black_box;

use hostile_guests::{Batch, Verdicts, all_pass, guest, rows};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    for &n in rows(batch) {
        for turn in 0..n {
            black_box(turn);
        }
    }
    Ok(all_pass(batch))
}

guest!(evaluate);
