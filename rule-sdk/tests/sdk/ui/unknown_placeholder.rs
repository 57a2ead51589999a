use jurat_rule::{Decimal, Inputs, Verdict, fail, rule, warn};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "names what is not there")]
fn checked(loan: &Loan) -> Verdict {
    match loan.principal > loan.facility_limit {
        true => fail!(Loan, "the principle {principle} is above the limit {limit}", on = ["principal"]),
        false => warn!(Loan, "the limit {parent.limit} is {percnt} % used, {facility_limit}", percent = 5),
    }
}

fn main() {}
