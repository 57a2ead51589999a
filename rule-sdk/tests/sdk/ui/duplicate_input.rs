use jurat_rule::{Decimal, Inputs};

#[derive(Inputs)]
struct Loan {
    limit: Decimal,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
    #[input(name = "limit")]
    again: Decimal,
}

fn main() {}
