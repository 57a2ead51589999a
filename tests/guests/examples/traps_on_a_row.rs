//! Panics.

use hostile_guests::{Batch, Verdicts, all_pass, guest, rows};

fn evaluate(batch: Batch) -> Result<Verdicts, String> {
    let quotient: i64 = rows(&batch).iter().map(|&n| if n == 0 { 0 } else { 1 / (n - n) }).sum();
    assert_eq!(quotient, 0);
    Ok(all_pass(&batch))
}

guest!(evaluate);
