//! Calls itself with so much on the stack that its own memory ends before the machine's stack does.

use std::hint::black_box;

use hostile_guests::{Batch, Verdicts, all_pass, guest, rows};

#[inline(never)]
fn descend(levels: i64) -> u8 {
    let frame = black_box([1; 4 << 10]);
    match levels {
        0 => frame[0],
        _ => descend(levels - 1) ^ frame[7],
    }
}

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    for &n in rows(batch) {
        black_box(descend(n));
    }
    Ok(all_pass(batch))
}

guest!(evaluate);
