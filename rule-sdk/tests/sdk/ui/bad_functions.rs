use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "takes its inputs by value")]
fn by_value(_: Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_902_v1", entity = "loan", description = "takes two")]
fn two(_: &Loan, _: &Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_903_v1", entity = "loan", description = "changes its inputs")]
fn changes(_: &mut Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_904_v1", entity = "loan", description = "says nothing")]
fn silent(_: &Loan) {}

#[rule(id = "rule_905_v1", entity = "loan", description = "waits")]
async fn waits(_: &Loan) -> Verdict {
    Verdict::pass()
}

fn main() {}
