use jurat_rule::{Inputs, Verdict, fail, rule};

#[derive(Inputs)]
struct Loan<'a> {
    status: &'a str,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "shows values in forms that do not exist")]
fn checked(loan: &Loan<'_>) -> Verdict {
    match loan.status {
        "a" => fail!(Loan, "{status:text}"),
        "b" => fail!(Loan, "{why:json}", why = 1),
        "c" => fail!(Loan, "{state:json}"),
        _ => fail!("{status:json}"),
    }
}

fn main() {}
