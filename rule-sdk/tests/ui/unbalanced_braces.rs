use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "braces")]
fn checked(loan: &Loan) -> Verdict {
    match loan.principal > loan.facility_limit {
        true => Verdict::fail("the principal is {principal"),
        false => Verdict::warn("all is well :}"),
    }
}

fn main() {}
