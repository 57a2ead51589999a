use jurat_rule::{Decimal, Inputs, Verdict};

#[derive(Inputs)]
struct Loan {
    principal: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
}

fn helper(_: &Loan) -> Verdict {
    Verdict::pass()
}

jurat_rule::package![helper];

fn main() {}
