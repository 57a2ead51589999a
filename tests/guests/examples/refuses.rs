//! Says that it cannot read the batch, with a text that would take over a terminal.

use hostile_guests::{Batch, Verdicts, all_pass, guest, rows};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    match rows(batch).iter().all(|&n| n == 0) {
        true => Ok(all_pass(batch)),
        false => Err("\u{1b}]0;owned\u{7}\n2026-01-01 INFO all is well".to_owned()),
    }
}

guest!(evaluate);
