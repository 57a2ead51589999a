use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "names what is not there")]
fn checked(loan: &Loan) -> Verdict {
    match loan.principal > loan.facility_limit {
        true => Verdict::fail("the principle {principle} is above the limit {limit}").on("principal"),
        false => Verdict::warn("the limit {parent.limit} is {percent} % used").param("percentage", 5),
    }
}

fn main() {}
