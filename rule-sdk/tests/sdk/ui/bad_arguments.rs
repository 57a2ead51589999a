use jurat_rule::{Decimal, Inputs, Verdict, rule};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

#[rule(id = "rule 901", entity = "loan", description = "a space in the id")]
fn one(_: &Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_902_v1", entity = "loan", description = "")]
fn two(_: &Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_903_v1", entity = "loan", description = "severity is an annotation", severity = "high")]
fn three(_: &Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_904_v1", entity = "loan", description = "twice", annotations(owner = "a", owner = "b"))]
fn four(_: &Loan) -> Verdict {
    Verdict::pass()
}

#[rule(id = "rule_905_v1", id = "rule_906_v1", entity = "loan", description = "twice")]
fn five(_: &Loan) -> Verdict {
    Verdict::pass()
}

fn main() {}
