//! Counts the rows that it has seen, and gives up at the third.

use std::sync::atomic::{AtomicU32, Ordering};

use hostile_guests::{Batch, Status, Verdicts, finding, guest, judge};

static SEEN: AtomicU32 = AtomicU32::new(0);

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        let seen = SEEN.fetch_add(1, Ordering::Relaxed);
        assert!(n == 0 || seen < 2, "seen {seen} rows");
        Some((Status::Pass, vec![finding(row, format!("{seen} before"))]))
    }))
}

guest!(evaluate);
