//! Hides its objection from readers in a terminal, a web page or a spreadsheet.

use hostile_guests::{Batch, Finding, Status, Verdicts, finding, guest, judge};

const MESSAGE: &str = "\u{1b}[2K\u{1b}[1A\u{202e}PASS\r<script>alert(1)</script>\u{0}=cmd()\u{9b}31m{n}";

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let params = vec![(MESSAGE.to_owned(), MESSAGE.to_owned())];
        (n != 0).then(|| (Status::Fail, vec![Finding { params, ..finding(row, MESSAGE.to_owned()) }]))
    }))
}

guest!(evaluate);
