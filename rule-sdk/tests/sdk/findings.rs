//! Findings in every position of the code, and names that only resemble theirs. `ui` has the same with wrong names.

use jurat_rule::testing::{Row, judge};
use jurat_rule::*;

use jurat_rule::{Verdict as V, fail as deny};

#[derive(Inputs)]
struct Loan<'a> {
    principal: Decimal,
    status: Option<&'a str>,
    #[input(of = "parent", name = "limit")]
    facility_limit: Decimal,
    r#type: Option<&'a str>,
}

type Borrowed<'a> = Loan<'a>;

/// A type whose methods have the names that a check by name would take for those of a verdict.
struct Calendar;

impl Calendar {
    fn on(&self, day: &str) -> bool {
        day == "2024-01-01"
    }

    fn fail(_: &str) -> Self {
        Self
    }

    fn code(self, _: &str) -> Self {
        self
    }

    fn param(self, _: &str, _: u8) -> Self {
        self
    }
}

macro_rules! above {
    ($struct:ty, $message:literal, $on:literal) => {
        fail!($struct, $message, code = "above", on = [$on])
    };
}

fn in_a_helper(message_is_for_people: &str) -> V {
    deny!(Borrowed, "the status is {status}: {why}", why = message_is_for_people)
}

fn without_inputs(why: &str) -> Verdict {
    norun!("{why} {{braces}}", why = why)
}

#[rule(id = "anywhere", entity = "loan", description = "writes findings in every place that has room for one")]
fn anywhere(loan: &Loan<'_>) -> V {
    let mut verdict = V::pass();
    if !Calendar::fail("{typo}").code("not a name").param("not a name", 1).on("2024-01-01") {
        return in_a_helper("never");
    }
    let limits = [loan.facility_limit, loan.principal];
    let nested = || limits.iter().map(|limit| move || fail!(Loan, "{parent.limit} {limit}", limit = limit));
    nested().for_each(|make| verdict.also(make()));
    verdict.also(above!(Loan<'_>, "{principal} is above {parent.limit:json}", "parent.limit"));
    for one in [warn!(Loan, "{type}", on = ["type", "status"]), in_a_helper("why"), without_inputs("why")] {
        verdict.also(one);
    }
    verdict.also(match (loan.status, loan.r#type) {
        (None, None) => fail!(Loan, "a param may be called {type_}, {r}", type_ = 1, r = 2,),
        _ => V::pass(),
    });
    verdict
}

package![anywhere];

#[test]
fn a_finding_can_be_written_anywhere() {
    let row = Row::new().with("principal", Decimal::ONE).with("parent.limit", Decimal::TWO);
    let verdicts = judge(package(), "anywhere", &[row]);
    assert_eq!(verdicts.statuses, [Status::Fail]);
    let said: Vec<_> = verdicts.findings.iter().map(|said| (&*said.message, said.code, &*said.inputs)).collect();
    assert_eq!(
        said,
        [
            ("{parent.limit} {limit}", None, &[][..]),
            ("{parent.limit} {limit}", None, &[]),
            ("{principal} is above {parent.limit:json}", Some("above"), &[2]),
            ("{type}", None, &[3, 1]),
            ("the status is {status}: {why}", None, &[]),
            ("{why} {{braces}}", None, &[]),
            ("a param may be called {type_}, {r}", None, &[]),
        ]
    );
    let params: Vec<_> = verdicts.findings.iter().flat_map(|said| &said.params).collect();
    let expected = [("limit", "2"), ("limit", "1"), ("why", "why"), ("why", "why"), ("type_", "1"), ("r", "2")];
    assert_eq!(params, expected.map(|(key, value)| (key, value.to_owned())).iter().collect::<Vec<_>>());
}
