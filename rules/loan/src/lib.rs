//! Sample rules for loans: one file for each rule, one component for all of them.
//!
//! `release.yaml` lists the files of the release, `business-config.yaml` says which rules run on which records, and `vectors/` has
//! test records with their expected verdicts. Money and rates are exact decimals throughout.

mod rule_002;
mod rule_003;
mod rule_004;
mod rule_005;
mod rule_006;

jurat_rule::package![
    rule_002::financial_soundness,
    rule_003::known_status,
    rule_004::balance_fits_status,
    rule_005::utilisation,
    rule_006::within_facility_limit,
];

#[cfg(test)]
mod tests {
    use jurat_rule::testing::{Cell, Row, judge};
    use jurat_rule::{Date, Decimal, Status};

    use super::package;

    /// Extreme values of everything that a rule reads, through the loop that also runs in the sandbox.
    #[test]
    fn hostile_numbers_trap_no_rule() {
        let decimals = ["0", "-0.0", "1e-28", "79228162514264337593543950335", "-79228162514264337593543950335"];
        let decimals = decimals.map(|text| Decimal::from_scientific(text).or_else(|_| text.parse()).unwrap());
        let days = [i32::MIN, 0, i32::MAX].map(Date::from_days);
        for rule in package().declarations() {
            let mut rows = Vec::new();
            for (one, other, day) in every_combination(&decimals, &days) {
                let values = [
                    ("principal", one.into()),
                    ("balance", other.into()),
                    ("rate", one.into()),
                    ("parent.limit", other.into()),
                    ("status", "paid_off".into()),
                    ("inception", day.into()),
                    ("maturity", day.into()),
                ];
                let is_read = |name: &str| rule.inputs.iter().any(|input| input.is_named(name));
                let read = values.into_iter().filter(|(name, _)| is_read(name));
                rows.push(read.fold(Row::new(), |row, (name, value): (_, Cell)| row.with(name, value)));
            }
            let verdicts = judge(package(), rule.id, &rows);
            assert_eq!(verdicts.statuses.len(), rows.len());
            assert!(!verdicts.statuses.contains(&Status::Error));
        }
    }

    fn every_combination(decimals: &[Decimal], days: &[Date]) -> Vec<(Decimal, Decimal, Date)> {
        let pairs = decimals.iter().flat_map(|&one| decimals.iter().map(move |&other| (one, other)));
        pairs.flat_map(|(one, other)| days.iter().map(move |&day| (one, other, day))).collect()
    }

    #[test]
    fn the_package_holds_the_rules_of_the_release() {
        let ids: Vec<_> = package().declarations().map(|rule| (rule.id, rule.entity)).collect();
        let expected = ["rule_002_v1", "rule_003_v1", "rule_004_v1", "rule_005_v1", "rule_006_v1"];
        assert_eq!(ids, expected.map(|id| (id, "loan")));
    }
}
