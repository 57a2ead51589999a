//! The figures and dates of a loan make sense together.

use jurat_rule::{Date, Decimal, Inputs, Verdict, fail, rule};

#[derive(Debug, Inputs)]
pub(crate) struct Loan {
    principal: Decimal,
    balance: Option<Decimal>,
    rate: Option<Decimal>,
    inception: Option<Date>,
    maturity: Option<Date>,
}

#[rule(
    id = "rule_002_v1",
    entity = "loan",
    description = "A loan has a positive principal, no negative rate, a maturity after its inception, and a balance within its principal",
    annotations(owner = "credit-risk")
)]
pub(crate) fn financial_soundness(loan: &Loan) -> Verdict {
    let mut verdict = Verdict::pass();
    if loan.principal <= Decimal::ZERO {
        verdict.also(fail!(
            Loan,
            "principal is {principal}, expected more than 0",
            code = "principal_not_positive",
            on = ["principal"],
        ));
    }
    if loan.rate.is_some_and(|rate| rate < Decimal::ZERO) {
        verdict.also(fail!(Loan, "rate is {rate}, expected 0 or more", code = "rate_negative", on = ["rate"]));
    }
    match (loan.inception, loan.maturity) {
        (Some(inception), Some(maturity)) if inception < maturity => {}
        (Some(_), Some(_)) => verdict.also(fail!(
            Loan,
            "maturity is {maturity}, expected a day after the inception, {inception}",
            code = "maturity_not_after_inception",
            on = ["maturity", "inception"],
        )),
        (Some(_), None) => {
            verdict.also(fail!(Loan, "maturity is missing, expected a date", code = "date_missing", on = ["maturity"],))
        }
        (None, Some(_)) => verdict.also(fail!(
            Loan,
            "inception is missing, expected a date",
            code = "date_missing",
            on = ["inception"],
        )),
        (None, None) => verdict.also(fail!(
            Loan,
            "inception and maturity are missing, expected two dates",
            code = "date_missing",
            on = ["inception", "maturity"],
        )),
    }
    if loan.balance.is_some_and(|balance| balance > loan.principal) {
        verdict.also(fail!(
            Loan,
            "balance is {balance}, expected no more than the principal, {principal}",
            code = "balance_above_principal",
            on = ["balance", "principal"],
        ));
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

    fn sound() -> Loan {
        Loan {
            principal: decimal("250000.00"),
            balance: Some(decimal("150000.00")),
            rate: Some(decimal("0.0425")),
            inception: Date::from_ymd(2023, 1, 15),
            maturity: Date::from_ymd(2033, 1, 15),
        }
    }

    #[track_caller]
    fn check(loan: &Loan, codes: &[&str]) {
        let verdict = financial_soundness(loan);
        let status = if codes.is_empty() { Status::Pass } else { Status::Fail };
        assert_eq!((verdict.status(), &*verdict.codes()), (status, codes));
    }

    #[test]
    fn a_sound_loan_passes() {
        check(&sound(), &[]);
        check(&Loan { balance: None, rate: None, ..sound() }, &[]);
    }

    #[test]
    fn the_principal_is_above_zero() {
        check(&Loan { principal: Decimal::ZERO, balance: None, ..sound() }, &["principal_not_positive"]);
        check(
            &Loan { principal: decimal("-0.0000000000000000000000000001"), balance: None, ..sound() },
            &["principal_not_positive"],
        );
        check(&Loan { principal: decimal("0.0000000000000000000000000001"), balance: None, ..sound() }, &[]);
    }

    #[test]
    fn a_rate_may_be_zero_but_not_below() {
        check(&Loan { rate: Some(decimal("0.0000")), ..sound() }, &[]);
        check(&Loan { rate: Some(decimal("-0.0001")), ..sound() }, &["rate_negative"]);
    }

    #[test]
    fn both_dates_are_needed_in_one_finding() {
        for (inception, maturity) in [(None, None), (sound().inception, None), (None, sound().maturity)] {
            check(&Loan { inception, maturity, ..sound() }, &["date_missing"]);
        }
    }

    #[test]
    fn maturity_is_after_the_day_of_inception() {
        let inception = Date::from_ymd(2024, 2, 29);
        check(&Loan { inception, maturity: Date::from_ymd(2024, 3, 1), ..sound() }, &[]);
        check(&Loan { inception, maturity: inception, ..sound() }, &["maturity_not_after_inception"]);
        check(&Loan { inception, maturity: Date::from_ymd(2024, 2, 28), ..sound() }, &["maturity_not_after_inception"]);
    }

    #[test]
    fn the_balance_is_at_most_the_principal() {
        check(&Loan { balance: Some(decimal("250000")), ..sound() }, &[]);
        check(&Loan { balance: Some(decimal("250000.01")), ..sound() }, &["balance_above_principal"]);
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let loan = Loan {
            principal: Decimal::MIN,
            balance: Some(Decimal::MAX),
            rate: Some(Decimal::MIN),
            inception: None,
            maturity: Some(Date::from_days(i32::MAX)),
        };
        check(&loan, &["principal_not_positive", "rate_negative", "date_missing", "balance_above_principal"]);
    }
}
