use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(entity = "loan", description = "has no id")]
fn checked(loan: &Loan) -> Verdict {
    let _ = loan.principal > loan.facility_limit;
    Verdict::pass()
}

fn main() {}
