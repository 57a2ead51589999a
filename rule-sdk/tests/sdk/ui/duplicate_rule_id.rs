use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "one")]
fn one(_: &Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_901_v1", entity = "loan", description = "another")]
fn another(_: &Loan) -> Verdict {
    Verdict::pass()
}

jurat_rule::package![one, another];

fn main() {}
