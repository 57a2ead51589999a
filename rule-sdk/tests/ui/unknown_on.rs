use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "names what is not there")]
fn checked(loan: &Loan) -> Verdict {
    let _ = loan.principal > loan.facility_limit;
    Verdict::fail("wrong").on("principal").on("limit").on("facility_limit")
}

fn main() {}
