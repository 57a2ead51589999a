//! How much of its principal a loan still uses.

use jurat_rule::{Decimal, Inputs, RoundingStrategy, Verdict, norun, rule, warn};

/// 0.85: above it, a person should check the loan.
const LIMIT: Decimal = Decimal::from_parts(85, 0, 0, false, 2);

#[derive(Debug, Inputs)]
pub(crate) struct Loan {
    principal: Decimal,
    balance: Decimal,
}

#[rule(
    id = "rule_005_v1",
    entity = "loan",
    description = "The balance of a loan is at most 85 % of its principal",
    annotations(owner = "credit-risk")
)]
pub(crate) fn utilisation(loan: &Loan) -> Verdict {
    if loan.principal <= Decimal::ZERO {
        return norun!(
            Loan,
            "principal is {principal}, so there is no percentage to check",
            code = "principal_not_positive",
            on = ["principal"],
        );
    }
    // A product by less than one cannot overflow; it is exact up to 26 digits and rounded beyond.
    if loan.principal.checked_mul(LIMIT).is_none_or(|limit| loan.balance <= limit) {
        return Verdict::pass();
    }
    warn!(
        Loan,
        "balance is {balance}, which is {percent} % of the principal, {principal}; expected at most 85 %",
        percent = percentage(loan.balance, loan.principal),
        code = "high_utilisation",
        on = ["balance", "principal"],
    )
}

/// `part` of `whole` in percent, to one decimal, half to even.
fn percentage(part: Decimal, whole: Decimal) -> String {
    match part.checked_div(whole).and_then(|ratio| ratio.checked_mul(Decimal::ONE_HUNDRED)) {
        Some(percent) => format!("{:.1}", percent.round_dp_with_strategy(1, RoundingStrategy::MidpointNearestEven)),
        None => "more than 10^28".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jurat_rule::Status;

    use super::*;

    fn judged(principal: &str, balance: &str) -> Verdict {
        utilisation(&Loan { principal: principal.parse().unwrap(), balance: balance.parse().unwrap() })
    }

    #[test]
    fn up_to_85_percent_passes() {
        for (principal, balance) in [("100", "0"), ("200000", "170000"), ("200000.00", "170000.0000"), ("1", "-5")] {
            assert_eq!(judged(principal, balance), Verdict::pass(), "{balance} of {principal}");
        }
    }

    #[test]
    fn above_85_percent_warns_with_the_percentage() {
        for (principal, balance, percent) in [
            ("200000", "170000.01", "85.0"),
            ("1000", "910", "91.0"),
            // Half to even.
            ("10000", "9125", "91.2"),
            ("10000", "9135", "91.4"),
            ("10000", "9135.0001", "91.4"),
            ("3", "4", "133.3"),
            ("0.0000000000000000000000000001", "0.0085", "8500000000000000000000000000.0"),
            ("0.0000000000000000000000000001", "79228162514264337593543950335", "more than 10^28"),
        ] {
            let verdict = judged(principal, balance);
            assert_eq!((verdict.status(), verdict.codes()), (Status::Warn, vec!["high_utilisation"]));
            assert_eq!(verdict.findings()[0].params(), [("percent", percent.to_owned())], "{balance} of {principal}");
        }
    }

    #[test]
    fn without_a_principal_there_is_no_ratio() {
        for principal in ["0", "0.00", "-1", "-79228162514264337593543950335"] {
            let verdict = judged(principal, "1");
            assert_eq!((verdict.status(), verdict.codes()), (Status::Norun, vec!["principal_not_positive"]));
        }
    }
}
