//! Answers with a param of `n` bytes.

use hostile_guests::{Batch, Finding, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let params = vec![("key".to_owned(), "x".repeat(count(n)))];
        (n != 0).then(|| (Status::Pass, vec![Finding { params, ..finding(row, String::new()) }]))
    }))
}

guest!(evaluate);
