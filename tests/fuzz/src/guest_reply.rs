//! Any reply of a rule is taken or refused, and what is taken can be used: a description makes a release, verdicts make results.
//!
//! How the bytes become a reply is `reply`'s own way; a rule has the contract's types, which the sandbox's runtime reads.

mod host;
mod reply;

use jurat_model::reply::check_declarations;
use jurat_model::{Declaration, Status, Verdicts};

use crate::Answer;
use host::Host;
use reply::Reply;

/// Checks these bytes.
///
/// # Panics
/// When the contract is not kept by what was taken, or code that relies on it cannot use it.
pub fn check(bytes: &[u8]) -> Answer {
    match Reply::of(bytes) {
        Reply::Describe(declarations) => check_description(&declarations),
        Reply::Evaluate(verdicts) => check_answer(&verdicts),
    }
}

fn check_description(declarations: &[Declaration]) -> Answer {
    let checked = check_declarations(declarations);
    match &checked {
        Ok(()) => Host::builds(declarations),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Answer::of(&checked)
}

fn check_answer(verdicts: &Verdicts) -> Answer {
    let host = Host::shared();
    let (results, is_taken) = host.judge(verdicts);
    assert_eq!(results.len(), host.rows(), "each record has its result");
    for (row, record) in results.iter().enumerate() {
        assert!(serde_json::to_string(record).is_ok(), "results can be written");
        let [rule] = &*record.results else { panic!("one rule, one result: {record:?}") };
        let expected = if is_taken { verdicts.statuses[row] } else { Status::Error };
        assert_eq!(rule.status, expected, "row {row}");
        assert!(rule.message.len() <= Host::MESSAGE_BYTES, "a message of {} bytes", rule.message.len());
    }
    if is_taken {
        keeps_the_contract(verdicts, host.rows());
    }
    if is_taken { Answer::Read } else { Answer::Refused }
}

/// What everybody behind the check relies on, in other words than it has.
fn keeps_the_contract(verdicts: &Verdicts, rows: usize) {
    assert_eq!(verdicts.statuses.len(), rows);
    assert!(verdicts.findings.is_sorted_by_key(|finding| finding.row));
    for (row, status) in verdicts.statuses.iter().enumerate() {
        let has_finding = verdicts.findings.iter().any(|finding| finding.row as usize == row);
        assert!(has_finding || !status.needs_finding());
    }
    for finding in &verdicts.findings {
        assert!((finding.row as usize) < rows);
        assert!(finding.inputs.iter().all(|&input| (input as usize) < Host::INPUTS));
        assert!(finding.message.len() <= 4_096 && finding.params.len() <= 64 && finding.inputs.len() <= 256);
        let texts = finding.params.iter().flat_map(|(key, value)| [key, value]);
        assert!(texts.map(String::len).all(|length| length <= 1_024));
    }
}
