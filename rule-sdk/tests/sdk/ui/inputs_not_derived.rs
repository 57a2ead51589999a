use jurat_rule::{Verdict, rule};

struct Loan;

#[rule(id = "rule_901_v1", entity = "loan", description = "takes any struct")]
fn checked(_: &Loan) -> Verdict {
    Verdict::pass()
}

fn main() {}
