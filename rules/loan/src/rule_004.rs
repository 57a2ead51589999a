//! The balance of a loan fits its status.

use jurat_rule::{Decimal, Inputs, Verdict, fail, rule};

#[derive(Debug, Inputs)]
pub(crate) struct Loan<'a> {
    principal: Decimal,
    balance: Decimal,
    status: Option<&'a str>,
}

#[rule(
    id = "rule_004_v1",
    entity = "loan",
    description = "The balance of a loan is within its principal, zero if it is paid off, and not zero while it is active",
    annotations(owner = "servicing")
)]
pub(crate) fn balance_fits_status(loan: &Loan<'_>) -> Verdict {
    let mut verdict = Verdict::pass();
    if loan.balance > loan.principal {
        verdict.also(fail!(
            Loan,
            "balance is {balance}, expected no more than the principal, {principal}",
            code = "balance_above_principal",
            on = ["balance", "principal"],
        ));
    }
    match loan.status {
        Some("paid_off") if !loan.balance.is_zero() => verdict.also(fail!(
            Loan,
            "balance is {balance}, expected 0 as the status is {status}",
            code = "paid_off_with_balance",
            on = ["balance", "status"],
        )),
        Some("active") if loan.balance.is_zero() => verdict.also(fail!(
            Loan,
            "balance is {balance}, expected more than 0 as the status is {status}",
            code = "active_without_balance",
            on = ["balance", "status"],
        )),
        _ => {}
    }
    verdict
}

#[cfg(test)]
mod tests {
    use jurat_rule::Status;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(principal: i64, balance: Decimal, status: Option<&str>, codes: &[&str]) {
        let verdict = balance_fits_status(&Loan { principal: principal.into(), balance, status });
        let expected = if codes.is_empty() { Status::Pass } else { Status::Fail };
        assert_eq!((verdict.status(), &*verdict.codes()), (expected, codes));
    }

    #[test]
    fn a_balance_that_fits_passes() {
        check(100, decimal("50"), Some("active"), &[]);
        check(100, decimal("100.00"), Some("active"), &[]);
        check(100, decimal("0.00"), Some("paid_off"), &[]);
        check(100, Decimal::ZERO, Some("written_off"), &[]);
        check(100, Decimal::ZERO, None, &[]);
    }

    #[test]
    fn a_balance_above_the_principal_fails() {
        check(100, decimal("100.01"), None, &["balance_above_principal"]);
    }

    #[test]
    fn paid_off_means_that_nothing_is_left() {
        check(100, decimal("0.0000000000000000000000000001"), Some("paid_off"), &["paid_off_with_balance"]);
        check(100, decimal("-0.01"), Some("paid_off"), &["paid_off_with_balance"]);
        check(100, Decimal::MAX, Some("paid_off"), &["balance_above_principal", "paid_off_with_balance"]);
    }

    #[test]
    fn active_means_that_something_is_left() {
        check(100, decimal("0.0000000000000000000000000000"), Some("active"), &["active_without_balance"]);
        check(100, -Decimal::ZERO, Some("active"), &["active_without_balance"]);
    }
}
