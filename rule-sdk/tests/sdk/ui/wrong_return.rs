use jurat_rule::{Decimal, Inputs, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "answers yes or no")]
fn checked(loan: &Loan) -> bool {
    loan.principal > loan.facility_limit
}

fn main() {}
