//! Calls itself, `n` levels deep.

use std::hint::black_box;

use hostile_guests::{Batch, Verdicts, all_pass, guest, rows};

#[inline(never)]
fn descend(levels: i64, mixed: i64) -> i64 {
    match levels {
        0 => mixed,
        // Something to do on the way back, so that it cannot become a loop.
        _ => descend(levels - 1, mixed ^ levels).rotate_left(7) ^ levels,
    }
}

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    for &n in rows(batch) {
        black_box(descend(n, 1));
    }
    Ok(all_pass(batch))
}

guest!(evaluate);
