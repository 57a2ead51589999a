use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "a code with a space")]
fn checked(loan: &Loan) -> Verdict {
    let _ = loan.principal > loan.facility_limit;
    Verdict::fail("wrong").code("not a name")
}

fn main() {}
