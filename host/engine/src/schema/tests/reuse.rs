//! One scratch for all records.

use serde_json::json;

use super::super::*;

#[test]
fn what_one_record_leaves_behind_means_nothing_to_the_next() {
    let file = |id: &str, kind: &str| json!({"$id": id, "properties": {"a": {"type": kind}}}).to_string();
    let files = [("a.json", file("x:a", "string")), ("b.json", file("x:b", "integer"))];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let both = Schemas::compile(&files, &SchemaOptions::default()).unwrap();
    let other = Schemas::compile(&files[1..], &SchemaOptions::default()).unwrap();

    let mut scratch = SchemaScratch::default();
    let many: Vec<String> = (0..100).map(|number| format!("\"\\u0062{number}\":[{number},{{}}]")).collect();
    let records = [
        (r#"{"$schema":"x:a","a":"t"}"#.to_owned(), true),
        (r#"{"$schema":"x:b","a":1}"#.to_owned(), true),
        (r#"{"$schema":"x:b","a":"t"}"#.to_owned(), false),
        (format!("{{\"a\":\"\\u0061\",{},\"$schema\":\"x:a#\"}}", many.join(",")), true),
        (r#"{"a":1,"$schema":"x:a"}"#.to_owned(), false),
        ("[[[".to_owned(), false),
        (r#"{"$schema":"x:\u0062","a":-1.0}"#.to_owned(), true),
        (r#"{"$schema":"x:c"}"#.to_owned(), false),
    ];
    for schemas in [&both, &other, &both] {
        for (record, passes) in records.iter().chain(records.iter().rev()) {
            let outcome = schemas.check(record, None, 10, &mut scratch);
            assert_eq!(outcome, schemas.check(record, None, 10, &mut SchemaScratch::default()), "{record}");
            let is_known = schemas.urls().count() == 2 || record.contains("x:b") || record.contains("x:\\u0062");
            assert_eq!(outcome == SchemaVerdict::Pass, *passes && is_known, "{record}: {outcome:?}");
        }
    }
}
