use jurat_rule::{Decimal, Inputs};

#[derive(Inputs)]
enum Loan {
    Active(Decimal),
}

#[derive(Inputs)]
struct Pair(Decimal, Decimal);

#[derive(Inputs)]
struct Generic<T> {
    value: T,
}

#[derive(Inputs)]
struct Lives<'a, 'b> {
    one: &'a str,
    other: &'b str,
}

fn main() {}
