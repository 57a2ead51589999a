//! What a release says of its rules and rulesets without running anything.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec};

const V1: &str = "https://schemas.example.com/loan/v1.0.0";
const V2: &str = "https://schemas.example.com/loan.schema.v2.0.0.json";

fn fixture() -> Fixture {
    let release = json!({
        "rules": [
            { "id": "a", "inputs": [
                "now:timestamp!", "principal:decimal!", "facility.limit:decimal", "parent.limit:decimal!", "maturity:date",
                "principal:text", "facility.since:text", "unmapped:text", "parent.principal:decimal", "parent.rate:number", "children.all:json"
            ] },
            { "id": "b", "component": 1 },
            { "id": "f", "entity": "facility", "inputs": ["limit:decimal!", "principal:decimal"] }
        ],
        "builtin": ["s"],
        "field_maps": {
            "loan_v1.json": {
                "principal": { "physical_path": "principal" },
                "maturity": { "physical_path": "maturity", "to_logical": "str_to_date" }
            },
            "loan_v2.json": {
                "principal": { "physical_path": "money.principal" },
                "maturity": { "physical_path": "dates.maturity date", "to_logical": "str_to_date" }
            },
            "facility.json": { "limit": { "physical_path": "terms.limit" }, "rate": { "physical_path": "terms.rate" } },
            "deal.json": { "limit": { "physical_path": "limit_amount" }, "rate": { "physical_path": "terms.rate" } }
        },
        "rulesets": {
            "main": {
                V1: ["s", { "a": ["tomorrow", { "b": ["f"] }] }],
                V2: ["b", "a"],
                "loan": ["a"],
                "facility": ["f", "s"],
                "urn:uuid:1": ["b"],
                "deal": []
            },
            "other": { "https://schemas.example.com/loan/v9.0.0": ["a"] },
            "nothing": {}
        },
        "metadata": { "main": { "owner": "rules team", "tags": ["x", { "level": 1 }], "since": null } },
        "mapping": { V1: "loan_v1.json", V2: "loan_v2.json" },
        "defaults": { "loan": "loan_v1.json", "facility": "facility.json", "deal": "deal.json" },
        "minor_fallback": true,
        "strict_major": true
    });
    Fixture::new(&serde_json::from_value::<ReleaseSpec>(release).unwrap())
}

/// What is discovered, as it is written; the code of an error otherwise.
fn rules(ruleset: &str, entity_type: &str, schema: Option<&str>) -> Value {
    let fixture = fixture();
    let rules = fixture.release.discover_rules(ruleset, entity_type, schema);
    assert_eq!(fixture.watch.sessions.load(Ordering::Relaxed), 0, "nothing is run");
    rules.map_or_else(|error| error.code().into(), |rules| serde_json::to_value(rules).unwrap())
}

fn ids(rules: &Value) -> Vec<&str> {
    rules.as_array().unwrap().iter().map(|rule| rule["rule_id"].as_str().unwrap()).collect()
}

#[test]
fn rules_are_told_in_the_order_of_their_list_with_all_that_they_declare() {
    assert_eq!(
        rules("main", "loan", Some(V1)),
        json!([
            {
                "rule_id": "s", "entity_type": "loan", "description": "follows its schema",
                "required_data": [], "field_dependencies": [], "applicable_schemas": [V1]
            },
            {
                "rule_id": "a", "entity_type": "loan", "description": "what a says",
                "required_data": ["facility", "parent", "children"],
                "field_dependencies": [
                    ["principal", "principal"],
                    ["facility.limit", "terms.limit"],
                    ["parent.limit", "parent.limit"],
                    ["maturity", "maturity"],
                    ["facility.since", "facility.since"],
                    ["unmapped", "unmapped"],
                    ["parent.principal", "principal"],
                    ["parent.rate", "terms.rate"],
                    ["children.all", "children.all"]
                ],
                "applicable_schemas": [V2, V1]
            },
            {
                "rule_id": "tomorrow", "entity_type": "loan", "description": "",
                "required_data": [], "field_dependencies": [], "applicable_schemas": [V1]
            },
            {
                "rule_id": "b", "entity_type": "loan", "description": "what b says",
                "required_data": [], "field_dependencies": [], "applicable_schemas": [V2, V1, "urn:uuid:1"]
            },
            {
                "rule_id": "f", "entity_type": "facility", "description": "what f says",
                "required_data": [],
                "field_dependencies": [["limit", "limit"], ["principal", "principal"]],
                "applicable_schemas": [V1]
            }
        ])
    );
}

