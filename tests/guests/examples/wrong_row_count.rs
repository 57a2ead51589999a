//! Answers with `n` statuses too many, or too few where `n` is negative.

use hostile_guests::{Batch, Status, Verdicts, all_pass, guest, rows};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    let mut reply = all_pass(batch);
    let length = i64::try_from(reply.statuses.len()).unwrap_or(0) + rows(batch).iter().sum::<i64>();
    reply.statuses.resize(usize::try_from(length).unwrap_or(0), Status::Pass);
    Ok(reply)
}

guest!(evaluate);
