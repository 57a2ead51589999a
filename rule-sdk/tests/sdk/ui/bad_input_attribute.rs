use jurat_rule::{Decimal, Inputs};

#[derive(Inputs)]
struct One {
    #[input(path = "financial.limit")]
    limit: Decimal,
}

#[derive(Inputs)]
struct Two {
    #[input(name = "financial.limit")]
    limit: Decimal,
}

#[derive(Inputs)]
struct Three {
    #[input(of = "parent", of = "parent")]
    limit: Decimal,
}

fn main() {}
