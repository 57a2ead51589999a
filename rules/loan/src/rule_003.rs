//! The status of a loan is one of the known statuses.

use jurat_rule::{Inputs, Verdict, fail, rule};

#[derive(Debug, Inputs)]
pub(crate) struct Loan<'a> {
    status: Option<&'a str>,
}

#[rule(
    id = "rule_003_v1",
    entity = "loan",
    description = "The status of a loan is one of active, paid_off, defaulted and written_off",
    annotations(owner = "servicing")
)]
pub(crate) fn known_status(loan: &Loan<'_>) -> Verdict {
    match loan.status {
        Some("active" | "paid_off" | "defaulted" | "written_off") => Verdict::pass(),
        Some(_) => fail!(
            Loan,
            "status is {status}, expected active, paid_off, defaulted or written_off",
            code = "status_unknown",
            on = ["status"],
        ),
        None => fail!(
            Loan,
            "status is missing, expected active, paid_off, defaulted or written_off",
            code = "status_missing",
            on = ["status"],
        ),
    }
}

#[cfg(test)]
mod tests {
    use jurat_rule::Status;

    use super::*;

    #[test]
    fn known_statuses_pass() {
        for status in ["active", "paid_off", "defaulted", "written_off"] {
            assert_eq!(known_status(&Loan { status: Some(status) }), Verdict::pass());
        }
    }

    #[test]
    fn others_fail() {
        for (status, code) in [
            (None, "status_missing"),
            (Some(""), "status_unknown"),
            (Some("Active"), "status_unknown"),
            (Some("active "), "status_unknown"),
            (Some("paid off"), "status_unknown"),
        ] {
            let verdict = known_status(&Loan { status });
            assert_eq!((verdict.status(), verdict.codes()), (Status::Fail, vec![code]), "{status:?}");
        }
    }
}
