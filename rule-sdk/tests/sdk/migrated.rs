//! The rules of `docs/migrating-from-validation-lib.md`: the same figures as binary fractions and as decimals.

use jurat_rule::testing::{Row, judge};
use jurat_rule::*;

// As the page shows it.
#[derive(Inputs)]
struct AsPython {
    first: f64,
    second: f64,
    cap: f64,
}

#[rule(id = "fees_as_python", entity = "loan", description = "The fees of a loan are within their cap")]
fn fees_as_python(loan: &AsPython) -> Verdict {
    if loan.first + loan.second > loan.cap {
        return fail!(AsPython, "{first} and {second} exceed {cap}");
    }
    Verdict::pass()
}

#[derive(Inputs)]
struct Exact {
    first: Decimal,
    second: Decimal,
    cap: Decimal,
}

#[rule(id = "fees_exact", entity = "loan", description = "The fees of a loan are within their cap")]
fn fees_exact(loan: &Exact) -> Verdict {
    if loan.first.checked_add(loan.second).is_none_or(|sum| sum > loan.cap) {
        return fail!(Exact, "{first} and {second} exceed {cap}");
    }
    Verdict::pass()
}
// To here.

package![fees_as_python, fees_exact];

#[test]
fn binary_fractions_give_the_verdicts_of_python_and_decimals_are_exact() {
    for (figures, as_python, exact) in [
        (["0.1", "0.2", "0.3"], Status::Fail, Status::Pass),
        (["0.1", "0.7", "0.8"], Status::Pass, Status::Pass),
        (["1.1", "2.2", "3.3"], Status::Fail, Status::Pass),
        (["0.5", "0.25", "0.75"], Status::Pass, Status::Pass),
        (["0.1", "0.2", "0.29"], Status::Fail, Status::Fail),
    ] {
        let names = ["first", "second", "cap"].into_iter().zip(figures);
        let fractions =
            names.clone().fold(Row::new(), |row, (name, figure)| row.with(name, figure.parse::<f64>().unwrap()));
        let decimals = names.fold(Row::new(), |row, (name, figure)| row.with(name, figure.parse::<Decimal>().unwrap()));
        assert_eq!(judge(package(), "fees_as_python", &[fractions]).statuses, [as_python], "{figures:?}");
        assert_eq!(judge(package(), "fees_exact", &[decimals]).statuses, [exact], "{figures:?}");
    }
}
