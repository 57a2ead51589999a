//! Answers with `n` findings for a row.

use hostile_guests::{Batch, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let findings = (0..count(n)).map(|_| finding(row, "x".repeat(100))).collect();
        (n != 0).then_some((Status::Pass, findings))
    }))
}

guest!(evaluate);
