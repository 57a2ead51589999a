use jurat_rule::{Date, Inputs, Timestamp};

#[derive(Inputs)]
struct Loan {
    now: Date,
}

#[derive(Inputs)]
struct Order {
    #[input(name = "now")]
    time: Option<Timestamp>,
}

#[derive(Inputs)]
struct Related {
    #[input(of = "parent")]
    now: Date,
}

fn main() {}
