//! Names an input that it has not declared: of one input, number `n`.

use hostile_guests::{Batch, Finding, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let inputs = vec![u32::try_from(count(n)).unwrap_or(u32::MAX)];
        (n != 0).then(|| (Status::Fail, vec![Finding { inputs, ..finding(row, "a reason".to_owned()) }]))
    }))
}

guest!(evaluate);
