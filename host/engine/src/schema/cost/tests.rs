//! No record may meet more subschemas than were counted: tried with a keyword that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonschema::{Keyword, ValidationError};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::graph::{self, Draft};
use super::super::profile::Profile;
use super::super::record::Record;
use super::*;
use crate::json::{Branch, TreeScratch};

struct Counting(Arc<AtomicU64>);

impl<'i> Keyword<'i, Record> for Counting {
    fn validate(&self, _: Branch<'i>) -> Result<(), ValidationError<'i>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn is_valid(&self, instance: Branch<'i>) -> bool {
        Keyword::validate(self, instance).is_ok()
    }
}

/// How many subschemas the record's values meet, and how many were counted before; nothing if the schema is refused.
fn met(schema: &Value, record: &Value) -> Option<(u64, u64)> {
    let costs = measure(&graph::read(schema, Draft::Draft202012).ok()?).ok()?;
    let text = record.to_string();
    let mut scratch = TreeScratch::default();
    scratch.read(&text).ok()?;
    let tree = scratch.tree(&text);
    let counted = Profile::of(tree.root()?)?.evaluations(&costs);
    let counter = Arc::new(AtomicU64::new(0));
    let shared = Arc::clone(&counter);
    let options = jsonschema::options_for::<Record>()
        .with_keyword("count", move |_, _, _| Ok(Box::new(Counting(Arc::clone(&shared)))));
    let validator = options.build(schema).ok()?;
    let _ = validator.is_valid(tree.root()?);
    Some((counter.load(Ordering::Relaxed), counted))
}

fn subschema() -> impl Strategy<Value = Value> {
    let target = prop_oneof![Just("#"), Just("#/$defs/a"), Just("#/$defs/b")];
    let leaf = prop_oneof![
        8 => Just(json!({"count": true})),
        1 => Just(json!({"count": true, "minItems": 1})),
        4 => target.prop_map(|target| json!({"count": true, "$ref": target})),
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
            4 => Just("propertyNames"),
        ];
        let maps = prop_oneof![Just("properties"), Just("dependentSchemas"), Just("patternProperties")];
        let list =
            (lists, prop::collection::vec(inner.clone(), 1..3)).prop_map(|(keyword, list)| (keyword, json!(list)));
        let single = (singles, inner.clone());
        let map = (maps, prop::collection::btree_map("[ab]", inner, 1..3))
            .prop_map(|(keyword, members)| (keyword, json!(members)));
        prop::collection::vec(prop_oneof![list, single, map], 1..4).prop_map(|keywords| {
            let mut members: Map<String, Value> =
                keywords.into_iter().map(|(keyword, value)| (keyword.to_owned(), value)).collect();
            members.insert("count".to_owned(), json!(true));
            Value::Object(members)
        })
    })
}

fn record() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!(1)), Just(json!([]))].prop_recursive(8, 64, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|items| json!(items)),
            prop::collection::btree_map("[abc]", inner, 1..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_record_meets_more_subschemas_than_were_counted(
        root in subschema(),
        a in subschema(),
        b in subschema(),
        record in record(),
    ) {
        let mut schema = root;
        schema["$defs"] = json!({"a": a, "b": b});
        if let Some((met, counted)) = met(&schema, &record) {
            prop_assert!(met <= counted, "{met} > {counted}: {schema} {record}");
        }
    }
}

#[test]
fn names_are_counted_beside_what_no_name_covers() {
    let inner = json!({"count": true, "additionalProperties": {"count": true}, "propertyNames": {"count": true}});
    let schema = json!({"count": true, "properties": {"a": inner}});
    assert_eq!(met(&schema, &json!({"a": {"a": 1}})), Some((4, 4)));
}

#[test]
fn chains_are_counted_exactly() {
    let schema = json!({"count": true, "properties": {"a": {"count": true, "$ref": "#"}}});
    let record = json!({"a": {"a": {"a": 1}}});
    // One subschema for the record, a reference and its target for each value inside.
    assert_eq!(met(&schema, &record), Some((7, 7)));
    let twice = json!({"count": true, "allOf": [{"count": true}, {"count": true}]});
    assert_eq!(met(&twice, &json!(1)), Some((3, 3)));
}
