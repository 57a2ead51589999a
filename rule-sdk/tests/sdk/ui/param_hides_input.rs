use jurat_rule::{Decimal, Inputs, Verdict, fail, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "uses a name twice")]
fn checked(loan: &Loan) -> Verdict {
    let _ = loan.facility_limit;
    fail!(Loan, "the principal is {principal}", principal = loan.principal)
}

fn main() {}