#[test]
fn fields_lie_where_the_field_map_of_the_route_says() {
    let found = rules("main", "loan", Some(V2));
    assert_eq!(ids(&found), ["b", "a"]);
    let fields = &found[1]["field_dependencies"];
    assert_eq!(
        (&fields[0], &fields[3]),
        (&json!(["principal", "money.principal"]), &json!(["maturity", "dates.maturity date"]))
    );
    // Another minor version: the rules and the field map of another version.
    let found = rules("main", "loan", Some("https://schemas.example.com/loan/v2.5.0"));
    assert_eq!((ids(&found), &found[1]["field_dependencies"][0][1]), (vec!["b", "a"], &json!("money.principal")));
    let found = rules("main", "loan", None);
    assert_eq!((ids(&found), &found[0]["field_dependencies"][0][1]), (vec!["a"], &json!("principal")));
}

#[test]
fn rules_of_the_host_have_the_entity_type_of_the_call() {
    let found = rules("main", "facility", None);
    assert_eq!(ids(&found), ["f", "s"]);
    assert_eq!((&found[1]["entity_type"], &found[1]["applicable_schemas"]), (&json!("facility"), &json!([V1])));
    assert_eq!(found[0]["field_dependencies"], json!([["limit", "terms.limit"], ["principal", "principal"]]));
}

#[test]
fn an_empty_list_is_not_an_error_and_everything_without_a_route_is() {
    assert_eq!(rules("main", "deal", None), json!([]));
    for (ruleset, entity_type, schema, code) in [
        ("mian", "loan", None, "unknown_ruleset"),
        ("main", "laon", None, "unknown_entity_type"),
        ("other", "loan", None, "no_rules"),
        ("nothing", "loan", Some(V1), "no_rules"),
        ("main", "loan", Some("https://schemas.example.com/loan/v3.0.0"), "unknown_schema"),
        ("main", "loan", Some("urn:uuid:2"), "unknown_schema"),
        ("main", "loan", Some(""), "unknown_schema"),
    ] {
        assert_eq!(rules(ruleset, entity_type, schema), code, "{ruleset} {entity_type} {schema:?}");
    }
    let nearest = fixture().release.discover_rules("main", "laon", None).unwrap_err().to_string();
    assert_eq!(nearest, "the release knows no entity type `laon`, did you mean `loan`?");
}

#[test]
fn rulesets_are_told_in_the_order_of_their_names_with_what_is_in_them() {
    let found = serde_json::to_value(fixture().release.discover_rulesets()).unwrap();
    assert_eq!(
        found,
        json!([
            {
                "name": "main",
                "metadata": { "owner": "rules team", "tags": ["x", { "level": 1 }], "since": null },
                "stats": {
                    "total_rules": 11,
                    "rules_by_schema": { "deal": 0, "facility": 2, V2: 2, V1: 5, "loan": 1, "urn:uuid:1": 1 },
                    "supported_entities": ["deal", "facility", "loan"],
                    "supported_schemas": [V2, V1, "urn:uuid:1"]
                }
            },
            {
                "name": "nothing",
                "metadata": null,
                "stats": { "total_rules": 0, "rules_by_schema": {}, "supported_entities": [], "supported_schemas": [] }
            },
            {
                "name": "other",
                "metadata": null,
                "stats": {
                    "total_rules": 1,
                    "rules_by_schema": { "https://schemas.example.com/loan/v9.0.0": 1 },
                    "supported_entities": ["loan"],
                    "supported_schemas": ["https://schemas.example.com/loan/v9.0.0"]
                }
            }
        ])
    );
}
