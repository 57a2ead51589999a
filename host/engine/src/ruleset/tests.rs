use super::*;

fn node(rule_id: &str, children: Vec<RuleNode>) -> RuleNode {
    RuleNode { rule_id: rule_id.to_owned(), must_run: false, children }
}

fn leaf(rule_id: &str) -> RuleNode {
    node(rule_id, Vec::new())
}

/// A chain of rules, each the child of the one before.
fn chain(levels: usize) -> Vec<RuleNode> {
    (0..levels).rev().fold(Vec::new(), |below, level| vec![node(&format!("rule_{level}"), below)])
}

fn config(tree: Vec<RuleNode>) -> BusinessConfig {
    let ruleset = Ruleset { rules: [("loan".to_owned(), tree)].into(), ..Ruleset::default() };
    BusinessConfig {
        rulesets: [("quick".to_owned(), ruleset)].into(),
        default_helpers: [("loan".to_owned(), "loan_v1.json".to_owned())].into(),
        ..BusinessConfig::default()
    }
}

/// Checks a configuration against three rules and two field maps.
fn check(config: BusinessConfig) -> Result<Rulesets, Vec<String>> {
    Rulesets::new(config, &["a", "b", "c"], &["loan_v1.json", "loan_v2.json"])
        .map_err(|errors| errors.iter().map(RulesetError::to_string).collect())
}

fn refusals(config: BusinessConfig) -> Vec<String> {
    check(config).expect_err("a configuration that is refused")
}

#[test]
fn parents_stand_before_children_and_siblings_in_their_order() {
    let tree = vec![node("a", vec![leaf("b"), node("x", vec![leaf("y")])]), leaf("c")];
    let rulesets = check(config(tree)).unwrap();
    let list = &rulesets.lists()[0];
    let nodes: Vec<_> = list.nodes.iter().map(|node| (&*node.rule_id, node.rule, node.parent, node.depth)).collect();
    assert_eq!(
        nodes,
        [
            ("a", Some(0), None, 0),
            ("b", Some(1), Some(0), 1),
            ("x", None, Some(0), 1),
            ("y", None, Some(2), 2),
            ("c", Some(2), None, 0)
        ]
    );
    assert_eq!((list.ruleset, list.key.as_str()), (0, "loan"));
}

#[test]
fn an_empty_list_and_an_unknown_rule_are_not_errors() {
    assert!(check(config(Vec::new())).unwrap().lists()[0].nodes.is_empty());
    assert_eq!(check(config(vec![leaf("rule_of_tomorrow")])).unwrap().lists()[0].nodes[0].rule, None);
}

#[test]
fn a_rule_that_stands_twice_in_a_list_is_refused_wherever_it_stands() {
    assert_eq!(
        refusals(config(vec![leaf("a"), node("b", vec![leaf("a")])])),
        ["rulesets.quick.rules.loan[1].children[0].rule_id: rule `a` is in this list twice: remove one of them"]
    );
    assert_eq!(refusals(config(vec![node("a", vec![leaf("a")])])).len(), 1);
}

#[test]
fn the_same_rule_may_stand_in_two_lists() {
    let mut config = config(vec![leaf("a")]);
    let ruleset = config.rulesets.get_mut("quick").unwrap();
    ruleset.rules.insert("https://example.com/loan/v1".to_owned(), vec![leaf("a")]);
    assert_eq!(check(config).unwrap().lists().len(), 2);
}

#[test]
fn one_level_more_than_allowed_is_refused() {
    assert_eq!(check(config(chain(MAX_LEVELS))).unwrap().lists()[0].nodes.len(), MAX_LEVELS);
    let refused = refusals(config(chain(MAX_LEVELS + 1)));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].ends_with("children: the hierarchy has more than 25 levels"), "{}", refused[0]);
}

#[test]
fn one_rule_more_than_allowed_is_refused() {
    let rules = |count: usize| (0..count).map(|index| leaf(&format!("rule_{index}"))).collect();
    assert_eq!(check(config(rules(MAX_RULES))).unwrap().lists()[0].nodes.len(), MAX_RULES);
    assert_eq!(
        refusals(config(rules(MAX_RULES + 1))),
        ["rulesets.quick.rules.loan[1000]: the list has more than 1000 rules"]
    );
    assert_eq!(refusals(config(rules(100_000))).len(), 1);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let mut config = config(vec![leaf(""), leaf("a"), leaf("a")]);
    config.rulesets.insert(String::new(), Ruleset::default());
    config.default_helpers.insert("facility".to_owned(), "loan_v3.json".to_owned());
    config.schema_to_helper_mapping.insert("https://example.com/loan/v1.0.0".to_owned(), "nothing like it".to_owned());
    assert_eq!(
        refusals(config),
        [
            "default_helpers.facility: the release has no field map `loan_v3.json`, did you mean `loan_v1.json`?",
            "rulesets[\"\"]: the name is empty",
            "rulesets.quick.rules.loan[0].rule_id: the name is empty",
            "rulesets.quick.rules.loan[2].rule_id: rule `a` is in this list twice: remove one of them",
            "schema_to_helper_mapping[\"https://example.com/loan/v1.0.0\"]: the release has no field map `nothing like it`",
        ]
    );
}

#[test]
fn messages_stay_short_whatever_the_names() {
    let mut config = config(vec![leaf(&"x".repeat(1 << 20)), leaf(&"x".repeat(1 << 20))]);
    config.default_helpers.insert("é".repeat(1 << 20), "é".repeat(1 << 20));
    for refused in refusals(config) {
        assert!(refused.len() < 1_000, "{}", refused.len());
    }
}
