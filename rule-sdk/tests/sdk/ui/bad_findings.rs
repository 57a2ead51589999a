use jurat_rule::{Decimal, Inputs, Verdict, fail, norun, rule, warn};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "is not written as the macro reads it")]
fn checked(loan: &Loan) -> Verdict {
    let text = String::from("{principal}");
    let mut verdict = fail!();
    verdict.also(fail!(Loan));
    verdict.also(fail!(Loan, text));
    verdict.also(fail!(Loan, format!("{}", loan.principal)));
    verdict.also(fail!(text));
    verdict.also(warn!("the principal is {principal}"));
    verdict.also(warn!("wrong", on = ["principal"]));
    verdict.also(norun!(Loan, "wrong", code = "not a name"));
    verdict.also(norun!(Loan, "wrong", code = text));
    verdict.also(norun!(Loan, "wrong", on = "principal"));
    verdict.also(norun!(Loan, "{a}", a = 1, a = 2));
    verdict.also(norun!(Loan, "{a}", a = loan));
    verdict.also(norun!(Loan, "{}", loan.principal));
    verdict.also(norun!(NotThere, "{principal}"));
    verdict.also(norun!(String, "{principal} {principal}"));
    verdict
}

fn main() {}
