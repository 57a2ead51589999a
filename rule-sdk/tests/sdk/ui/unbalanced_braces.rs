use jurat_rule::{Decimal, Inputs, Verdict, fail, rule, warn};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "braces")]
fn checked(loan: &Loan) -> Verdict {
    match loan.principal > loan.facility_limit {
        true => fail!(Loan, "the principal is {principal"),
        false => warn!("all is well :}"),
    }
}

fn main() {}
