//! No record may take more steps than were counted for its length.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::excerpt::Excerpt;
use crate::json::TreeScratch;
use crate::schema::check::Checker;
use crate::schema::document::Document;
use crate::schema::pattern::PatternCache;
use crate::schema::reader::{self, Read};
use crate::schema::resources::Resources;
use crate::schema::warning::Formats;

/// The steps that checking a record takes, and the most that a record of its length may take; nothing if the schema is refused.
fn steps(schema: &Value, record: &Value) -> Option<(u64, u64)> {
    let mut schema = schema.clone();
    schema["$id"] = json!("x");
    let document = Document::read(&Excerpt::of("x.json"), schema.to_string().as_bytes()).ok()?;
    let documents = [document];
    let trees = [documents[0].tree()];
    let (resources, problems) = Resources::find(&documents, &trees);
    assert!(problems.is_empty(), "{problems:?}");
    let Read { program, mut graph, .. } =
        reader::read((0, &documents[0]), &resources, &[Formats::Asserted], &documents, &mut PatternCache::default())
            .ok()?;
    let levels = measure(&mut graph).ok()?;
    let text = record.to_string();
    let mut scratch = TreeScratch::default();
    scratch.read(&text).ok()?;
    let tree = scratch.tree(&text);
    let mut checker = Checker::new(&program, u64::MAX);
    let _ = checker.is_valid(tree.root()?).unwrap();
    // A comma more for the value that has none behind it.
    Some((checker.spent(), steps_per_byte(&levels) * (u64::try_from(text.len()).unwrap() + 1)))
}

fn subschema() -> impl Strategy<Value = Value> {
    let target = prop_oneof![Just("#"), Just("#/$defs/a"), Just("#/$defs/b")];
    let leaf = prop_oneof![
        4 => Just(json!({"pattern": "(a|b)*a(a|b){20}", "uniqueItems": true})),
        2 => Just(json!({"format": "email", "minLength": 1})),
        2 => Just(json!({"enum": [1, "a", [1, 2]], "minimum": 0, "multipleOf": 0.5})),
        1 => Just(json!({"minItems": 1, "required": ["a", "b", "c"]})),
        4 => target.prop_map(|target| json!({ "$ref": target })),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let lists = prop_oneof![4 => Just("allOf"), 1 => Just("anyOf"), 1 => Just("oneOf"), 4 => Just("prefixItems")];
        let singles = prop_oneof![
            1 => Just("not"),
            2 => Just("if"),
            2 => Just("then"),
            2 => Just("else"),
            8 => Just("items"),
            4 => Just("contains"),
            8 => Just("additionalProperties"),
            4 => Just("unevaluatedProperties"),
            4 => Just("unevaluatedItems"),
            4 => Just("propertyNames"),
        ];
        let maps = prop_oneof![Just("properties"), Just("dependentSchemas"), Just("patternProperties")];
        let list =
            (lists, prop::collection::vec(inner.clone(), 1..3)).prop_map(|(keyword, list)| (keyword, json!(list)));
        let single = (singles, inner.clone());
        let map = (maps, prop::collection::btree_map("[ab]", inner, 1..3))
            .prop_map(|(keyword, members)| (keyword, json!(members)));
        prop::collection::vec(prop_oneof![list, single, map], 1..4).prop_map(|keywords| {
            keywords.into_iter().map(|(keyword, value)| (keyword.to_owned(), value)).collect::<Map<_, _>>().into()
        })
    })
}

fn record() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!(1)), Just(json!([])), Just(json!("abab")), Just(json!(1.5)), Just(json!({}))].prop_recursive(
        8,
        64,
        3,
        |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|items| json!(items)),
                prop::collection::btree_map("[abc]", inner, 1..4).prop_map(|members| json!(members)),
            ]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_record_takes_more_steps_than_were_counted(
        root in subschema(),
        a in subschema(),
        b in subschema(),
        record in record(),
    ) {
        let mut schema = root;
        schema["$defs"] = json!({"a": a, "b": b});
        if let Some((spent, counted)) = steps(&schema, &record) {
            prop_assert!(spent <= counted, "{spent} > {counted}: {schema} {record}");
        }
    }
}
