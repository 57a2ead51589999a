use std::collections::BTreeMap;

use serde_json::Value;

use super::routes::REMEMBERED;
use super::*;
use crate::ruleset::{BusinessConfig, RuleNode, Ruleset, Rulesets, UnknownSchema};
use crate::schema::SchemaOptions;

/// What the cases are run against: one table, four configurations.
struct Table(Value);

impl Table {
    fn load() -> Self {
        let text = include_str!("cases.json").replace("\"https:", "\"https://rules.example/");
        Self(serde_json::from_str(&text.replace("| https:", "| https://rules.example/")).unwrap())
    }

    fn field_maps(&self) -> Vec<&str> {
        let names = ["mapping", "defaults"].into_iter().flat_map(|part| self.0[part].as_object().unwrap().values());
        names.map(|name| name.as_str().unwrap()).collect()
    }

    fn router(&self, configuration: &str) -> Router {
        let switches = &self.0["configurations"][configuration];
        let rules = |list: &Value| -> Vec<RuleNode> {
            let ids = list.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
            ids.map(|rule_id| RuleNode { rule_id, ..RuleNode::default() }).collect()
        };
        let ruleset = |lists: &Value| Ruleset {
            rules: lists.as_object().unwrap().iter().map(|(key, list)| (key.clone(), rules(list))).collect(),
            ..Ruleset::default()
        };
        let texts = |part: &str| -> BTreeMap<String, String> {
            let pairs = self.0[part].as_object().unwrap();
            pairs.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
        };
        let rulesets = self.0["rulesets"].as_object().unwrap();
        let config = BusinessConfig {
            rulesets: rulesets.iter().map(|(name, lists)| (name.clone(), ruleset(lists))).collect(),
            schema_to_helper_mapping: texts("mapping"),
            default_helpers: texts("defaults"),
            allow_minor_version_fallback: switches["fallback"].as_bool().unwrap(),
            strict_major_version: switches["strict"].as_bool().unwrap(),
            unknown_schema: match switches["unknown"].as_str() {
                Some("entity_type") => UnknownSchema::EntityType,
                _ => UnknownSchema::Error,
            },
            schemas: SchemaOptions { aliases: texts("aliases"), ..SchemaOptions::default() },
        };
        Router::new(Rulesets::new(config, &["a", "b"], &self.field_maps()).unwrap())
    }

    /// Runs one case several times on the same routes: what is remembered must not change the outcome.
    fn check(&self, case: &[Value]) {
        let text = |index: usize| case[index].as_str();
        let [Some(what), Some(configuration), Some(ruleset), Some(expected)] = [0, 1, 2, 6].map(text) else {
            panic!("a case has seven columns: {case:?}");
        };
        let router = self.router(configuration);
        let outcome = match router.routes(ruleset, text(3)) {
            Err(error) => error.code().to_owned(),
            Ok(mut routes) => {
                let first = routes.find(text(4), text(5));
                for own in [text(5), Some("facility"), None, text(5)] {
                    let again = routes.find(text(4), own);
                    if own == text(5) {
                        assert_eq!(again, first, "{what}");
                    }
                }
                first.map_or_else(|error| error.code().to_owned(), |route| self.words(&router, route))
            }
        };
        assert_eq!(outcome, expected, "{what}");
    }

    fn words(&self, router: &Router, route: Route) -> String {
        let list = &router.rulesets().lists()[route.list];
        let map = route.field_map.map_or("-", |map| self.field_maps()[map]);
        format!("{} | {} | {map}", router.entity_types()[route.entity_type], list.key)
    }
}

#[test]
fn records_go_where_the_table_says() {
    let table = Table::load();
    let cases = table.0["cases"].as_array().unwrap();
    assert!(cases.len() > 60);
    for case in cases {
        table.check(case.as_array().unwrap());
    }
}

#[test]
fn hostile_urls_do_not_make_the_memory_grow() {
    let router = Table::load().router("fallback");
    let mut routes = router.routes("quick", None).unwrap();
    let long = format!("https://rules.example/{}/loan/v1.0.0", "x".repeat(1 << 20));
    assert!(routes.find(Some(&long), None).is_ok());
    assert!(routes.remembered.is_empty());
    for number in 0..10_000 {
        assert!(routes.find(Some(&format!("https://rules.example/{number}/loan/v1.0.0")), None).is_ok());
    }
    assert_eq!(routes.remembered.len(), REMEMBERED);
    assert!(routes.find(Some("https://rules.example/loan/v1.0.0"), None).is_ok());
}

#[test]
fn errors_name_what_may_be_meant_and_stay_short() {
    let router = Table::load().router("both");
    let refused = |ruleset: &str, entity: &str| router.routes(ruleset, Some(entity)).unwrap_err().to_string();
    assert_eq!(refused("quik", "loan"), "there is no ruleset `quik`, did you mean `quick`?");
    assert_eq!(refused("quick", "lone"), "the release knows no entity type `lone`, did you mean `loan`?");
    assert!(refused(&"q".repeat(1 << 20), "loan").len() < 200);
    let mut routes = router.routes("quick", None).unwrap();
    let long = format!("https://rules.example/loan/v9#{}", "x".repeat(1 << 20));
    assert!(routes.find(Some(&long), None).unwrap_err().to_string().len() < 300);
}
