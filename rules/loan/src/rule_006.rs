//! The principal of a loan is within the limit of its facility.

use jurat_rule::{Decimal, Inputs, Verdict, fail, rule};

#[derive(Debug, Inputs)]
pub(crate) struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(
    id = "rule_006_v1",
    entity = "loan",
    description = "The principal of a loan is within the limit of its facility",
    annotations(owner = "credit-risk")
)]
pub(crate) fn within_facility_limit(loan: &Loan) -> Verdict {
    if loan.principal <= loan.facility_limit {
        return Verdict::pass();
    }
    fail!(
        Loan,
        "principal is {principal}, expected no more than the limit of the facility, {parent.limit}",
        code = "principal_above_facility_limit",
        on = ["principal", "parent.limit"],
    )
}

#[cfg(test)]
mod tests {
    use jurat_rule::Status;

    use super::*;

    fn judged(principal: &str, limit: &str) -> Verdict {
        within_facility_limit(&Loan { principal: principal.parse().unwrap(), facility_limit: limit.parse().unwrap() })
    }

    #[test]
    fn a_principal_up_to_the_limit_passes() {
        assert_eq!(judged("99.99", "100"), Verdict::pass());
        assert_eq!(judged("100.00", "100"), Verdict::pass());
    }

    #[test]
    fn a_principal_above_the_limit_fails() {
        let verdict = judged("100.01", "100.00");
        assert_eq!((verdict.status(), verdict.codes()), (Status::Fail, vec!["principal_above_facility_limit"]));
        assert_eq!(verdict.findings()[0].inputs(), ["principal", "parent.limit"]);
    }
}
