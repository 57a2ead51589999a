//! Answers with a code of `n` bytes.

use hostile_guests::{Batch, Finding, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let code = Some("x".repeat(count(n)));
        (n != 0).then(|| (Status::Pass, vec![Finding { code, ..finding(row, String::new()) }]))
    }))
}

guest!(evaluate);
