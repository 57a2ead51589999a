//! Answers with a code that would break out of the line that it is printed in.

use hostile_guests::{Batch, Finding, Status, Verdicts, finding, guest, judge};

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let code = Some("fine\n\u{1b}[2J".to_owned());
        (n != 0).then(|| (Status::Fail, vec![Finding { code, ..finding(row, "a reason".to_owned()) }]))
    }))
}

guest!(evaluate);
