//! Gives its findings last row first, which only shows where there are two.

use hostile_guests::{Batch, Status, Verdicts, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    let mut reply = judge(batch, |row, n| (n != 0).then(|| (Status::Fail, vec![finding(row, "a reason".to_owned())])));
    reply.findings.reverse();
    Ok(reply)
}

guest!(evaluate);
