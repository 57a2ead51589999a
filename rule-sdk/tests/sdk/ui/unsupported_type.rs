use jurat_rule::Inputs;

struct Money;

#[derive(Inputs)]
struct Loan<'a> {
    count: u32,
    rate: f32,
    tags: Vec<String>,
    raw: &'a [u8],
}

#[derive(Inputs)]
struct Order {
    total: Money,
}

fn main() {}
