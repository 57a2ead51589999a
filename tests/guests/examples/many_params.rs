//! Answers with `n` params.

use hostile_guests::{Batch, Finding, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let params = (0..count(n)).map(|_| ("key".to_owned(), "value".to_owned())).collect();
        (n != 0).then(|| (Status::Pass, vec![Finding { params, ..finding(row, String::new()) }]))
    }))
}

guest!(evaluate);
