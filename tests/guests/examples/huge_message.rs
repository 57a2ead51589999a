//! Answers with a message of `n` bytes.

use hostile_guests::{Batch, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| (n != 0).then(|| (Status::Pass, vec![finding(row, "x".repeat(count(n)))]))))
}

guest!(evaluate);
