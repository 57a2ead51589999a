//! Blames the row that comes `n` rows after the last.

use hostile_guests::{Batch, Status, Verdicts, count, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    let last = batch.rows - 1;
    Ok(judge(batch, |_, n| {
        let beyond = u32::try_from(count(n)).unwrap_or(u32::MAX).saturating_add(last);
        (n != 0).then(|| (Status::Pass, vec![finding(beyond, "somebody else".to_owned())]))
    }))
}

guest!(evaluate);
