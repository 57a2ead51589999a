use jurat_rule::{Decimal, Inputs, Verdict, fail, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "names what is not there")]
fn checked(loan: &Loan) -> Verdict {
    let _ = loan.principal > loan.facility_limit;
    fail!(Loan, "wrong", on = ["principal", "limit", "facility_limit", "parnet.limit"])
}

fn main() {}
