//! Never returns.

use std::hint::black_box;

use hostile_guests::{Batch, Verdicts, all_pass, guest, rows};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    while rows(batch).iter().any(|&n| n != 0) {
        black_box(());
    }
    Ok(all_pass(batch))
}

guest!(evaluate);
