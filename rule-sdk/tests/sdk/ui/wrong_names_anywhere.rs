//! A wrong name is found wherever the finding is written, and whatever its parts are called there.

use jurat_rule::*;

use jurat_rule::{Verdict as V, fail as deny};

#[derive(Inputs)]
struct Loan<'a> {
    principal: Decimal,
    status: Option<&'a str>,
}

type Borrowed<'a> = Loan<'a>;

macro_rules! above {
    ($struct:ty, $message:literal, $on:literal) => {
        fail!($struct, $message, code = "above", on = [$on])
    };
}

fn in_a_helper(why: &str) -> V {
    deny!(Borrowed, "the status is {statsu}: {why}", why = why)
}

#[rule(id = "anywhere", entity = "loan", description = "writes findings in every place that has room for one")]
fn anywhere(loan: &Loan<'_>) -> V {
    let mut verdict = V::pass();
    let nested = || (0..1).map(|_| move || fail!(Loan, "{prinicpal}"));
    nested().for_each(|make| verdict.also(make()));
    verdict.also(above!(Loan<'_>, "{pincipal} is above", "state"));
    for one in vec![warn!(Loan, "wrong", on = ["statuss"]), in_a_helper("why")] {
        verdict.also(one);
    }
    if loan.principal.is_zero() && loan.status.is_none() {
        return V::fail("{typo}");
    }
    verdict
}

fn main() {}
