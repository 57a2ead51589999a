use std::collections::BTreeMap;

use super::*;
use crate::node::{Node, SourcePosition, Value};

fn refusal(text: &str) -> String {
    from_yaml::<Node>(text, "x.yaml").unwrap_err().to_string()
}

#[test]
fn a_tree_knows_where_its_values_stand() {
    let node: Node = from_yaml("a: 1\nb:\n  - c: x\n  - 2.5\n", "x.yaml").unwrap();
    let Value::Map(entries) = &node.value else { panic!("{node:?}") };
    let Value::List(list) = &entries[1].node.value else { panic!("{node:?}") };
    let Value::Map(inner) = &list[0].value else { panic!("{node:?}") };
    let at = |line, column| SourcePosition { source: 0, position: Some(LineColumn { line, column }) };
    assert_eq!(entries[1].at, at(2, 1));
    assert_eq!((inner[0].at, inner[0].node.at), (at(3, 5), at(3, 8)));
    assert_eq!((list[1].at, &list[1].value), (at(4, 5), &Value::Float(2.5)));
}

#[test]
fn only_true_and_false_are_booleans() {
    let read: BTreeMap<String, bool> = from_yaml("a: true\nb: false", "x.yaml").unwrap();
    assert_eq!(read.len(), 2);
    assert!(from_yaml::<BTreeMap<String, bool>>("a: yes", "x.yaml").is_err());
    let node: Node = from_yaml("[yes, off, 'true', true]", "x.yaml").unwrap();
    assert_eq!(node.to_json().to_string(), r#"["yes","off","true",true]"#);
}

#[test]
fn a_duplicate_key_is_refused_with_its_position() {
    let refusal = refusal("a:\n  b: 1\n  c: 2\n  b: 3\n");
    assert!(refusal.starts_with("x.yaml:4:3: "), "{refusal}");
    assert!(refusal.contains("duplicate"), "{refusal}");
}

#[test]
fn text_other_than_yaml_is_refused_with_its_position() {
    for (text, position) in
        [("a: [1, 2", "x.yaml:1:"), ("a: 1\n\tb: 2", "x.yaml:1:4: "), ("a: 1\n---\nb: 2\n", "x.yaml")]
    {
        let refusal = refusal(text);
        assert!(refusal.starts_with(position) && !refusal.contains('\n'), "{refusal}");
    }
}

#[test]
fn aliases_cannot_multiply() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", "));
    }
    assert!(from_yaml::<Node>(&text, "x.yaml").is_err());
}

#[test]
fn depth_size_and_count_are_bounded() {
    assert!(from_yaml::<Node>(&"[".repeat(100_000), "x.yaml").is_err());
    assert!(from_yaml::<Node>(&format!("{}{}", "[".repeat(200), "]".repeat(200)), "x.yaml").is_err());
    assert!(from_yaml::<Node>(&"- x\n".repeat(MAX_NODES), "x.yaml").is_err());
    let nested: String = (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(from_yaml::<Node>(&nested, "x.yaml").is_err());
    let long = "x".repeat(MAX_BYTES + 1);
    assert_eq!(refusal(&long), "x.yaml: it has 1048577 bytes, but at most 1048576 are read");
}

#[test]
fn maps_are_not_merged() {
    assert!(from_yaml::<Node>("a: &a {x: 1}\nb:\n  <<: *a\n", "x.yaml").is_err());
}
